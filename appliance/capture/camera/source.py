"""What gives pictures in the camera's own process."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np


class Source(ABC):
    """An open camera, used by one thread. Its calls may take as long as the driver likes."""

    @abstractmethod
    def read(self) -> np.ndarray:
        """The next picture, uint8 (height, width, 3) RGB. Raises `CameraLost`."""

    @abstractmethod
    def close(self) -> None:
        """Give the device back."""
