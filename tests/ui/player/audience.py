"""A public that forgets nothing, and a loudspeaker that can be asked what it was given."""

from __future__ import annotations

import threading
from typing import Any, List, Tuple

import numpy as np
from ui.player.films import number_of
from ui.player.patience import until

from appliance.errors import SonicError, SpeakerError
from appliance.ui.player.decoding import Frame
from appliance.ui.player.player import Audience
from appliance.ui.player.silent_speaker import SilentSpeaker, SilentStream


class Public(Audience):
    def __init__(self) -> None:
        self.told: List[Tuple[str, Any]] = []
        self.frames: List[int] = []
        """Numbers of the frames shown, read from their pictures."""
        self.sizes: List[Tuple[int, int]] = []

    def show(self, frame: Frame) -> None:
        number = number_of(frame.pixels)
        assert number == frame.number
        self.frames.append(number)
        self.sizes.append(frame.pixels.shape[1::-1])

    def at(self, position: float, available: float, duration: float) -> None:
        self.told.append(("at", (position, available, duration)))

    def waiting(self, whether: bool) -> None:
        self.told.append(("waiting", whether))

    def ended(self) -> None:
        self.told.append(("ended", None))

    def failed(self, error: SonicError) -> None:
        self.told.append(("failed", error))

    def speaker_failed(self, error: SpeakerError) -> None:
        self.told.append(("speaker_failed", error))

    def heard(self, name: str) -> List[Any]:
        return [what for word, what in self.told if word == name]

    def until_told(self, name: str, times: int = 1) -> Any:
        until(lambda: len(self.heard(name)) >= times or (name != "failed" and self.heard("failed")))
        assert len(self.heard(name)) == times, self.heard("failed")
        return self.heard(name)[-1]

    def until_shown(self, number: int) -> None:
        until(lambda: self.frames[-1:] == [number])


class Recorder(SilentSpeaker):
    """``stream``: the last that was opened."""

    def __init__(self, speed: float = 1.0) -> None:
        self.speed = speed
        self.stream: Any = None

    def open(self) -> SilentStream:
        self.stream = RecordingStream(self.speed)
        return self.stream


class RecordingStream(SilentStream):
    def __init__(self, speed: float) -> None:
        import time

        super().__init__(lambda: time.monotonic() * speed)
        self._pieces: List[np.ndarray] = []
        self._guard = threading.Lock()

    def write(self, samples: np.ndarray) -> None:
        super().write(samples)
        with self._guard:
            self._pieces.append(samples)

    def flush(self) -> None:
        super().flush()
        with self._guard:
            self._pieces = []

    def given(self) -> np.ndarray:
        """int16 (n, 2), since the last flush."""
        with self._guard:
            return np.concatenate(self._pieces) if self._pieces else np.zeros((0, 2), dtype=np.int16)
