"""Text, and icons that are not touched."""

from __future__ import annotations

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QLabel, QSizePolicy

from ..icons import icon
from ..theme import Theme
from .dressed import Dressed


class Label(QLabel):
    """``role``: a size and colour of the style sheet: "hero", "title", "lead", "strong", "body", "muted", "small",
    "warning"."""

    def __init__(self, role: str = "body", centred: bool = False) -> None:
        super().__init__()
        self.setProperty("role", role)
        self.setTextFormat(Qt.PlainText)
        self.setWordWrap(True)
        self.setAlignment((Qt.AlignHCenter if centred else Qt.AlignLeft) | Qt.AlignVCenter)
        self.setSizePolicy(QSizePolicy.Expanding, QSizePolicy.Preferred)

    def turn_into(self, role: str) -> None:
        if self.property("role") != role:
            self.setProperty("role", role)
            self.style().unpolish(self)
            self.style().polish(self)


class Glyph(QLabel, Dressed):
    """An icon. ``size``: times the height of text. ``colour``: the name of a colour of the palette."""

    def __init__(self, symbol: str, size: float = 1.6, colour: str = "primary") -> None:
        super().__init__()
        self._symbol, self._size, self._colour = symbol, size, colour
        self.setAlignment(Qt.AlignCenter)

    def show_symbol(self, symbol: str, colour: str = "") -> None:
        self._symbol, self._colour = symbol, colour or self._colour
        self.dress(self.theme)

    def dress(self, theme: Theme) -> None:
        super().dress(theme)
        side = round(self._size * theme.body)
        self.setPixmap(icon(self._symbol, getattr(theme.palette, self._colour)).pixmap(side, side))
        self.setFixedSize(side, side)
