"""What somebody in front of the screen would complain about: cut words, things over each other, too small to hit."""

from __future__ import annotations

from typing import Iterator, List, Tuple

from PyQt5.QtCore import QPoint, QRect, Qt
from PyQt5.QtWidgets import QAbstractButton, QLabel, QListWidget, QWidget

from appliance.ui.kiosk.widgets.overlay import Overlay
from appliance.ui.kiosk.window import KioskWindow

SLACK_PX = 2
"""Antialiased edges of letters."""


def place(widget: QWidget, window: QWidget) -> QRect:
    return QRect(widget.mapTo(window, QPoint(0, 0)), widget.size())


def foremost(window: KioskWindow) -> Iterator[QWidget]:
    """What is seen and can be used: below an overlay nothing can."""
    overlays = [overlay for overlay in window.findChildren(Overlay) if overlay.isVisible()]
    root: QWidget = overlays[-1] if overlays else window
    for widget in root.findChildren(QWidget):
        if widget.isVisible() and not (root is window and window.toast.isAncestorOf(widget)):
            yield widget


def texts(window: KioskWindow) -> List[QWidget]:
    kinds = (QLabel, QAbstractButton)
    return [widget for widget in foremost(window) if isinstance(widget, kinds) and widget.text()]


def controls(window: KioskWindow) -> List[QWidget]:
    """All that does something when it is touched."""
    return [widget for widget in foremost(window) if isinstance(widget, (QAbstractButton, QListWidget))]


def cut(widget: QWidget) -> str:
    """How much of its text does not fit; empty where all does."""
    room, metrics = widget.contentsRect(), widget.fontMetrics()
    if isinstance(widget, QAbstractButton):
        wanted = widget.sizeHint()
        lacks = max(wanted.width() - widget.width(), wanted.height() - widget.height())
        return f"{lacks} px too small" if lacks > 0 else ""
    assert isinstance(widget, QLabel)
    flags = int(widget.alignment()) | (Qt.TextWordWrap if widget.wordWrap() else 0)
    needed = metrics.boundingRect(QRect(0, 0, room.width(), 1 << 20), flags, widget.text())
    lacks = max(needed.width() - room.width(), needed.height() - room.height())
    return f"{lacks} px too small" if lacks > SLACK_PX else ""


def complaints(window: KioskWindow) -> List[str]:
    """About the words."""
    found = []
    shown = texts(window)
    for widget in shown:
        lack = cut(widget)
        if lack:
            found.append(f"{widget.text()!r}: {lack}")
        rect, ancestor = place(widget, window), widget.parentWidget()
        while ancestor is not None:
            if not place(ancestor, window).contains(rect):
                found.append(f"{widget.text()!r} goes beyond its {type(ancestor).__name__}")
                break
            ancestor = ancestor.parentWidget() if ancestor is not window else None
    for first, second in _pairs(shown):
        over = place(first, window) & place(second, window)
        if min(over.width(), over.height()) > SLACK_PX:
            found.append(f"{first.text()!r} lies over {second.text()!r}")
    return found


def small(window: KioskWindow) -> List[str]:
    """Controls that a finger would miss."""
    target = window.theme.target
    return [
        f"{widget.accessibleName()!r}: {widget.width()} × {widget.height()} px, {target} needed"
        for widget in controls(window)
        if min(widget.width(), widget.height()) < target
    ]


def _pairs(widgets: List[QWidget]) -> Iterator[Tuple[QWidget, QWidget]]:
    for number, first in enumerate(widgets):
        for second in widgets[number + 1 :]:
            yield first, second
