"""A recorder and all that it tells."""

from __future__ import annotations

import threading
import wave
from pathlib import Path
from typing import Any, List, Optional, Type, TypeVar

import numpy as np
import pytest
from capture.microphone.rigs import PATIENCE_SECONDS

from appliance.capture.microphone.base import Microphone
from appliance.capture.microphone.events import Event, Failed, Heard, Recorded, Recovered
from appliance.capture.microphone.recorder import Recorder
from appliance.settings import SAMPLE_RATE

E = TypeVar("E")


class EnergyDetector:
    """Loud is speech."""

    def __init__(self) -> None:
        self._pending = np.zeros(0, dtype=np.float32)
        self._loud: List[float] = []

    @property
    def frames(self) -> int:
        return len(self._loud)

    def add(self, samples: np.ndarray) -> None:
        assert samples.dtype == np.float32
        size = SAMPLE_RATE // 25
        sound = np.concatenate((self._pending, samples))
        for start in range(0, len(sound) - size + 1, size):
            self._loud.append(float(np.abs(sound[start : start + size]).max() > 0.02))
        self._pending = sound[len(sound) // size * size :]

    def probability(self, first: int, last: int) -> np.ndarray:
        return np.array(self._loud[first:last], dtype=np.float32)


class Recording:
    """A recorder that is closed at the end of the block, and what it tells meanwhile."""

    def __init__(self, microphone: Microphone, device: str = "", activity: Any = EnergyDetector) -> None:
        self._told = threading.Condition()
        self.events: List[Event] = []
        self.recorder = Recorder(microphone, device, activity, self._tell)

    def _tell(self, event: Event) -> None:
        with self._told:
            self.events.append(event)
            self._told.notify_all()

    def __enter__(self) -> Recording:
        self.recorder.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.recorder.close()
        assert not [thread for thread in threading.enumerate() if thread.name == "recorder"]

    def until(self, kind: Type[E], which: Any = lambda event: True, after: int = 0) -> E:
        """The first event of that kind that is ``which``, from number ``after`` on; waits for it."""
        found: Optional[E] = None

        def there() -> bool:
            nonlocal found
            for event in self.events[after:]:
                if isinstance(event, kind) and which(event):
                    found = event
                    return True
            return False

        with self._told:
            if not self._told.wait_for(there, PATIENCE_SECONDS):
                pytest.fail(f"no {kind.__name__} among {self.milestones()}")
        assert found is not None
        return found

    def recorded(self, seconds: float) -> None:
        """Wait until so much is recorded."""
        self.until(Heard, lambda heard: heard.seconds >= seconds, after=len(self.events))

    def milestones(self) -> List[Any]:
        """All but the levels."""
        return [event for event in self.events if not isinstance(event, Heard)]

    def kinds(self) -> List[Any]:
        return [type(event) for event in self.milestones()]


def samples_of(path: Path) -> np.ndarray:
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")


def rate_of(path: Path) -> int:
    with wave.open(str(path)) as file:
        return file.getframerate()


__all__ = ["EnergyDetector", "Failed", "Heard", "Recorded", "Recording", "Recovered", "rate_of", "samples_of"]
