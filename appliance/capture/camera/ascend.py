"""The camera connector of the Atlas 200 DK: Huawei's media library.

Source: ``peripheral_api.h`` and the camera samples of Ascend/samples (``5_200dk_peripheral/ascendcamera``). Pictures
come as YUV420SP with U before V (NV12), at most 20 a second.
"""

from __future__ import annotations

import ctypes
from typing import Any, List, Sequence

import cv2
import numpy as np

from ...errors import CameraBusy, CameraError, CameraLost, CameraMissing
from ..ascend_media import LIBRARY, MediaLibrary
from .base import Camera, CameraDevice, CameraStream
from .choice import choose_device
from .process import CHILD, ProcessStream, list_devices
from .source import Source

CHANNELS = (0, 1)
SIZES = ((1920, 1080), (1280, 720), (704, 576), (704, 288), (352, 288))
"""What the samples say the camera can do, (width, height)."""
FRAMES_PER_SECOND = 20

# enum CameraStatus
STATUS_OPEN = 1
STATUS_CLOSED = 2

# enum CameraProperties
PROPERTY_RESOLUTION = 1
PROPERTY_FRAMES_PER_SECOND = 2
PROPERTY_FORMAT = 3
PROPERTY_MODE = 5

FORMAT_YUV420SP = 1
MODE_ACTIVE = 1
"""Pictures are asked for, not called back with."""


class _Resolution(ctypes.Structure):
    _fields_ = (("width", ctypes.c_int), ("height", ctypes.c_int))


FUNCTIONS = {
    "QueryCameraStatus": (ctypes.c_int,),
    "OpenCamera": (ctypes.c_int,),
    "SetCameraProperty": (ctypes.c_int, ctypes.c_int, ctypes.c_void_p),
    "ReadFrameFromCamera": (ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(ctypes.c_int)),
    "CloseCamera": (ctypes.c_int,),
}


class AscendCamera(Camera):
    """``width`` and ``height``: of the picture; the nearest of `SIZES` is taken. ``library``: its path or name."""

    def __init__(self, width: int, height: int, library: str = LIBRARY, command: Sequence[str] = CHILD) -> None:
        self._list = [*command, "list-ascend", "--library", library]
        self._open = [*command, "ascend", "--library", library, "--width", str(width), "--height", str(height)]

    def devices(self) -> List[CameraDevice]:
        return list_devices(self._list)

    def open(self, device: str = "") -> CameraStream:
        return ProcessStream([*self._open, "--device", device])


class AscendSource(Source):
    """Raises `CameraMissing`, `CameraBusy`, `CameraError` where the camera refuses what it is told."""

    def __init__(self, device: str, width: int, height: int, library: str = LIBRARY) -> None:
        self._media = MediaLibrary(FUNCTIONS, CameraMissing, library)
        self._channel = int(choose_device(_found(self._media), device).path)
        # Open already: by another program, or by one of ours that was killed. The library tells by its answer.
        was_open = self._media.call("QueryCameraStatus", self._channel) == STATUS_OPEN
        if not self._media.succeeds("OpenCamera", self._channel):
            raise (CameraBusy if was_open else CameraError)("OpenCamera failed")
        self._width, self._height = min(SIZES, key=lambda size: abs(size[0] - width) + abs(size[1] - height))
        self._buffer = np.empty((self._height * 3 // 2, self._width), np.uint8)
        try:
            self._set(PROPERTY_FRAMES_PER_SECOND, ctypes.c_int(FRAMES_PER_SECOND))
            self._set(PROPERTY_FORMAT, ctypes.c_int(FORMAT_YUV420SP))
            self._set(PROPERTY_RESOLUTION, _Resolution(self._width, self._height))
            self._set(PROPERTY_MODE, ctypes.c_int(MODE_ACTIVE))
        except CameraError:
            self.close()
            raise

    def read(self) -> np.ndarray:
        size = ctypes.c_int(self._buffer.nbytes)
        address = self._buffer.ctypes.data
        if not self._media.succeeds("ReadFrameFromCamera", self._channel, address, ctypes.byref(size)):
            raise CameraLost("ReadFrameFromCamera failed")
        if size.value != self._buffer.nbytes:
            raise CameraLost(f"a picture of {size.value} bytes")
        return cv2.cvtColor(self._buffer, cv2.COLOR_YUV2RGB_NV12)

    def close(self) -> None:
        self._media.call("CloseCamera", self._channel)

    def _set(self, what: int, value: Any) -> None:
        if not self._media.succeeds("SetCameraProperty", self._channel, what, ctypes.addressof(value)):
            raise CameraError(f"SetCameraProperty {what} failed")


def channels(library: str) -> List[CameraDevice]:
    """Those with a camera; their path is their number. Asks the library, in this process."""
    try:
        return _found(MediaLibrary(FUNCTIONS, CameraMissing, library))
    except CameraMissing:
        return []


def _found(media: MediaLibrary) -> List[CameraDevice]:
    statuses = [(channel, media.call("QueryCameraStatus", channel)) for channel in CHANNELS]
    return [
        CameraDevice(str(channel), f"MIPI camera {channel}")
        for channel, status in statuses
        if status in (STATUS_OPEN, STATUS_CLOSED)
    ]
