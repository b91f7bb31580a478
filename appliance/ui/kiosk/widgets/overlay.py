"""A card over everything, which must be answered first."""

from __future__ import annotations

from typing import List, Optional

from PyQt5.QtCore import QRectF, Qt, pyqtSignal
from PyQt5.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PyQt5.QtWidgets import QBoxLayout, QVBoxLayout, QWidget

from ..theme import Theme
from .button import Button
from .dressed import Dressed, dress_all
from .label import Glyph, Label

VEIL_ALPHA = 170


class Overlay(QWidget, Dressed):
    """Covers its parent; Tab stays inside. `closed` when it is left without any of its buttons' meanings."""

    closed = pyqtSignal()

    def __init__(self, parent: QWidget, symbol: str) -> None:
        super().__init__(parent)
        self.hide()
        self._before: Optional[QWidget] = None
        self._column = QVBoxLayout()
        self._outer = QVBoxLayout(self)
        self._outer.addStretch(1)
        self._outer.addLayout(self._column)
        self._outer.addStretch(1)
        self.glyph, self.title, self.words = Glyph(symbol, 3.0), Label("title", True), Label("lead", True)
        self.middle = QVBoxLayout()
        self.buttons = QBoxLayout(QBoxLayout.LeftToRight)
        self._column.addWidget(self.glyph, 0, Qt.AlignHCenter)
        self._column.addWidget(self.title)
        self._column.addWidget(self.words)
        self._column.addLayout(self.middle)
        self._column.addLayout(self.buttons)
        self._all: List[Button] = []

    def add_button(self, kind: str, symbol: str) -> Button:
        button = Button(kind, symbol)
        self.buttons.addWidget(button, 1)
        self._all.append(button)
        return button

    def open(self) -> None:
        parent = self.parentWidget()
        if self.isVisible() or parent is None:
            return
        self._before = parent.focusWidget()
        self.setGeometry(parent.rect())
        self.show()
        self.raise_()
        self._all[0].setFocus()

    def close_up(self) -> None:
        """Away, and the keyboard back to where it was."""
        if not self.isVisible():
            return
        self.hide()
        if self._before is not None and self._before.isVisible():
            self._before.setFocus()
        self._before = None

    def dress(self, theme: Theme) -> None:
        super().dress(theme)
        dress_all(self, theme)
        side = max(2 * theme.space, (theme.width - min(theme.width, 14 * theme.target)) // 2)
        inner = 3 * theme.space
        self._outer.setContentsMargins(side + inner, inner, side + inner, inner)
        self._column.setSpacing(2 * theme.space)
        self.buttons.setSpacing(theme.space)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab goes round inside."""
        there = [button for button in self._all if button.isVisible() and button.isEnabled()]
        if not there:  # Qt asks also while everything is being hidden
            return False
        at = next((number for number, button in enumerate(there) if button.hasFocus()), 0)
        there[(at + (1 if forward else -1)) % len(there)].setFocus(Qt.TabFocusReason)
        return True

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key_Escape:
            self.closed.emit()
            self.close_up()
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def paintEvent(self, event: QPaintEvent) -> None:
        theme, palette = self.theme, self.theme.palette
        painter = QPainter(self)
        painter.setRenderHint(QPainter.Antialiasing)
        veil = QColor(palette.shade)
        veil.setAlpha(VEIL_ALPHA)
        painter.fillRect(self.rect(), veil)
        inner = 3 * theme.space
        rect = QRectF(self._column.geometry()).adjusted(-inner, -inner, inner, inner)
        painter.setBrush(QColor(palette.surface))
        painter.setPen(QColor(palette.line))
        painter.drawRoundedRect(rect, theme.radius, theme.radius)
