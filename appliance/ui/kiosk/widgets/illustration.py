"""The inviting picture: a portrait in a frame that speaks a few words now and then."""

from __future__ import annotations

from typing import Any

from PyQt5.QtCore import QPointF, QRectF, QSize, Qt, QTimer
from PyQt5.QtGui import QColor, QPainter, QPainterPath, QPaintEvent, QPen
from PyQt5.QtWidgets import QSizePolicy, QWidget

from .dressed import Dressed

FRAME_MS = 110
PAUSE_MS = 3500
WORDS = (0, 2, 5, 3, 1, 4, 6, 3, 0, 1, 4, 5, 2, 0, 3, 6, 4, 2, 1, 0)
"""How wide the mouth opens, picture by picture, in sixths."""
WIDEST = max(WORDS)
SIDE = 100.0
"""Of the square that everything is drawn in, before it is scaled to the widget."""
SKIN, HAIR, SHIRT, LIPS = "#f0c8a4", "#2b2a33", "#e2703a", "#a4483f"


class Illustration(QWidget, Dressed):
    """Costs a few pictures a second while it speaks, nothing while it does not or is not seen."""

    def __init__(self) -> None:
        super().__init__()
        self._frame = 0
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._advance)
        self.setSizePolicy(QSizePolicy.Expanding, QSizePolicy.Expanding)

    def minimumSizeHint(self) -> QSize:
        side = 3 * self.theme.target
        return QSize(side, side)

    def sizeHint(self) -> QSize:
        side = 7 * self.theme.target
        return QSize(side, side)

    def showEvent(self, event: Any) -> None:
        self._timer.start(FRAME_MS)

    def hideEvent(self, event: Any) -> None:
        self._timer.stop()

    def _advance(self) -> None:
        self._frame = (self._frame + 1) % len(WORDS)
        self._timer.setInterval(PAUSE_MS if self._frame == 0 else FRAME_MS)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        opening = WORDS[self._frame] / WIDEST
        painter = QPainter(self)
        painter.setRenderHint(QPainter.Antialiasing)
        side = min(self.width(), self.height())
        painter.translate((self.width() - side) / 2, (self.height() - side) / 2)
        painter.scale(side / SIDE, side / SIDE)
        self._paint_frame(painter)
        self._paint_person(painter, opening)
        self._paint_sound(painter)

    def _paint_frame(self, painter: QPainter) -> None:
        palette = self.theme.palette
        painter.setPen(QPen(QColor(palette.line), 0.5))
        painter.setBrush(QColor(palette.surface))
        painter.drawRoundedRect(QRectF(9, 2, 82, 96), 6, 6)
        painter.setPen(Qt.NoPen)
        painter.setBrush(QColor(palette.primary_soft))
        painter.drawRoundedRect(QRectF(13, 6, 74, 74), 4, 4)

    def _paint_person(self, painter: QPainter, opening: float) -> None:
        inside = QPainterPath()
        inside.addRoundedRect(QRectF(13, 6, 74, 74), 4, 4)
        painter.save()
        painter.setClipPath(inside)
        painter.setBrush(QColor(HAIR))
        painter.drawRoundedRect(QRectF(30, 14, 40, 46), 20, 20)
        painter.setBrush(QColor(SHIRT))
        painter.drawRoundedRect(QRectF(22, 66, 56, 34), 20, 20)
        painter.setBrush(QColor(SKIN).darker(108))
        painter.drawRoundedRect(QRectF(43, 54, 14, 18), 6, 6)
        painter.setBrush(QColor(SKIN))
        painter.drawRoundedRect(QRectF(33.5, 20, 33, 41), 16.5, 18)
        painter.setBrush(QColor(HAIR))
        fringe = QPainterPath(QPointF(33, 36))
        fringe.cubicTo(33, 14, 67, 14, 67, 36)
        fringe.cubicTo(60, 33, 56, 29, 54, 25)
        fringe.cubicTo(50, 31, 42, 34, 33, 36)
        painter.drawPath(fringe)
        for x in (42.5, 57.5):
            painter.drawEllipse(QPointF(x, 41), 1.7, 1.9)
        painter.setBrush(QColor(LIPS))
        painter.drawEllipse(QPointF(50, 52), 4.6 - 0.8 * opening, 0.8 + 3.2 * opening)
        painter.restore()

    def _paint_sound(self, painter: QPainter) -> None:
        """As it was spoken up to now, below the portrait."""
        palette = self.theme.palette
        step = 70 / len(WORDS)
        for number, height in enumerate(WORDS):
            half = 0.7 + 4.6 * height / WIDEST
            painter.setBrush(QColor(palette.accent if number <= self._frame else palette.primary))
            painter.drawRoundedRect(QRectF(15 + number * step, 89 - half, 0.55 * step, 2 * half), 0.8, 0.8)
