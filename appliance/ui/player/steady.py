"""Sound whose time goes on, whatever becomes of the loudspeaker."""

from __future__ import annotations

import threading
from typing import Callable

import numpy as np

from ...errors import SpeakerError
from .silent_speaker import SilentSpeaker, silence
from .speaker import RATE, Speaker, SpeakerStream


def _ignore(error: SpeakerError) -> None:
    pass


class SteadyStream(SpeakerStream):
    """Where there is no loudspeaker, or it is lost in the middle, silence takes its place at the same position.

    Raises nothing but after `close`.
    """

    def __init__(self, speaker: Speaker, failed: Callable[[SpeakerError], None] = _ignore) -> None:
        """Blocks as `Speaker.open` does. ``failed`` is told once, in whatever thread found out."""
        self._failed = failed
        self._lock = threading.RLock()
        self._written = self._heard = self._before = 0.0
        """Seconds; ``_before``: what was heard of another stream, since the last flush."""
        self._paused = self._closed = False
        try:
            self._stream: SpeakerStream = speaker.open()
        except SpeakerError as error:
            self._go_silent(error)

    def write(self, samples: np.ndarray) -> None:
        with self._lock:
            self._check()
            self._written += len(samples) / RATE
            try:
                self._stream.write(samples)
            except SpeakerError as error:
                self._replace(error)

    def position(self) -> float:
        with self._lock:
            self._check()
            try:
                self._heard = self._before + self._stream.position()
            except SpeakerError as error:
                self._replace(error)
            return self._heard

    def pause(self) -> None:
        with self._lock:
            self._paused = True
            self._stream.pause()

    def resume(self) -> None:
        with self._lock:
            self._paused = False
            self._stream.resume()

    def flush(self) -> None:
        with self._lock:
            self._written = self._heard = self._before = 0.0
            self._stream.flush()

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._stream.close()

    def _check(self) -> None:
        if self._closed:
            raise SpeakerError("closed")

    def _replace(self, error: SpeakerError) -> None:
        self._stream.close()
        self._go_silent(error)

    def _go_silent(self, error: SpeakerError) -> None:
        """From here on; a silent stream is never lost."""
        stream = SilentSpeaker().open()
        if self._paused:
            stream.pause()
        self._before = self._heard
        stream.write(silence(self._written - self._heard))
        self._stream = stream
        self._failed(error)
