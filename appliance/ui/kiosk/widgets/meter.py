"""How loud it is."""

from __future__ import annotations

from PyQt5.QtCore import QRectF, QSize, Qt
from PyQt5.QtGui import QColor, QPainter, QPaintEvent
from PyQt5.QtWidgets import QSizePolicy, QWidget

from .dressed import Dressed

SEGMENTS = 28
QUIETEST_DB, LOUD_DB, CLIPPED_DB = -54.0, -9.0, -2.0
FALL_DB = 1.6
"""The mark of the highest peak falls so much at each look."""


class Meter(QWidget, Dressed):
    """A row of lamps: as many as the peak is loud, those near full scale in other colours."""

    def __init__(self) -> None:
        super().__init__()
        self._lit = 0
        self._mark = 0
        self._mark_db = QUIETEST_DB
        self.setSizePolicy(QSizePolicy.Expanding, QSizePolicy.Fixed)

    def show_level(self, peak: float) -> None:
        """dB of full scale."""
        self._mark_db = max(peak, self._mark_db - FALL_DB, QUIETEST_DB)
        lit, mark = self._lamp(peak), self._lamp(self._mark_db)
        if (lit, mark) != (self._lit, self._mark):
            self._lit, self._mark = lit, mark
            self.update()

    def lit(self) -> int:
        return self._lit

    def clear(self) -> None:
        self._mark_db = QUIETEST_DB
        self.show_level(QUIETEST_DB)

    def sizeHint(self) -> QSize:
        return QSize(10 * self.theme.target, max(20, self.theme.target // 2))

    def minimumSizeHint(self) -> QSize:
        return QSize(2 * self.theme.target, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        palette = self.theme.palette
        painter = QPainter(self)
        painter.setRenderHint(QPainter.Antialiasing)
        painter.setPen(Qt.NoPen)
        step = self.width() / SEGMENTS
        for number in range(SEGMENTS):
            level = QUIETEST_DB * (1 - (number + 0.5) / SEGMENTS)
            colour = palette.record if level > CLIPPED_DB else palette.focus if level > LOUD_DB else palette.good
            on = number < self._lit or number == self._mark - 1
            painter.setBrush(QColor(colour if on else palette.track))
            lamp = QRectF(number * step, 0, 0.7 * step, self.height())
            painter.drawRoundedRect(lamp, 0.2 * step, 0.2 * step)

    @staticmethod
    def _lamp(level: float) -> int:
        share = 1 - max(QUIETEST_DB, min(0.0, level)) / QUIETEST_DB
        return round(share * SEGMENTS)
