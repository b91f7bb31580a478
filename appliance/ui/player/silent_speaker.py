"""A loudspeaker that nobody hears, but whose sound takes as long as any other."""

from __future__ import annotations

import threading
import time
from typing import Callable, Optional

import numpy as np

from ...errors import SpeakerError
from .speaker import CHANNELS, RATE, Speaker, SpeakerStream


class SilentStream(SpeakerStream):
    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """``now``: seconds of a clock that only goes forward."""
        self._now = now
        self._lock = threading.Lock()
        self._written = self._heard = 0.0
        self._since: Optional[float] = now()
        """When `_heard` was true; None while paused."""
        self._closed = False

    def write(self, samples: np.ndarray) -> None:
        with self._lock:
            self._check()
            self._go_on()
            self._written += len(samples) / RATE

    def position(self) -> float:
        with self._lock:
            self._check()
            self._go_on()
            return self._heard

    def pause(self) -> None:
        with self._lock:
            self._go_on()
            self._since = None

    def resume(self) -> None:
        with self._lock:
            if self._since is None:
                self._since = self._now()

    def flush(self) -> None:
        with self._lock:
            self._go_on()
            self._written = self._heard = 0.0

    def close(self) -> None:
        with self._lock:
            self._closed = True

    def _check(self) -> None:
        if self._closed:
            raise SpeakerError("closed")

    def _go_on(self) -> None:
        """Hear what can have been heard by now."""
        if self._since is not None:
            now = self._now()
            self._heard = min(self._written, self._heard + now - self._since)
            self._since = now


class SilentSpeaker(Speaker):
    """Where there is no sound device, or none is wanted."""

    def open(self) -> SilentStream:
        return SilentStream()


def silence(seconds: float) -> np.ndarray:
    """int16 (n, `CHANNELS`)."""
    return np.zeros((int(round(seconds * RATE)), CHANNELS), dtype=np.int16)
