"""How far something is: a ring that fills, or turns where nobody knows."""

from __future__ import annotations

from typing import Any, Optional, Tuple

from PyQt5.QtCore import QRect, QRectF, QSize, Qt, QTimer
from PyQt5.QtGui import QColor, QFont, QImage, QPainter, QPainterPath, QPaintEvent, QPen, QPixmap
from PyQt5.QtWidgets import QSizePolicy, QWidget

from .dressed import Dressed
from .images import COVER, fitted

TURN_MS = 60
TURN_DEGREES = 14
FULL_TURN = 360
SHARE = 0.09
"""Of the shorter side of the screen, where a target is smaller than that."""


class Ring(QWidget, Dressed):
    """With a word in its middle. ``colour``: the name of a colour of the palette."""

    def __init__(self, colour: str = "primary", size: float = 4.0) -> None:
        """``size``: times the height of a target."""
        super().__init__()
        self._colour, self._size = colour, size
        self._share: Optional[float] = None
        self._word = ""
        self._angle = 0
        self._image: Optional[QImage] = None
        self._disc: Optional[QPixmap] = None
        self._timer = QTimer(self)
        self._timer.setInterval(TURN_MS)
        self._timer.timeout.connect(self._turn)
        self.setSizePolicy(QSizePolicy.Expanding, QSizePolicy.Expanding)

    def show_share(self, share: Optional[float], word: str = "") -> None:
        """0 … 1 is done; None: nobody knows how much."""
        if (share, word) == (self._share, self._word):
            return
        self._share, self._word = share, word
        self._run()
        self.update()

    def disc(self) -> QSize:
        """Of the picture inside."""
        room, line = self._geometry()
        return room.adjusted(line, line, -line, -line).toRect().size()

    def show_image(self, image: Optional[QImage]) -> None:
        """Inside the ring, in place of the word."""
        self._image, self._disc = image, None
        self.update()

    def share(self) -> Optional[float]:
        return self._share

    def word(self) -> str:
        return self._word

    def sizeHint(self) -> QSize:
        side = round(self._size * max(self.theme.target, SHARE * self.theme.short))
        return QSize(side, side)

    def minimumSizeHint(self) -> QSize:
        side = round(0.6 * self._size * self.theme.target)
        return QSize(side, side)

    def showEvent(self, event: Any) -> None:
        self._run()

    def hideEvent(self, event: Any) -> None:
        self._timer.stop()

    def paintEvent(self, event: QPaintEvent) -> None:
        palette = self.theme.palette
        painter = QPainter(self)
        painter.setRenderHint(QPainter.Antialiasing)
        rect, line = self._geometry()
        painter.setPen(QPen(QColor(palette.track), line))
        painter.drawEllipse(rect)
        painter.setPen(QPen(QColor(getattr(palette, self._colour)), line, Qt.SolidLine, Qt.RoundCap))
        # Qt counts sixteenths of a degree, against the clock from three o'clock.
        if self._share is None:
            painter.drawArc(rect, 16 * -self._angle, 16 * -FULL_TURN // 4)
        elif self._share > 0:
            painter.drawArc(rect, 16 * FULL_TURN // 4, -round(16 * FULL_TURN * min(1.0, self._share)))
        if self._image is None:
            self._paint_word(painter, rect)
        else:
            self._paint_image(painter, rect.adjusted(line, line, -line, -line).toRect(), self._image)

    def _paint_image(self, painter: QPainter, room: QRect, image: QImage) -> None:
        """Cut round; scaled once."""
        if self._disc is None or self._disc.size() != room.size():
            self._disc = QPixmap(room.size())
            self._disc.fill(Qt.transparent)
            inner = QPainter(self._disc)
            inner.setRenderHint(QPainter.Antialiasing)
            circle = QPainterPath()
            circle.addEllipse(QRectF(self._disc.rect()))
            inner.setClipPath(circle)
            where = fitted(image.size(), self._disc.rect(), COVER)
            inner.setRenderHint(QPainter.SmoothPixmapTransform)
            inner.drawImage(where, image)
            inner.end()
        painter.drawPixmap(room, self._disc)

    def _geometry(self) -> Tuple[QRectF, float]:
        """Where the ring's line goes, and its width."""
        side = max(1, min(self.width(), self.height(), round(1.3 * self.sizeHint().width())))
        line = max(6.0, side / 14)
        rect = QRectF(0, 0, side - line - 2, side - line - 2)
        rect.moveCenter(QRectF(self.rect()).center())
        return rect, line

    def _paint_word(self, painter: QPainter, rect: QRectF) -> None:
        side = rect.width()
        font = QFont(self.font())
        font.setPixelSize(max(1, round(0.22 * side if len(self._word) < 5 else 0.17 * side)))
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(QColor(self.theme.palette.ink))
        painter.drawText(rect, Qt.AlignCenter, self._word)

    def _run(self) -> None:
        if self._share is None and self.isVisible():
            self._timer.start()
        else:
            self._timer.stop()

    def _turn(self) -> None:
        self._angle = (self._angle + TURN_DEGREES) % FULL_TURN
        self.update()
