"""Recent lectures, to be watched again or to the end, and those that are still being made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Optional, Sequence

from PyQt5.QtCore import QDateTime, QLocale, QModelIndex, QPoint, QRect, QRectF, QSize, Qt, pyqtSignal
from PyQt5.QtGui import QColor, QPainter, QPixmap
from PyQt5.QtWidgets import QAbstractItemView, QListWidgetItem, QStyleOptionViewItem

from ..kiosk.icons import icon
from ..kiosk.widgets.images import COVER, fitted
from ..kiosk.widgets.touch_list import ItemPainter, TouchList, outline, rounded
from .archive import Lecture
from .timeline import clock

ROW_ROLE = Qt.UserRole
LOCALES = {"zh": QLocale(QLocale.Chinese, QLocale.China), "en": QLocale(QLocale.English, QLocale.UnitedKingdom)}


@dataclass(frozen=True)
class Row:
    """``note``: how it stands with the lecture, in words; ``share``: of the bar below them, of what was seen or, while
    it is being made, of what is ready."""

    lecture: Lecture
    note: str
    share: float = 0.0
    picture: Optional[QPixmap] = None

    @property
    def symbol(self) -> str:
        if self.lecture.failure is not None:
            return "warning"
        return "play" if self.lecture.begun else "wait"


class LectureList(TouchList):
    chosen = pyqtSignal(object)
    """The `Lecture`."""

    def __init__(self) -> None:
        super().__init__(_Painter)
        self.language = "zh"
        self.setSelectionMode(QAbstractItemView.NoSelection)

    def show_rows(self, rows: Sequence[Row]) -> None:
        """The lectures that were there before keep their items, so that nothing is lost under a finger or the keys."""
        jobs = [row.lecture.job for row in rows]
        for at in reversed(range(self.count())):
            if self._job(at) not in jobs:
                self.takeItem(at)
        for at, row in enumerate(rows):
            if self._job(at) != row.lecture.job:
                self.insertItem(at, self._taken(row.lecture.job, at) or QListWidgetItem())
            self._fill(self.item(at), row)
        self.measure()

    def choose(self, item: QListWidgetItem) -> None:
        self.chosen.emit(item.data(ROW_ROLE).lecture)

    def item_size(self) -> QSize:
        theme = self.theme
        return QSize(self.viewport().width(), max(theme.target, round(3.4 * theme.body)) + theme.space)

    def jobs(self) -> List[str]:
        return [self._job(at) for at in range(self.count())]

    def _job(self, at: int) -> str:
        job: str = self.item(at).data(ROW_ROLE).lecture.job if at < self.count() else ""
        return job

    def _taken(self, job: str, first: int) -> Optional[QListWidgetItem]:
        """The item of that lecture, from further down."""
        return next((self.takeItem(at) for at in range(first, self.count()) if self._job(at) == job), None)

    def _fill(self, item: QListWidgetItem, row: Row) -> None:
        lecture = row.lecture
        if row == item.data(ROW_ROLE) and item.text() == self._when(lecture):
            return
        item.setText(self._when(lecture))
        item.setData(ROW_ROLE, row)
        length = [clock(lecture.seconds)] if lecture.seconds else []
        item.setData(Qt.AccessibleTextRole, ", ".join((self._when(lecture), *length, row.note)))

    def _when(self, lecture: Lecture) -> str:
        moment = QDateTime.fromMSecsSinceEpoch(int(1000 * lecture.made))
        return LOCALES[self.language].toString(moment, QLocale.ShortFormat)


class _Painter(ItemPainter):
    def paint_item(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex, focused: bool) -> None:
        theme, palette = self.theme, self.theme.palette
        row: Row = index.data(ROW_ROLE)
        rect: QRect = option.rect.adjusted(2, 2, -2, -theme.half_space)
        path = rounded(QRectF(rect), theme.radius)
        painter.fillPath(path, QColor(palette.surface))
        outline(painter, path, palette.focus if focused else palette.line, 3 if focused else palette.border)
        side = rect.height() - 2 * theme.half_space
        corner = rect.topLeft() + QPoint(theme.half_space, theme.half_space)
        self._paint_picture(painter, QRect(corner, QSize(side, side)), row)
        words = rect.adjusted(side + theme.half_space + theme.space, theme.half_space, -theme.space, -theme.half_space)
        self._paint_words(painter, words, index.data(Qt.DisplayRole), row)

    def _paint_picture(self, painter: QPainter, room: QRect, row: Row) -> None:
        palette = self.theme.palette
        path = rounded(QRectF(room), self.theme.radius / 2)
        painter.fillPath(path, QColor(palette.primary_soft if row.picture is None else palette.shade))
        side = min(self.theme.icon, room.width() // 2)
        if row.picture is None:
            symbol = QRect(0, 0, side, side)
            symbol.moveCenter(room.center())
            icon(row.symbol, palette.warn if row.lecture.failure else palette.primary).paint(painter, symbol)
            return
        painter.setClipPath(path)
        painter.drawPixmap(fitted(row.picture.size(), room, COVER), row.picture)
        painter.setClipping(False)

    def _paint_words(self, painter: QPainter, words: QRect, when: str, row: Row) -> None:
        theme, palette = self.theme, self.theme.palette
        lecture = row.lecture
        bar_height = max(3, theme.quarter_space)
        lines = words.adjusted(0, 0, 0, -bar_height - theme.quarter_space)
        painter.setPen(QColor(palette.ink))
        painter.drawText(lines, Qt.AlignLeft | Qt.AlignTop, when)
        small = painter.font()
        small.setPixelSize(theme.small)
        painter.setFont(small)
        painter.setPen(QColor(palette.warn if lecture.failure else palette.muted))
        length = clock(lecture.seconds) if lecture.seconds else ""
        metrics = painter.fontMetrics()
        room = lines.width() - metrics.horizontalAdvance(length) - theme.space
        painter.drawText(lines, Qt.AlignRight | Qt.AlignBottom, length)
        painter.drawText(lines, Qt.AlignLeft | Qt.AlignBottom, metrics.elidedText(row.note, Qt.ElideRight, room))
        if row.share > 0:
            bar = QRect(words.left(), words.bottom() - bar_height, words.width(), bar_height)
            painter.fillRect(bar, QColor(palette.track))
            done = bar.adjusted(0, 0, -round(bar.width() * (1 - min(row.share, 1.0))), 0)
            painter.fillRect(done, QColor(palette.accent if lecture.finished else palette.primary))
