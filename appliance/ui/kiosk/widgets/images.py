"""Arrays and files to pictures that Qt can paint."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Callable, List, Optional

import cv2
import numpy as np
from PyQt5 import sip
from PyQt5.QtCore import QObject, QRect, QRunnable, QSize, Qt, QThreadPool, pyqtSignal
from PyQt5.QtGui import QImage, QImageIOHandler, QImageReader
from PyQt5.QtWidgets import QApplication

COVER = 100.0
"""For `fitted`: cut as far as needed to fill the room."""


def image_of(pixels: np.ndarray) -> QImage:
    """A copy of uint8 (height, width, 3) RGB: it needs the array no longer."""
    pixels = np.ascontiguousarray(pixels)
    height, width = pixels.shape[:2]
    return QImage(pixels.data, width, height, 3 * width, QImage.Format_RGB888).copy()


def fitted(size: QSize, room: QRect, most_cut: float = 1.0) -> QRect:
    """Where a picture of ``size`` goes in the middle of ``room``: all of it to be seen, or up to ``most_cut`` times as
    large if that fills the room better."""
    width, height = max(1, size.width()), max(1, size.height())
    across, down = room.width() / width, room.height() / height
    scale = min(max(across, down), most_cut * min(across, down))
    rect = QRect(0, 0, max(1, round(width * scale)), max(1, round(height * scale)))
    rect.moveCenter(room.center())
    return rect


def resized(pixels: np.ndarray, size: QSize) -> np.ndarray:
    """OpenCV's resize takes a tenth of the time of a painter's."""
    result: np.ndarray = cv2.resize(pixels, (size.width(), size.height()), interpolation=cv2.INTER_LINEAR)
    return result


class Ticket:
    """For a picture that is on its way."""

    def __init__(self, done: Callable[[Optional[QImage]], None]) -> None:
        self._done: Optional[Callable[[Optional[QImage]], None]] = done

    def cancel(self) -> None:
        """Nobody waits for it any more."""
        self._done = None

    def deliver(self, image: Optional[QImage]) -> None:
        done, self._done = self._done, None
        if done is not None:
            with contextlib.suppress(RuntimeError):  # the widget is gone
                done(image)


def load_picture(path: Path, room: QSize, fill: bool, done: Callable[[Optional[QImage]], None]) -> Ticket:
    """Decode a photo beside the thread that paints, upright; None if it cannot be.

    As large as ``room`` holds it; with ``fill`` so large that it covers the room.
    """
    ticket = Ticket(done)
    QThreadPool.globalInstance().start(_Loading(path, room, fill, ticket, _post()))
    return ticket


class _Post(QObject):
    """Lives as long as the application: an object of Qt must not end in a thread that is not its own."""

    arrived = pyqtSignal(object, object)

    def __init__(self) -> None:
        super().__init__(QApplication.instance())
        self.arrived.connect(self._deliver, Qt.QueuedConnection)

    def _deliver(self, ticket: Ticket, image: Optional[QImage]) -> None:
        ticket.deliver(image)


_posts: List[_Post] = []


def _post() -> _Post:
    if not _posts or sip.isdeleted(_posts[0]):
        _posts[:] = [_Post()]
    return _posts[0]


class _Loading(QRunnable):
    def __init__(self, path: Path, room: QSize, fill: bool, ticket: Ticket, post: _Post) -> None:
        super().__init__()
        self._path, self._room, self._ticket, self._post = path, room, ticket, post
        self._mode = Qt.KeepAspectRatioByExpanding if fill else Qt.KeepAspectRatio

    def run(self) -> None:
        reader = QImageReader(str(self._path))
        reader.setAutoTransform(True)
        on_its_side = reader.transformation() & QImageIOHandler.TransformationRotate90
        if reader.size().isValid():
            room = self._room.transposed() if on_its_side else self._room
            reader.setScaledSize(reader.size().scaled(room, self._mode))
        image = reader.read()
        self._post.arrived.emit(self._ticket, None if image.isNull() else image)
