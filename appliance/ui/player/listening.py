"""A recording played once, as a visitor hears it before it is used."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Callable, Optional

import numpy as np

from ...errors import SonicError
from ...pipeline.speech.decode import AudioDecoder
from .speaker import CHANNELS, RATE, Speaker, SpeakerStream
from .steady import SteadyStream

Ended = Callable[[Optional[SonicError]], None]

FILTERS = f"aresample={RATE},aformat=channel_layouts=stereo"
AHEAD_SECONDS = 0.5
"""How much sound is written before it is heard."""
STOP_SECONDS = 1.0
"""A driver that hangs is not waited for longer."""
PIECE = RATE // 10
"""Sample frames written at once."""


class Listening:
    """Plays any recording through a loudspeaker, in a thread of its own.

    ``ended`` is called once, from that thread: with None after the last of it was heard, with the error if it cannot be
    read; not after `stop`. Without a loudspeaker it takes as long, and is silent.
    """

    def __init__(self, path: Path, speaker: Speaker, ended: Ended) -> None:
        self._path, self._speaker, self._ended = path, speaker, ended
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="listening", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Be silent; within 1 s no thread and no process is left. Harmless afterwards, twice and from ``ended``."""
        self._stopped.set()
        if threading.current_thread() is not self._thread:
            self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        error: Optional[SonicError] = None
        try:
            with SteadyStream(self._speaker) as stream:
                self._play(stream)
        except SonicError as failure:
            error = failure
        if not self._stopped.is_set():
            self._ended(error)

    def _play(self, stream: SpeakerStream) -> None:
        written = 0.0
        with AudioDecoder(self._path, FILTERS) as blocks:
            for block in blocks:
                sound = np.round(np.clip(block, -1, 1) * 32767).astype(np.int16)
                assert sound.shape[1] == CHANNELS
                for start in range(0, len(sound), PIECE):
                    piece = sound[start : start + PIECE]
                    stream.write(piece)
                    written += len(piece) / RATE
                    if not self._heard(stream, written - AHEAD_SECONDS):
                        return
        self._heard(stream, written)

    def _heard(self, stream: SpeakerStream, seconds: float) -> bool:
        """Wait until so much was heard; False after `stop`."""
        while not self._stopped.is_set():
            left = seconds - stream.position()
            if left <= 1 / RATE:
                return True
            self._stopped.wait(min(left, 0.1))
        return False
