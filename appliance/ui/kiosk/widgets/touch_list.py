"""A list of things to touch: scrolled by a finger, used by keys too, its items painted by hand."""

from __future__ import annotations

from typing import Any, Callable, Tuple

from PyQt5.QtCore import QModelIndex, QRectF, QSize, Qt
from PyQt5.QtGui import QColor, QKeyEvent, QPainter, QPainterPath, QPen
from PyQt5.QtWidgets import (
    QAbstractItemView,
    QListWidget,
    QListWidgetItem,
    QScroller,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from ..theme import Theme
from .dressed import Dressed


class TouchList(QListWidget, Dressed):
    CHOOSING: Tuple[int, ...] = (Qt.Key_Return, Qt.Key_Enter, Qt.Key_Space)
    """Keys."""

    def __init__(self, painter: Callable[[Any], ItemPainter]) -> None:
        """``painter``: made with this list."""
        super().__init__()
        self.setItemDelegate(painter(self))
        self.setSelectionMode(QAbstractItemView.SingleSelection)
        self.setEditTriggers(QAbstractItemView.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarAlwaysOff)
        self.setUniformItemSizes(True)
        QScroller.grabGesture(self.viewport(), QScroller.LeftMouseButtonGesture)
        self.itemClicked.connect(self.choose)

    def choose(self, item: QListWidgetItem) -> None:
        """It was touched, or a key chose it."""
        raise NotImplementedError

    def item_size(self) -> QSize:
        """Of every item, in the theme and the room there is."""
        raise NotImplementedError

    def first_row(self) -> int:
        """Where the keyboard begins."""
        return 0

    def measure(self) -> None:
        """To be called when there are new items."""
        size = self.item_size()
        for row in range(self.count()):
            self.item(row).setSizeHint(size)

    def dress(self, theme: Theme) -> None:
        super().dress(theme)
        self.measure()

    def resizeEvent(self, event: Any) -> None:
        super().resizeEvent(event)
        self.measure()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in self.CHOOSING and self.currentItem():
            self.choose(self.currentItem())
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: Any) -> None:
        super().focusInEvent(event)
        if self.currentItem() is None and self.count():
            self.setCurrentRow(self.first_row())


class ItemPainter(QStyledItemDelegate):
    """Of one `TouchList`."""

    def __init__(self, of_list: TouchList) -> None:
        super().__init__(of_list)
        self._of_list = of_list

    @property
    def theme(self) -> Theme:
        return self._of_list.theme

    def paint_item(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex, focused: bool) -> None:
        """``focused``: by the keyboard, which is to be seen."""
        raise NotImplementedError

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        focused = bool(option.state & QStyle.State_HasFocus) and bool(self._of_list.window().property("by_keys"))
        painter.save()
        painter.setRenderHint(QPainter.Antialiasing)
        painter.setRenderHint(QPainter.SmoothPixmapTransform)
        self.paint_item(painter, option, index, focused)
        painter.restore()


def rounded(rect: QRectF, radius: float) -> QPainterPath:
    path = QPainterPath()
    path.addRoundedRect(rect, radius, radius)
    return path


def outline(painter: QPainter, path: QPainterPath, colour: str, width: float) -> None:
    painter.setPen(QPen(QColor(colour), width))
    painter.setBrush(Qt.NoBrush)
    painter.drawPath(path)
