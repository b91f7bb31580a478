"""A photo or a video in place of a camera: for trials, demonstrations and tests.

Taking the file away unplugs the camera; putting it back plugs it in again.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import List, Optional

import cv2
import numpy as np

from ...errors import CameraLost, CameraMissing, PhotoError
from ...pipeline.photo import load_photo
from .base import Camera, CameraDevice, CameraStream
from .choice import choose_device

FRAMES_PER_SECOND = 25.0
"""Of a photo, and of a video that does not say."""
PAUSE_SECONDS = 1.0
"""Who did not read for longer finds the video where it was: to skip frames is work."""


class FileCamera(Camera):
    """``file``: the photo or video. Larger ones are shrunk to fit within ``width`` x ``height``."""

    def __init__(self, file: Path, width: int, height: int) -> None:
        self._file = file
        self._size = width, height

    def devices(self) -> List[CameraDevice]:
        return [CameraDevice(str(self._file), self._file.name)] if self._file.is_file() else []

    def open(self, device: str = "") -> CameraStream:
        choose_device(self.devices(), device)
        return _FileStream(self._file, *self._size)


class _FileStream(CameraStream):
    """A new picture is due every 1/rate seconds; those that nobody read are skipped."""

    def __init__(self, file: Path, width: int, height: int) -> None:
        self._file = file
        self._size = width, height
        self._closed = threading.Event()
        self._using = threading.Lock()
        self._still = self._photo()
        self._video: Optional[cv2.VideoCapture] = None
        self._rate = FRAMES_PER_SECOND
        if self._still is None:
            self._video = cv2.VideoCapture(str(file), cv2.CAP_FFMPEG)
            if not self._video.isOpened():
                raise CameraMissing("the file is neither a photo nor a video")
            self._rate = self._video.get(cv2.CAP_PROP_FPS) or FRAMES_PER_SECOND
        self._began = time.monotonic()
        self._shown = -1
        """Number of the picture read last, counted from the opening through all rounds."""

    def read(self, timeout: float) -> np.ndarray:
        due = (self._shown + 1) / self._rate - (time.monotonic() - self._began)
        self._closed.wait(min(max(due, 0.0), timeout))
        with self._using:
            if self._closed.is_set():
                raise CameraLost("closed")
            if due > timeout:
                raise CameraLost(f"no picture within {timeout:g} s")
            if not self._file.exists():
                raise CameraLost("the file is gone")
            if self._still is not None:
                self._shown = self._due()
                return self._still.copy()
            return self._next_frame()

    def close(self) -> None:
        self._closed.set()
        with self._using:
            if self._video is not None:
                self._video.release()

    def _photo(self) -> Optional[np.ndarray]:
        try:
            return self._fitted(load_photo(self._file).pixels)
        except PhotoError:
            return None

    def _due(self) -> int:
        """Number of the picture that is to be shown now."""
        return max(self._shown + 1, int((time.monotonic() - self._began) * self._rate))

    def _next_frame(self) -> np.ndarray:
        assert self._video is not None
        if self._due() - self._shown > PAUSE_SECONDS * self._rate:
            self._began = time.monotonic() - (self._shown + 1) / self._rate
        skipped = self._due() - self._shown - 1
        self._shown += skipped + 1
        for _ in range(skipped):
            if not self._video.grab():
                self._video.set(cv2.CAP_PROP_POS_FRAMES, 0)
        good, frame = self._video.read()
        if not good:
            self._video.set(cv2.CAP_PROP_POS_FRAMES, 0)
            good, frame = self._video.read()
        if not good:
            raise CameraLost("the video cannot be read")
        return self._fitted(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB))

    def _fitted(self, picture: np.ndarray) -> np.ndarray:
        height, width = picture.shape[:2]
        scale = min(self._size[0] / width, self._size[1] / height)
        if scale >= 1:
            return picture
        size = max(1, round(width * scale)), max(1, round(height * scale))
        return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
