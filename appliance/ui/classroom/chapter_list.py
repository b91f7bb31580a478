"""The chapters to choose from."""

from __future__ import annotations

from typing import Any, Callable, Sequence, Tuple

from PyQt5.QtCore import QRect, QSize, Qt, pyqtSignal
from PyQt5.QtGui import QColor, QKeyEvent, QPainter
from PyQt5.QtWidgets import (
    QAbstractItemView,
    QListWidget,
    QListWidgetItem,
    QScroller,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from ..kiosk.widgets import Dressed
from .chapters import chapter_at
from .timeline import clock

START_ROLE = Qt.UserRole


class ChapterList(QListWidget, Dressed):
    """``name``: how chapter n, from 1, is called."""

    chosen = pyqtSignal(float)
    """Its first second."""

    def __init__(self, name: Callable[[int], str]) -> None:
        super().__init__()
        self._name = name
        self._starts: Tuple[float, ...] = ()
        self.now = 0
        """The chapter that is played, from 0."""
        self.available = 0.0
        self.setItemDelegate(_Painter(self))
        self.setSelectionMode(QAbstractItemView.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarAlwaysOff)
        self.setUniformItemSizes(True)
        QScroller.grabGesture(self.viewport(), QScroller.LeftMouseButtonGesture)
        self.itemClicked.connect(self._choose)

    def show_chapters(self, starts: Sequence[float]) -> None:
        """New ones come at the end."""
        if tuple(starts[: len(self._starts)]) != self._starts:
            self.clear()
            self._starts = ()
        for start in starts[len(self._starts) :]:
            item = QListWidgetItem()
            item.setData(START_ROLE, start)
            self.addItem(item)
        self._starts = tuple(starts)
        self.speak()
        self._measure()

    def show_position(self, position: float, available: float) -> None:
        now = chapter_at(self._starts, position) if self._starts else 0
        newly_ready = any(self.available <= start < available for start in self._starts)
        self.available = available
        if now != self.now or newly_ready:
            if now != self.now and now < self.count():
                self.scrollToItem(self.item(now))
            self.now = now
            self.viewport().update()

    def speak(self) -> None:
        for row in range(self.count()):
            item = self.item(row)
            words = f"{self._name(row + 1)}, {clock(item.data(START_ROLE))}"
            item.setText(self._name(row + 1))
            item.setData(Qt.AccessibleTextRole, words)

    def dress(self, theme: Any) -> None:
        super().dress(theme)
        self._measure()

    def resizeEvent(self, event: Any) -> None:
        super().resizeEvent(event)
        self._measure()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key_Return, Qt.Key_Enter) and self.currentItem():
            self._choose(self.currentItem())
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: Any) -> None:
        super().focusInEvent(event)
        if self.currentItem() is None and self.count():
            self.setCurrentRow(self.now)

    def _choose(self, item: QListWidgetItem) -> None:
        if item.data(START_ROLE) < self.available:
            self.chosen.emit(item.data(START_ROLE))

    def _measure(self) -> None:
        size = QSize(self.viewport().width(), self.theme.target)
        for row in range(self.count()):
            self.item(row).setSizeHint(size)


class _Painter(QStyledItemDelegate):
    def __init__(self, of_list: ChapterList) -> None:
        super().__init__(of_list)
        self._list = of_list

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Any) -> None:
        theme = self._list.theme
        palette = theme.palette
        start: float = index.data(START_ROLE)
        rect: QRect = option.rect.adjusted(0, 2, 0, -2)
        now, ready = index.row() == self._list.now, start < self._list.available
        painter.save()
        painter.setRenderHint(QPainter.Antialiasing)
        if now:
            painter.setPen(Qt.NoPen)
            painter.setBrush(QColor(palette.primary_soft))
            painter.drawRoundedRect(rect, theme.radius, theme.radius)
        if option.state & QStyle.State_HasFocus and self._list.window().property("by_keys"):
            painter.setPen(QColor(palette.focus))
            painter.setBrush(Qt.NoBrush)
            painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), theme.radius, theme.radius)
        words = rect.adjusted(theme.space, 0, -theme.space, 0)
        painter.setPen(QColor(palette.primary if now else palette.ink if ready else palette.disabled))
        painter.drawText(words, Qt.AlignLeft | Qt.AlignVCenter, index.data(Qt.DisplayRole))
        painter.setPen(QColor(palette.muted if ready else palette.disabled))
        painter.drawText(words, Qt.AlignRight | Qt.AlignVCenter, clock(start))
        painter.restore()
