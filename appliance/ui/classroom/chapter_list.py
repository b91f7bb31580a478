"""The chapters to choose from."""

from __future__ import annotations

from typing import Callable, Sequence, Tuple

from PyQt5.QtCore import QModelIndex, QRect, QRectF, QSize, Qt, pyqtSignal
from PyQt5.QtGui import QColor, QPainter
from PyQt5.QtWidgets import QListWidgetItem, QStyleOptionViewItem

from ..kiosk.widgets.touch_list import ItemPainter, TouchList, outline, rounded
from .chapters import chapter_at
from .timeline import clock

START_ROLE = Qt.UserRole


class ChapterList(TouchList):
    """``name``: how chapter n, from 1, is called."""

    CHOOSING = (Qt.Key_Return, Qt.Key_Enter)
    """The space bar pauses the lecture."""
    chosen = pyqtSignal(float)
    """Its first second."""

    def __init__(self, name: Callable[[int], str]) -> None:
        super().__init__(_Chapter)
        self._name = name
        self._starts: Tuple[float, ...] = ()
        self.now = 0
        """The chapter that is played, from 0."""
        self.available = 0.0

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
        self.measure()

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

    def choose(self, item: QListWidgetItem) -> None:
        if item.data(START_ROLE) < self.available:
            self.chosen.emit(item.data(START_ROLE))

    def item_size(self) -> QSize:
        return QSize(self.viewport().width(), self.theme.target)

    def first_row(self) -> int:
        return self.now


class _Chapter(ItemPainter):
    def __init__(self, of_list: ChapterList) -> None:
        super().__init__(of_list)
        self._list = of_list

    def paint_item(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex, focused: bool) -> None:
        theme, palette = self.theme, self.theme.palette
        start: float = index.data(START_ROLE)
        rect: QRect = option.rect.adjusted(0, 2, 0, -2)
        now, ready = index.row() == self._list.now, start < self._list.available
        if now:
            painter.fillPath(rounded(QRectF(rect), theme.radius), QColor(palette.primary_soft))
        if focused:
            outline(painter, rounded(QRectF(rect.adjusted(1, 1, -1, -1)), theme.radius), palette.focus, 2)
        words = rect.adjusted(theme.space, 0, -theme.space, 0)
        painter.setPen(QColor(palette.primary if now else palette.ink if ready else palette.disabled))
        painter.drawText(words, Qt.AlignLeft | Qt.AlignVCenter, index.data(Qt.DisplayRole))
        painter.setPen(QColor(palette.muted if ready else palette.disabled))
        painter.drawText(words, Qt.AlignRight | Qt.AlignVCenter, clock(start))
