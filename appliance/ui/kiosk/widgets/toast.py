"""A passing word below the header."""

from __future__ import annotations

from PyQt5.QtCore import Qt, QTimer
from PyQt5.QtWidgets import QFrame, QHBoxLayout, QWidget

from ..theme import Theme
from .dressed import Dressed
from .label import Glyph, Label

STAYS_MS = 6000
LONGEST = 12
"""Width of a line, in targets."""


class Toast(QFrame, Dressed):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("role", "notice")
        self.setAttribute(Qt.WA_TransparentForMouseEvents)
        self.hide()
        self._top = 0
        self._row = QHBoxLayout(self)
        self._glyph, self.words = Glyph("tip", 1.5, "on_shade"), Label("lead")
        self._row.addWidget(self._glyph)
        self._row.addWidget(self.words, 1)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.hide)

    def say(self, symbol: str, words: str, for_ever: bool = False) -> None:
        """``for_ever``: until another word."""
        self._glyph.show_symbol(symbol)
        self.words.setText(words)
        self.words.setAccessibleName(words)
        self._timer.stop()
        if not for_ever:
            self._timer.start(STAYS_MS)
        self.place()
        self.show()
        self.raise_()

    def hang_below(self, top: int) -> None:
        """px from the window's top."""
        self._top = top
        self.place()

    def place(self) -> None:
        theme, parent = self.theme, self.parentWidget()
        if parent is None:
            return
        margins = self._row.contentsMargins()
        beside = self._glyph.width() + self._row.spacing() + margins.left() + margins.right() + 2 * self.frameWidth()
        one_line = self.words.fontMetrics().horizontalAdvance(self.words.text()) + beside + theme.space
        width = min(one_line, parent.width() - 4 * theme.space, LONGEST * theme.target)
        height = max(theme.target, self.heightForWidth(width))
        self.setGeometry(3 * theme.space, self._top + theme.space, width, height)

    def dress(self, theme: Theme) -> None:
        super().dress(theme)
        self._glyph.dress(theme)
        self._row.setContentsMargins(2 * theme.space, theme.space, 2 * theme.space, theme.space)
        self._row.setSpacing(theme.space)
        self.place()
