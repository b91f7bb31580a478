"""Which of the cameras is meant."""

from __future__ import annotations

import os
from typing import Sequence

from ...errors import CameraMissing
from .base import CameraDevice


def choose_device(devices: Sequence[CameraDevice], wanted: str) -> CameraDevice:
    """``wanted``: a path (also a link to it, such as those in /dev/v4l/by-id) or a part of a name; empty: the first.

    Raises `CameraMissing`.
    """
    for device in devices:
        if not wanted or device.path == wanted or os.path.realpath(wanted) == os.path.realpath(device.path):
            return device
    for device in devices:
        if wanted.lower() in device.name.lower():
            return device
    raise CameraMissing(f"{len(devices)} cameras, none of them the one in the settings" if devices else "")
