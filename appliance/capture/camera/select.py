"""The camera that the settings name."""

from __future__ import annotations

from pathlib import Path

from ...settings import CameraSettings
from .ascend import AscendCamera
from .base import Camera
from .file import FileCamera
from .turned import TurnedCamera
from .v4l2 import V4l2Camera


def open_camera(settings: CameraSettings) -> Camera:
    """The way to reach it; whether there is one shows when it is opened, with `CameraSettings.device`."""
    camera = _camera(settings)
    return TurnedCamera(camera, settings.turn) if settings.turn else camera


def _camera(settings: CameraSettings) -> Camera:
    if settings.backend == "file":
        return FileCamera(Path(settings.file), settings.width, settings.height)
    if settings.backend == "ascend-media":
        return AscendCamera(settings.width, settings.height)
    return V4l2Camera(settings.width, settings.height)
