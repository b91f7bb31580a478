"""Lectures made before, to be watched again or to the end."""

from __future__ import annotations

from typing import Callable, List, Sequence, Tuple

from PyQt5.QtCore import QDateTime, QLocale, QModelIndex, QRect, QRectF, QSize, Qt, pyqtSignal
from PyQt5.QtGui import QColor, QPainter
from PyQt5.QtWidgets import QAbstractItemView, QListWidgetItem, QStyleOptionViewItem

from ..kiosk.icons import icon
from ..kiosk.widgets.touch_list import ItemPainter, TouchList, outline, rounded
from .archive import Lecture
from .timeline import clock

LECTURE_ROLE = Qt.UserRole
NOTE_ROLE = Qt.UserRole + 1
SHARE_ROLE = Qt.UserRole + 2
LOCALES = {"zh": QLocale(QLocale.Chinese, QLocale.China), "en": QLocale(QLocale.English, QLocale.UnitedKingdom)}


class LectureList(TouchList):
    chosen = pyqtSignal(object)
    """The `Lecture`."""

    def __init__(self) -> None:
        super().__init__(_Row)
        self._rows: List[Tuple[Lecture, str, float]] = []
        self.language = "zh"
        self.setSelectionMode(QAbstractItemView.NoSelection)

    def show_lectures(
        self, lectures: Sequence[Lecture], place: Callable[[Lecture], float], note: Callable[[Lecture, float], str]
    ) -> None:
        """``place``: where one was left, s; ``note``: what to say of that."""
        places = [place(lecture) for lecture in lectures]
        rows = [(lecture, note(lecture, at), at) for lecture, at in zip(lectures, places)]
        if rows == self._rows:
            return
        self._rows = rows
        scrolled = self.verticalScrollBar().value()
        self.clear()
        for lecture, words, at in rows:
            item = QListWidgetItem(self._when(lecture))
            item.setData(LECTURE_ROLE, lecture)
            item.setData(NOTE_ROLE, words)
            item.setData(SHARE_ROLE, at / lecture.seconds if lecture.seconds else 0.0)
            item.setData(Qt.AccessibleTextRole, ", ".join((self._when(lecture), clock(lecture.seconds), words)))
            self.addItem(item)
        self.measure()
        self.verticalScrollBar().setValue(scrolled)

    def choose(self, item: QListWidgetItem) -> None:
        self.chosen.emit(item.data(LECTURE_ROLE))

    def item_size(self) -> QSize:
        theme = self.theme
        return QSize(self.viewport().width(), max(theme.target, round(3.4 * theme.body)) + theme.space)

    def _when(self, lecture: Lecture) -> str:
        moment = QDateTime.fromMSecsSinceEpoch(int(1000 * lecture.made))
        return LOCALES[self.language].toString(moment, QLocale.ShortFormat)


class _Row(ItemPainter):
    def paint_item(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex, focused: bool) -> None:
        theme, palette = self.theme, self.theme.palette
        lecture: Lecture = index.data(LECTURE_ROLE)
        rect: QRect = option.rect.adjusted(2, 2, -2, -theme.half_space)
        path = rounded(QRectF(rect), theme.radius)
        painter.fillPath(path, QColor(palette.surface))
        outline(painter, path, palette.focus if focused else palette.line, 3 if focused else palette.border)
        side = theme.icon
        icon("play", palette.primary).paint(
            painter, QRect(rect.left() + theme.space, rect.center().y() - side // 2, side, side)
        )
        words = rect.adjusted(2 * theme.space + side, theme.half_space, -theme.space, -theme.half_space)
        painter.setPen(QColor(palette.ink))
        painter.drawText(words, Qt.AlignLeft | Qt.AlignTop, index.data(Qt.DisplayRole))
        painter.setPen(QColor(palette.muted))
        small = painter.font()
        small.setPixelSize(theme.small)
        painter.setFont(small)
        painter.drawText(words, Qt.AlignRight | Qt.AlignBottom, clock(lecture.seconds))
        painter.drawText(words, Qt.AlignLeft | Qt.AlignBottom, index.data(NOTE_ROLE))
        share = min(index.data(SHARE_ROLE), 1.0)
        if share > 0:
            height = max(3, theme.quarter_space)
            bar = QRect(rect.left() + theme.radius, rect.bottom() - height, rect.width() - 2 * theme.radius, height)
            painter.fillRect(bar, QColor(palette.line))
            painter.fillRect(bar.adjusted(0, 0, -round(bar.width() * (1 - share)), 0), QColor(palette.accent))
