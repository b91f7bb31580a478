"""A link as a QR code."""

from __future__ import annotations

from typing import List

import segno
from PyQt5.QtCore import QRectF, QSize, Qt
from PyQt5.QtGui import QColor, QPainter, QPaintEvent
from PyQt5.QtWidgets import QSizePolicy, QWidget

from .dressed import Dressed

QR_SHARE = 0.45
"""Of the shorter side of the screen."""
QUIET_MODULES = 4
"""White around the code, which readers need."""


class QrCode(QWidget, Dressed):
    def __init__(self) -> None:
        super().__init__()
        self._rows: List[bytearray] = []
        self.setSizePolicy(QSizePolicy.Expanding, QSizePolicy.Expanding)

    def show_text(self, text: str) -> None:
        """Empty: none."""
        self._rows = [bytearray(row) for row in segno.make(text, micro=False).matrix] if text else []
        self.update()

    def sizeHint(self) -> QSize:
        side = round(QR_SHARE * self.theme.short)
        return QSize(side, side)

    def minimumSizeHint(self) -> QSize:
        side = 4 * self.theme.target
        return QSize(side, side)

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._rows:
            return
        modules = len(self._rows) + 2 * QUIET_MODULES
        step = min(self.width(), self.height()) // modules
        left, top = (self.width() - step * modules) // 2, (self.height() - step * modules) // 2
        painter = QPainter(self)
        painter.fillRect(left, top, step * modules, step * modules, Qt.white)
        for down, row in enumerate(self._rows):
            for across, dark in enumerate(row):
                if dark:
                    x, y = left + (across + QUIET_MODULES) * step, top + (down + QUIET_MODULES) * step
                    painter.fillRect(QRectF(x, y, step, step), QColor("#000000"))
