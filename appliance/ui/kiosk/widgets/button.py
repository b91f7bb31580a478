"""A button for fingers and keys."""

from __future__ import annotations

from PyQt5.QtCore import QRectF, QSize, Qt
from PyQt5.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent, QPen
from PyQt5.QtWidgets import QPushButton, QSizePolicy, QWidget

from ..icons import icon, icon_beside_text
from ..theme import Theme
from .dressed import Dressed

RING_PX = 4.0
FILLED = ("primary", "record")
"""Kinds that show by their ground, not by their writing, that they cannot be pressed."""


class Button(QPushButton, Dressed):
    """``kind``: "primary" (one a screen), "record", "plain", "danger", "quiet", "icon" or "segment".

    Enter presses it as Space does. Where somebody uses the keyboard the focus is shown by a ring.
    """

    def __init__(self, kind: str = "plain", symbol: str = "", large: bool = False) -> None:
        super().__init__()
        self.kind, self._symbol = kind, symbol
        self.setProperty("kind", kind)
        self.setProperty("large", large)
        self.setFocusPolicy(Qt.StrongFocus)
        self.setSizePolicy(QSizePolicy.Minimum, QSizePolicy.Fixed)

    def show_symbol(self, symbol: str) -> None:
        if symbol != self._symbol:
            self._symbol = symbol
            self.dress(self.theme)

    def kind_of(self, kind: str, symbol: str) -> None:
        """From now on another kind of button."""
        if kind != self.kind:
            self.kind = kind
            self.setProperty("kind", kind)
            self.style().unpolish(self)
            self.style().polish(self)
            self._symbol = ""
        self.show_symbol(symbol)

    def dress(self, theme: Theme) -> None:
        super().dress(theme)
        if not self._symbol:
            return
        colour = self._colour()
        disabled = colour if self.kind in FILLED else theme.palette.disabled
        if self.kind == "icon":
            side = round(1.25 * theme.icon)
            self.setIconSize(QSize(side, side))
            self.setIcon(icon(self._symbol, colour, disabled))
        else:
            gap = theme.space
            self.setIconSize(QSize(theme.icon + gap, theme.icon))
            self.setIcon(icon_beside_text(self._symbol, colour, disabled, theme.icon, gap))

    def setChecked(self, checked: bool) -> None:
        super().setChecked(checked)
        self.dress(self.theme)

    def _colour(self) -> str:
        palette = self.theme.palette
        if self.kind == "segment":
            return palette.on_primary if self.isChecked() else palette.ink
        of_kind = {
            "primary": palette.on_primary, "record": palette.on_record, "danger": palette.record,
            "quiet": palette.primary, "icon": palette.primary,
        }  # fmt: skip
        return of_kind.get(self.kind, palette.primary)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key_Return, Qt.Key_Enter) and not event.isAutoRepeat():
            self.click()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        paint_focus(self, self.theme)


def paint_focus(widget: QWidget, theme: Theme) -> None:
    """The ring, in a paint event of a widget that has the focus; only while the window is used by keys."""
    if not widget.hasFocus() or not widget.window().property("by_keys"):
        return
    painter = QPainter(widget)
    painter.setRenderHint(QPainter.Antialiasing)
    inset = RING_PX / 2
    rect = QRectF(widget.rect()).adjusted(inset, inset, -inset, -inset)
    for colour, width in ((theme.palette.shade, RING_PX), (theme.palette.focus, RING_PX - 1)):
        painter.setPen(QPen(QColor(colour), width))
        painter.drawRoundedRect(rect, theme.radius, theme.radius)
    painter.end()
