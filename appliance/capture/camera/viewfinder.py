"""What the camera sees, as it goes on: pictures for the screen, advice, photos; a camera that is lost is opened again.

One thread reads the camera, one looks for the face, and one, for as long as a photo is taken, waits for its pictures
and picks the best.
"""

from __future__ import annotations

import io
import logging
import threading
import time
from pathlib import Path
from typing import Callable, List, Optional, Tuple

import cv2
import numpy as np
from PIL import Image

from ...errors import CameraError, CameraLost, DiskFull, OutputError, SonicError
from ...faults import told
from ...files import NO_SPACE, write_atomically
from .base import Camera, CameraStream
from .burst import Burst, best_of
from .events import CameraBack, CameraEvent, CameraFailed, PhotoTaken, Seen
from .face_watch import FaceWatch, Sight

DISPLAY_SIDE = 960
"""Longer side, in pixels, of the pictures for the screen."""
READ_SECONDS = 5.0
"""A camera that gives no picture for so long is lost."""
REOPEN_SECONDS = 1.0
SHOOT_SECONDS = 5.0
"""A photo waits so long for the camera to be there."""
LEAVE_SECONDS = 1.8

QUALITY = 95
PRIVATE = 0o600

log = logging.getLogger(__name__)


class Viewfinder:
    """Used once: `start`, `close`. What it tells comes from its own threads, nothing of it after `close`."""

    def __init__(self, camera: Camera, device: str, watch: FaceWatch, on_event: Callable[[CameraEvent], None]) -> None:
        """``device``: see `Camera.open`. ``watch`` is started and closed with the viewfinder."""
        self._camera = camera
        self._device = device
        self._watch = watch
        self._on_event = on_event
        self._closing = threading.Event()
        self._stream: Optional[CameraStream] = None
        self._burst: Optional[Burst] = None
        self._lost: Optional[SonicError] = None
        self._threads: List[threading.Thread] = []

    def start(self) -> None:
        self._watch.start()
        self._begin(self._run, "camera")

    def shoot(self, path: Path) -> None:
        """Take a photo: a JPEG that only this user may read, not mirrored. `PhotoTaken` or `CameraFailed` follows.

        A camera that is still being opened is waited for. A photo that was asked for before is given up.
        """
        if self._closing.is_set():
            return
        if self._burst is not None:
            self._burst.cancel()
        burst = self._burst = Burst()
        self._begin(lambda: self._take(burst, path), "photo")

    def close(self) -> None:
        """Returns within 2 s."""
        deadline = time.monotonic() + LEAVE_SECONDS
        self._closing.set()
        burst, stream = self._burst, self._stream
        if burst is not None:
            burst.cancel()
        if stream is not None:
            stream.close()  # ends a read that waits
        self._watch.close()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(max(0.0, deadline - time.monotonic()))

    # --- the camera ---------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                with self._camera.open(self._device) as stream:
                    self._stream = stream
                    self._show(stream)
            except CameraError as error:
                self._fail(error)
            except Exception as error:
                log.error("the viewfinder failed\n%s", told(error))
                self._fail(CameraError(type(error).__name__))
            self._stream = None
            self._closing.wait(REOPEN_SECONDS)

    def _show(self, stream: CameraStream) -> None:
        while not self._closing.is_set():
            picture = stream.read(READ_SECONDS)
            if self._lost is not None:
                self._lost = None
                self._tell(CameraBack())
            small = _shrunk(picture)
            self._watch.offer(small)
            self._tell(_mirrored(small, self._watch.sight))
            burst = self._burst
            if burst is not None:
                burst.offer(picture, time.monotonic())

    def _fail(self, error: SonicError) -> None:
        if self._lost is None and not self._closing.is_set():
            log.warning("%s: %s", error.code, error.detail)
            if self._burst is not None:
                self._burst.cancel()
            self._lost = error
            self._tell(CameraFailed(error))

    # --- the photo ----------------------------------------------------------------------------------------------------

    def _take(self, burst: Burst, path: Path) -> None:
        pictures = burst.wait(SHOOT_SECONDS)
        if burst.cancelled:
            return
        try:
            if not pictures:
                raise self._lost or CameraLost(f"no picture within {SHOOT_SECONDS:g} s")
            best = best_of(pictures, self._watch.face_in, wanted=lambda: not burst.cancelled)
            if not burst.cancelled:
                write_atomically(path, _jpeg(best), PRIVATE)
                if burst.cancelled:
                    path.unlink()
                else:
                    self._tell(PhotoTaken(path))
        except SonicError as error:
            self._tell(CameraFailed(error))
        except OSError as error:
            log.error("the photo cannot be saved: %s", error.strerror)
            kind = DiskFull if error.errno in NO_SPACE else OutputError
            self._tell(CameraFailed(kind(str(error.strerror), message="The photo could not be saved.")))
        except Exception as error:
            log.error("the photo could not be taken\n%s", told(error))
            self._tell(CameraFailed(CameraError(type(error).__name__)))

    # --- both ---------------------------------------------------------------------------------------------------------

    def _begin(self, work: Callable[[], None], name: str) -> None:
        thread = threading.Thread(target=work, daemon=True, name=name)
        self._threads = [other for other in self._threads if other.is_alive()] + [thread]
        thread.start()

    def _tell(self, event: CameraEvent) -> None:
        if self._closing.is_set():
            return
        try:
            self._on_event(event)
        except Exception as error:  # not the camera's fault: it goes on
            log.error("%s was not taken\n%s", type(event).__name__, told(error))


def _shrunk(picture: np.ndarray) -> np.ndarray:
    scale = DISPLAY_SIDE / max(picture.shape[:2])
    if scale >= 1:
        return picture
    size = max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def _mirrored(picture: np.ndarray, sight: Sight) -> Seen:
    height, width = picture.shape[:2]
    face: Optional[Tuple[float, float, float, float]] = None
    if sight.face is not None:
        x0, y0, x1, y1 = sight.face
        face = ((1 - x1) * width, y0 * height, (1 - x0) * width, y1 * height)
    return Seen(cv2.flip(picture, 1), face, sight.guidance)


def _jpeg(picture: np.ndarray) -> bytes:
    """Without EXIF or any other word about when and where."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=QUALITY)
    return file.getvalue()
