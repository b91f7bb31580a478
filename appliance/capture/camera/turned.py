"""Cameras that are mounted turned."""

from __future__ import annotations

from typing import List

import cv2
import numpy as np

from .base import Camera, CameraDevice, CameraStream

_UPRIGHT = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
"""The world seems turned the other way, so the picture is turned as the camera was."""


class TurnedCamera(Camera):
    """Another camera, mounted turned clockwise (seen from behind it) by ``turn``: 90, 180 or 270 degrees."""

    def __init__(self, camera: Camera, turn: int) -> None:
        self._camera = camera
        self._rotation = _UPRIGHT[turn]

    def devices(self) -> List[CameraDevice]:
        return self._camera.devices()

    def open(self, device: str = "") -> CameraStream:
        return _TurnedStream(self._camera.open(device), self._rotation)


class _TurnedStream(CameraStream):
    def __init__(self, stream: CameraStream, rotation: int) -> None:
        self._stream = stream
        self._rotation = rotation

    def read(self, timeout: float) -> np.ndarray:
        return cv2.rotate(self._stream.read(timeout), self._rotation)

    def close(self) -> None:
        self._stream.close()
