"""Tones through the loudspeaker, which is given back whenever somebody else may need it."""

from __future__ import annotations

import logging
import queue
import threading
import time
from typing import Callable, Optional

from ...errors import SpeakerError
from ..player.speaker import RATE, Speaker
from ..player.steady import SteadyStream
from .tones import tone

LINGER_SECONDS = 5.0
"""The loudspeaker stays open so long, for the next tone to come at once."""
LOOK_SECONDS = 0.02
CLOSE_SECONDS = 1.5

log = logging.getLogger(__name__)


class Prompts:
    """Never blocks, never raises: without a loudspeaker there are no tones."""

    def __init__(self, speaker: Speaker) -> None:
        self._speaker = speaker
        self._wanted: queue.Queue[Callable[[], object]] = queue.Queue()
        self._ending = threading.Event()
        self._stream: Optional[SteadyStream] = None
        self._failed = False
        self._thread = threading.Thread(target=self._run, name="prompts", daemon=True)
        self._thread.start()

    def prepare(self) -> None:
        """A tone is to come: open the loudspeaker."""
        self._wanted.put(self._open)

    def say(self, name: str, then: Callable[[], None] = lambda: None) -> None:
        """One of `tones.TONES`, after those asked for before. ``then``: called in a thread when it has been heard."""
        self._wanted.put(lambda: self._say(name, then))

    def rest(self) -> threading.Event:
        """Give the loudspeaker back after the tones asked for before; that it was tells the event."""
        given_back = threading.Event()

        def give_back() -> None:
            self._give_back()
            given_back.set()

        self._wanted.put(give_back)
        return given_back

    def close(self) -> None:
        """Be silent; the thread ends."""
        self._ending.set()
        self._wanted.put(self._give_back)
        self._thread.join(CLOSE_SECONDS)

    def _run(self) -> None:
        while not self._ending.is_set():
            try:
                self._wanted.get(timeout=LINGER_SECONDS if self._stream else None)()
            except queue.Empty:
                self._give_back()
        self._give_back()

    def _open(self) -> SteadyStream:
        if self._stream is None:
            self._failed = False
            self._stream = SteadyStream(self._speaker, self._lost)
        return self._stream

    def _say(self, name: str, then: Callable[[], None]) -> None:
        sound, stream = tone(name), self._open()
        end = stream.position() + len(sound) / RATE
        stream.write(sound)
        while stream.position() < end - 1 / RATE and not self._ending.is_set():
            time.sleep(LOOK_SECONDS)
        then()
        if self._failed:  # it may be back at the next one
            self._give_back()

    def _lost(self, error: SpeakerError) -> None:
        if not self._failed:
            log.warning("%s: %s", error.code, error.detail)
        self._failed = True

    def _give_back(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None
