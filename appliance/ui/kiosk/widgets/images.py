"""Arrays and files to pictures that Qt can paint."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Optional

import cv2
import numpy as np
from PyQt5.QtCore import QObject, QRect, QRunnable, QSize, Qt, QThreadPool, pyqtSignal
from PyQt5.QtGui import QImage, QImageReader

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


def load_picture(path: Path, longest: int, done: Callable[[Optional[QImage]], None]) -> Any:
    """Decode a photo beside the thread that paints, at most ``longest`` px on a side, upright; None if it cannot be.

    The answer comes as long as what is returned is kept.
    """
    ticket = _Ticket()
    ticket.loaded.connect(done, Qt.QueuedConnection)
    QThreadPool.globalInstance().start(_Loading(path, longest, ticket))
    return ticket


class _Ticket(QObject):
    loaded = pyqtSignal(object)


class _Loading(QRunnable):
    def __init__(self, path: Path, longest: int, ticket: _Ticket) -> None:
        super().__init__()
        self._path, self._longest, self._ticket = path, longest, ticket

    def run(self) -> None:
        reader = QImageReader(str(self._path))
        reader.setAutoTransform(True)
        size = reader.size()
        if size.isValid() and max(size.width(), size.height()) > self._longest:
            reader.setScaledSize(size.scaled(self._longest, self._longest, Qt.KeepAspectRatio))
        image = reader.read()
        self._ticket.loaded.emit(None if image.isNull() else image)
