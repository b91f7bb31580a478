"""A still picture with round corners."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Optional

from PyQt5.QtCore import QRectF, QSize, Qt
from PyQt5.QtGui import QImage, QPainter, QPainterPath, QPaintEvent, QPixmap
from PyQt5.QtWidgets import QSizePolicy, QWidget

from .dressed import Dressed
from .images import Ticket, fitted, load_picture


class Picture(QWidget, Dressed):
    """Shows all of a picture, as large as there is room."""

    def __init__(self) -> None:
        super().__init__()
        self._image: Optional[QImage] = None
        self._scaled: Optional[QPixmap] = None
        self._path: Optional[Path] = None
        self._room = QSize()
        self._ticket: Optional[Ticket] = None
        self.setSizePolicy(QSizePolicy.Expanding, QSizePolicy.Expanding)

    def show_file(self, path: Optional[Path]) -> None:
        """The photo, as soon as it is decoded; the same path again costs nothing."""
        if path == self._path:
            return
        self.clear()
        self._path = path
        self._load()

    def show_image(self, image: Optional[QImage]) -> None:
        self._image, self._scaled = image, None
        self.update()

    def has_picture(self) -> bool:
        return self._image is not None

    def clear(self) -> None:
        """Keep nothing of it."""
        if self._ticket is not None:
            self._ticket.cancel()
        self._ticket, self._path = None, None
        self.show_image(None)

    def minimumSizeHint(self) -> QSize:
        side = 2 * self.theme.target
        return QSize(side, side)

    def _load(self) -> None:
        if self._path is not None:
            if self._ticket is not None:
                self._ticket.cancel()
            self._room = self.size()
            self._ticket = load_picture(self._path, self._room, False, self._loaded)

    def _loaded(self, image: Optional[QImage]) -> None:
        self.show_image(image)

    def resizeEvent(self, event: Any) -> None:
        self._scaled = None
        if self.width() > self._room.width() or self.height() > self._room.height():
            self._load()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.Antialiasing)
        if self._image is None:
            return
        rect = fitted(self._image.size(), self.rect())
        if self._scaled is None:
            image = self._image
            if image.size() != rect.size():  # it was loaded for another room
                image = image.scaled(rect.size(), Qt.IgnoreAspectRatio, Qt.SmoothTransformation)
            self._scaled = QPixmap.fromImage(image)
        path = QPainterPath()
        path.addRoundedRect(QRectF(rect), self.theme.radius, self.theme.radius)
        painter.setClipPath(path)
        painter.drawPixmap(rect, self._scaled)
