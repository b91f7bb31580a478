"""What every camera is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import List, Optional, Type

import numpy as np


@dataclass(frozen=True)
class CameraDevice:
    """``path``: such as /dev/video0. ``name``: as the driver says it. The settings choose by either."""

    path: str
    name: str


class CameraStream(ABC):
    """An open camera. One thread reads; any thread may close, which ends a read that waits."""

    @abstractmethod
    def read(self, timeout: float) -> np.ndarray:
        """The newest picture that was not read yet, uint8 (height, width, 3) RGB, upright, not mirrored.

        Raises `CameraLost` if none comes within ``timeout`` seconds however the driver behaves, if the device is gone,
        or after `close`.
        """

    @abstractmethod
    def close(self) -> None:
        """Give the device back, also from a driver that hangs; may be called twice."""

    def __enter__(self) -> CameraStream:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], *_: object) -> None:
        self.close()


class Camera(ABC):
    """A way to reach cameras."""

    @abstractmethod
    def devices(self) -> List[CameraDevice]:
        """What is plugged in now; empty where there is nothing."""

    @abstractmethod
    def open(self, device: str = "") -> CameraStream:
        """``device``: a path or a part of a name; empty: the first.

        Raises `CameraMissing`, `CameraBusy`, `CameraLost` where the driver does not answer, and `CameraError` where it
        cannot or this user may not.
        """
