"""What every microphone is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import List, Optional, Type

import numpy as np


@dataclass(frozen=True)
class MicrophoneDevice:
    """``name``: as the system says it; the settings choose by it. ``default``: what the system would take."""

    name: str
    default: bool = False


class MicrophoneStream(ABC):
    """An open microphone. One thread reads; any thread may close, which ends a read that waits.

    ``rate``: samples a second, whatever the device prefers.
    """

    rate: int

    @abstractmethod
    def read(self, timeout: float) -> np.ndarray:
        """The next int16 (n,) mono samples, n > 0, about 20 to 100 ms of them.

        Raises `MicrophoneLost` if none come within ``timeout`` seconds, if the device is gone, or after `close`.
        """

    @abstractmethod
    def close(self) -> None:
        """Give the device back; may be called twice."""

    def __enter__(self) -> MicrophoneStream:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], *_: object) -> None:
        self.close()


class Microphone(ABC):
    """A way to reach microphones."""

    @abstractmethod
    def devices(self) -> List[MicrophoneDevice]:
        """What is plugged in now; empty where there is nothing."""

    @abstractmethod
    def open(self, device: str = "") -> MicrophoneStream:
        """``device``: a name or a part of one; empty: the default. Raises `MicrophoneMissing`, `MicrophoneBusy`."""
