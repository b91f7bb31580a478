"""What the camera sees, with the guide for the face, and the countdown over it."""

from __future__ import annotations

from typing import Optional

import numpy as np
from PyQt5.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PyQt5.QtGui import QColor, QFont, QImage, QPainter, QPainterPath, QPaintEvent, QPen
from PyQt5.QtWidgets import QSizePolicy, QWidget

from ....capture.camera.guidance import CENTRE
from ...feeds import Preview
from .dressed import Dressed
from .images import fitted, resized

MOST_CUT = 1.2
"""How much larger than whole the picture may be shown to fill the room."""
OVAL = (0.21, 0.28)
"""Half width and half height of the guide, as shares of the picture's shorter side: a face well within `LIMITS`."""
NUMERAL, NUMERAL_HEIGHT = 0.4, 0.77
"""Size and middle of the countdown, as shares of the widget: below the face, which its owner wants to see."""
BRACKET_SHARE = 0.22
"""Length of the corners that mark the face, as a share of its box."""


class Viewfinder(QWidget, Dressed):
    """Paints the newest picture only: one that comes before the last was painted takes its place."""

    def __init__(self) -> None:
        super().__init__()
        self._preview: Optional[Preview] = None
        self._pixels: Optional[np.ndarray] = None
        self._where = QRect()
        self._numeral = ""
        self._flash = False
        self.setSizePolicy(QSizePolicy.Expanding, QSizePolicy.Expanding)

    def show_preview(self, preview: Optional[Preview]) -> None:
        """None: no picture."""
        self._preview, self._pixels = preview, None
        self.update()

    def show_numeral(self, numeral: str) -> None:
        """Over the picture, as large as it goes; empty: none."""
        if numeral != self._numeral:
            self._numeral = numeral
            self.update()

    def flash(self, on: bool) -> None:
        """A white frame: the photo is being taken."""
        if on != self._flash:
            self._flash = on
            self.update()

    def has_picture(self) -> bool:
        return self._preview is not None

    def minimumSizeHint(self) -> QSize:
        side = 3 * self.theme.target
        return QSize(side, side)

    def paintEvent(self, event: QPaintEvent) -> None:
        palette = self.theme.palette
        painter = QPainter(self)
        painter.setRenderHint(QPainter.Antialiasing)
        room = QPainterPath()
        room.addRoundedRect(QRectF(self.rect()), self.theme.radius, self.theme.radius)
        painter.setClipPath(room)
        painter.fillRect(self.rect(), QColor(palette.shade))
        if self._preview is not None:
            self._paint_picture(painter, self._preview)
            self._paint_oval(painter, self._preview.guidance == "ready")
            self._paint_face(painter, self._preview)
        if self._numeral:
            self._paint_numeral(painter)
        if self._flash:
            painter.setPen(QPen(QColor("#ffffff"), 4 * self.theme.space))
            painter.setBrush(Qt.NoBrush)
            painter.drawRect(self.rect())

    def _paint_picture(self, painter: QPainter, preview: Preview) -> None:
        height, width = preview.picture.shape[:2]
        where = fitted(QSize(width, height), self.rect(), MOST_CUT)
        if self._pixels is None or where != self._where:
            self._pixels, self._where = resized(preview.picture, where.size()), where
        # The image borrows the array, which lives until the next picture.
        image = QImage(self._pixels.data, where.width(), where.height(), 3 * where.width(), QImage.Format_RGB888)
        painter.drawImage(where.topLeft(), image)

    def _paint_oval(self, painter: QPainter, ready: bool) -> None:
        shown = self._where
        side = min(shown.width(), shown.height())
        across, down = OVAL[0] * side, OVAL[1] * side
        centre = QPointF(shown.x() + CENTRE[0] * shown.width(), shown.y() + CENTRE[1] * shown.height())
        colour = QColor("#5fe39a" if ready else "#ffffff")
        line = max(3.0, self.theme.space / 3)
        for pen in (QPen(QColor(0, 0, 0, 110), line + 3), QPen(colour, line, Qt.SolidLine if ready else Qt.DashLine)):
            painter.setPen(pen)
            painter.drawEllipse(centre, across, down)

    def _paint_face(self, painter: QPainter, preview: Preview) -> None:
        if preview.face is None:
            return
        height, width = preview.picture.shape[:2]
        across, down = self._where.width() / width, self._where.height() / height
        x0, y0, x1, y1 = preview.face
        left, top = self._where.x() + x0 * across, self._where.y() + y0 * down
        right, bottom = self._where.x() + x1 * across, self._where.y() + y1 * down
        arm = BRACKET_SHARE * min(right - left, bottom - top)
        path = QPainterPath()
        for x, y, dx, dy in ((left, top, 1, 1), (right, top, -1, 1), (left, bottom, 1, -1), (right, bottom, -1, -1)):
            path.moveTo(x, y + dy * arm)
            path.lineTo(x, y)
            path.lineTo(x + dx * arm, y)
        colour = "#5fe39a" if preview.guidance == "ready" else self.theme.palette.focus
        painter.setPen(QPen(QColor(colour), max(3.0, self.theme.space / 3)))
        painter.drawPath(path)

    def _paint_numeral(self, painter: QPainter) -> None:
        side = NUMERAL * min(self.width(), self.height())
        disc = QRectF(0, 0, side, side)
        disc.moveCenter(QPointF(self.width() / 2, NUMERAL_HEIGHT * self.height()))
        painter.setPen(Qt.NoPen)
        painter.setBrush(QColor(14, 29, 34, 150))
        painter.drawEllipse(disc)
        font = QFont(self.font())
        font.setPixelSize(max(1, round(0.7 * side)))
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(QColor("#ffffff"))
        painter.drawText(disc, Qt.AlignCenter, self._numeral)
