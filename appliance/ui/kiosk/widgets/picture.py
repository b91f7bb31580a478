"""A still picture with round corners."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Optional

from PyQt5.QtCore import QRectF, QSize, Qt
from PyQt5.QtGui import QImage, QPainter, QPainterPath, QPaintEvent, QPixmap
from PyQt5.QtWidgets import QSizePolicy, QWidget

from .dressed import Dressed
from .images import fitted, load_picture

LONGEST_PX = 1600


class Picture(QWidget, Dressed):
    """Shows all of a picture, as large as there is room."""

    def __init__(self) -> None:
        super().__init__()
        self._image: Optional[QImage] = None
        self._scaled: Optional[QPixmap] = None
        self._path: Optional[Path] = None
        self._ticket: Any = None
        self.setSizePolicy(QSizePolicy.Expanding, QSizePolicy.Expanding)

    def show_file(self, path: Optional[Path]) -> None:
        """The photo, as soon as it is decoded; the same path again costs nothing."""
        if path == self._path:
            return
        self.clear()
        self._path = path
        if path is not None:
            self._ticket = load_picture(path, LONGEST_PX, self._loaded)

    def show_image(self, image: Optional[QImage]) -> None:
        self._image, self._scaled = image, None
        self.update()

    def has_picture(self) -> bool:
        return self._image is not None

    def clear(self) -> None:
        """Keep nothing of it."""
        if self._ticket is not None:
            self._ticket.loaded.disconnect()
        self._ticket = self._path = None
        self.show_image(None)

    def minimumSizeHint(self) -> QSize:
        side = 2 * self.theme.target
        return QSize(side, side)

    def _loaded(self, image: Optional[QImage]) -> None:
        self.show_image(image)

    def resizeEvent(self, event: Any) -> None:
        self._scaled = None

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.Antialiasing)
        if self._image is None:
            painter.setPen(Qt.NoPen)
            painter.setBrush(self.palette().brush(self.backgroundRole()))
            return
        rect = fitted(self._image.size(), self.rect())
        if self._scaled is None:
            scaled = self._image.scaled(rect.size(), Qt.IgnoreAspectRatio, Qt.SmoothTransformation)
            self._scaled = QPixmap.fromImage(scaled)
        path = QPainterPath()
        path.addRoundedRect(QRectF(rect), self.theme.radius, self.theme.radius)
        painter.setClipPath(path)
        painter.drawPixmap(rect, self._scaled)
