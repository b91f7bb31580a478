"""USB and built-in cameras: Video4Linux through OpenCV.

Source of the numbers: ``linux/videodev2.h`` and the kernel's "Linux Media Infrastructure userspace API".
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import struct
from pathlib import Path
from typing import Iterator, List, Optional, Sequence, Tuple

import cv2
import numpy as np

from ...errors import CameraBusy, CameraError, CameraLost, CameraMissing
from .base import Camera, CameraDevice, CameraStream
from .choice import choose_device
from .process import CHILD, ProcessStream
from .source import Source

CLASSES = Path("/sys/class/video4linux")
NODES = Path("/dev")

VIDIOC_QUERYCAP = 0x80685600
QUERYCAP_BYTES = 104
QUERYCAP_CAPABILITIES = 84
"""Offset of ``capabilities``, of the whole device; ``device_caps``, of this node, follows."""
CAP_VIDEO_CAPTURE = 0x00000001
CAP_DEVICE_CAPS = 0x80000000

VIDIOC_REQBUFS = 0xC0145608
REQBUFS = "5I"
BUF_TYPE_VIDEO_CAPTURE = 1
MEMORY_MMAP = 1

COMPRESSED_FROM = 1280 * 720
"""Pixels from which USB 2 carries too few uncompressed pictures a second."""
FRAMES_PER_SECOND = 30
FAILED_READS = 10
"""So many pictures in a row may be damaged."""


class V4l2Camera(Camera):
    """``width`` and ``height``: of the picture; the driver takes the nearest it has."""

    def __init__(
        self,
        width: int,
        height: int,
        classes: Path = CLASSES,
        nodes: Path = NODES,
        command: Sequence[str] = CHILD,
    ) -> None:
        self._classes = classes
        self._nodes = nodes
        self._command = [
            *command, "v4l2", "--width", str(width), "--height", str(height), "--classes", str(classes),
            "--nodes", str(nodes),
        ]  # fmt: skip

    def devices(self) -> List[CameraDevice]:
        return capture_devices(self._classes, self._nodes)

    def open(self, device: str = "") -> CameraStream:
        return ProcessStream([*self._command, "--device", device])


class V4l2Source(Source):
    """Raises `CameraMissing`, `CameraBusy`, `CameraError` where this user may not or the driver cannot."""

    def __init__(self, device: str, width: int, height: int, classes: Path = CLASSES, nodes: Path = NODES) -> None:
        self._path = choose_device(capture_devices(classes, nodes), device).path
        self._capture = cv2.VideoCapture(self._path, cv2.CAP_V4L2)
        if not self._capture.isOpened():
            raise _obstacle(self._path)
        if width * height >= COMPRESSED_FROM:
            self._capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, width)
        self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, height)
        self._capture.set(cv2.CAP_PROP_FPS, FRAMES_PER_SECOND)
        # OpenCV shows the picture before again, or black, where one is damaged: we decode ourselves, to know.
        self._compressed = int(self._capture.get(cv2.CAP_PROP_FOURCC)) == cv2.VideoWriter.fourcc(*"MJPG")
        if self._compressed:
            self._capture.set(cv2.CAP_PROP_CONVERT_RGB, 0)

    def read(self) -> np.ndarray:
        for _ in range(FAILED_READS):
            good, picture = self._capture.read()
            if good and self._compressed:
                picture = cv2.imdecode(picture, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
            if good and picture is not None:
                return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
            if not os.path.exists(self._path):
                raise CameraLost("its device node is gone")
        raise CameraLost(f"{FAILED_READS} pictures in a row could not be read")

    def close(self) -> None:
        self._capture.release()


def capture_devices(classes: Path, nodes: Path) -> List[CameraDevice]:
    """The nodes that give pictures, by number; most cameras have others beside, for metadata."""
    found = []
    for number, folder in sorted(_numbered(classes)):
        path = nodes / folder.name
        captures = _captures(path)
        if captures is None:  # in use by one that lets nobody else in, or not for this user: the first is the camera
            captures = _line(folder / "index") == "0"
        if captures:
            found.append(CameraDevice(str(path), _line(folder / "name") or f"camera {number}"))
    return found


def _numbered(classes: Path) -> Iterator[Tuple[int, Path]]:
    try:
        folders = list(classes.iterdir())
    except OSError:
        return
    for folder in folders:
        match = re.fullmatch(r"video(\d+)", folder.name)
        if match:
            yield int(match.group(1)), folder


def _line(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace").strip()
    except OSError:
        return ""


def _captures(path: Path) -> Optional[bool]:
    """Whether the node gives pictures; None where it cannot be asked, False where it is not there."""
    answer = bytearray(QUERYCAP_BYTES)
    try:
        with _node(path) as handle:
            fcntl.ioctl(handle, VIDIOC_QUERYCAP, answer)
    except OSError as error:
        return False if error.errno in (errno.ENOENT, errno.ENODEV, errno.ENXIO) else None
    of_device, of_node = struct.unpack_from("2I", answer, QUERYCAP_CAPABILITIES)
    return bool((of_node if of_device & CAP_DEVICE_CAPS else of_device) & CAP_VIDEO_CAPTURE)


def _obstacle(path: str) -> CameraError:
    """Why a node could not be opened."""
    request = bytearray(struct.pack(REQBUFS, 1, BUF_TYPE_VIDEO_CAPTURE, MEMORY_MMAP, 0, 0))
    try:
        with _node(Path(path)) as handle:
            fcntl.ioctl(handle, VIDIOC_REQBUFS, request)  # given back when the node is closed
    except OSError as error:
        if error.errno == errno.EBUSY:
            return CameraBusy(str(error.strerror))
        if error.errno in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
            return CameraMissing(str(error.strerror))
        return CameraError(str(error.strerror))
    return CameraError("OpenCV does not understand its driver")


@contextlib.contextmanager
def _node(path: Path) -> Iterator[int]:
    handle = os.open(str(path), os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        yield handle
    finally:
        os.close(handle)
