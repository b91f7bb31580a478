"""Photos or recordings to choose from, scrolled by a finger."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Optional, Tuple

from PyQt5.QtCore import QModelIndex, QRect, QRectF, QSize, Qt, pyqtSignal
from PyQt5.QtGui import QColor, QKeyEvent, QPainter, QPainterPath, QPen, QPixmap
from PyQt5.QtWidgets import (
    QAbstractItemView,
    QListView,
    QListWidget,
    QListWidgetItem,
    QScroller,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from ...feeds import Medium
from ..icons import icon
from ..theme import Theme
from .dressed import Dressed
from .images import COVER, fitted, image_of

COLUMNS = 4
UPRIGHT_COLUMNS = 3
MEDIUM_ROLE = Qt.UserRole
PICTURE_ROLE = Qt.UserRole + 1


class MediaList(QListWidget, Dressed):
    """``photos``: tiles with thumbnails; else rows with a name and a length."""

    picked = pyqtSignal(object)
    """The `Path` that was touched, or chosen by Enter."""

    def __init__(self, photos: bool) -> None:
        super().__init__()
        self._photos = photos
        self._files: Tuple[Medium, ...] = ()
        self.setItemDelegate(_Painter(self, photos))
        self.setSelectionMode(QAbstractItemView.SingleSelection)
        self.setEditTriggers(QAbstractItemView.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarAlwaysOff)
        self.setResizeMode(QListView.Adjust)
        self.setUniformItemSizes(True)
        if photos:
            self.setViewMode(QListView.IconMode)
            self.setMovement(QListView.Static)
        QScroller.grabGesture(self.viewport(), QScroller.LeftMouseButtonGesture)
        self.itemClicked.connect(self._pick)

    def show_files(self, files: Tuple[Medium, ...]) -> None:
        """In this order; what was there stays where it is, so that nothing jumps away under a finger."""
        if files == self._files:
            return
        chosen = self.currentItem().data(MEDIUM_ROLE).path if self.currentItem() else None
        before: Dict[Path, QPixmap] = {}
        for row in range(self.count()):
            before[self.item(row).data(MEDIUM_ROLE).path] = self.item(row).data(PICTURE_ROLE)
        scrolled = self.verticalScrollBar().value()
        self.clear()
        for medium in files:
            item = QListWidgetItem()
            item.setData(MEDIUM_ROLE, medium)
            item.setData(Qt.AccessibleTextRole, medium.name)
            item.setData(PICTURE_ROLE, before.get(medium.path) or self._picture(medium))
            self.addItem(item)
            if medium.path == chosen:
                self.setCurrentItem(item)
        self._files = files
        self._measure()
        self.verticalScrollBar().setValue(scrolled)

    def forget(self) -> None:
        self.show_files(())

    def dress(self, theme: Theme) -> None:
        super().dress(theme)
        self._measure()

    def resizeEvent(self, event: Any) -> None:
        super().resizeEvent(event)
        self._measure()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key_Return, Qt.Key_Enter, Qt.Key_Space) and self.currentItem():
            self._pick(self.currentItem())
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: Any) -> None:
        super().focusInEvent(event)
        if self.currentItem() is None and self.count():
            self.setCurrentRow(0)

    def _pick(self, item: QListWidgetItem) -> None:
        self.picked.emit(item.data(MEDIUM_ROLE).path)

    def _picture(self, medium: Medium) -> Optional[QPixmap]:
        return None if medium.thumbnail is None else QPixmap.fromImage(image_of(medium.thumbnail))

    def _measure(self) -> None:
        theme = self.theme
        room = self.viewport().width() - theme.space
        if self._photos:
            columns = UPRIGHT_COLUMNS if theme.upright else COLUMNS
            side = max(2 * theme.target, room // columns)
            self.setGridSize(QSize(side, side))
            size = QSize(side, side)
        else:
            size = QSize(room, max(theme.target, round(2.6 * theme.body)) + theme.space)
        for row in range(self.count()):
            self.item(row).setSizeHint(size)


class _Painter(QStyledItemDelegate):
    def __init__(self, of_list: MediaList, photos: bool) -> None:
        super().__init__(of_list)
        self._list, self._photos = of_list, photos

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        theme = self._list.theme
        medium: Medium = index.data(MEDIUM_ROLE)
        gap = theme.half_space
        rect = option.rect.adjusted(gap, gap, -gap, -gap)
        path = QPainterPath()
        path.addRoundedRect(QRectF(rect), theme.radius, theme.radius)
        painter.save()
        painter.setRenderHint(QPainter.Antialiasing)
        painter.setRenderHint(QPainter.SmoothPixmapTransform)
        painter.fillPath(path, QColor(theme.palette.shade if self._photos else theme.palette.surface))
        if self._photos:
            self._paint_photo(painter, path, rect, index.data(PICTURE_ROLE))
        else:
            self._paint_recording(painter, rect, medium)
        focused = option.state & QStyle.State_HasFocus and self._list.window().property("by_keys")
        pressed = focused or option.state & QStyle.State_Selected
        painter.setPen(
            QPen(QColor(theme.palette.focus if pressed else theme.palette.line), 4 if pressed else theme.edge)
        )
        painter.setBrush(Qt.NoBrush)
        painter.drawPath(path)
        painter.restore()

    def _paint_photo(self, painter: QPainter, path: QPainterPath, rect: QRect, picture: Optional[QPixmap]) -> None:
        painter.setClipPath(path)
        if picture is not None:
            painter.drawPixmap(fitted(picture.size(), rect, COVER), picture)
        painter.setClipping(False)

    def _paint_recording(self, painter: QPainter, rect: QRect, medium: Medium) -> None:
        theme = self._list.theme
        side = theme.icon
        symbol = QRect(rect.left() + theme.padding, rect.center().y() - side // 2, side, side)
        icon("sound", theme.palette.primary).paint(painter, symbol)
        painter.setPen(QColor(theme.palette.muted))
        length = "" if medium.seconds is None else f"{int(medium.seconds) // 60}:{int(medium.seconds) % 60:02d}"
        words = rect.adjusted(theme.padding + side + theme.space, 0, -theme.padding, 0)
        painter.drawText(words, Qt.AlignRight | Qt.AlignVCenter, length)
        metrics = painter.fontMetrics()
        room = words.width() - metrics.horizontalAdvance(length) - theme.padding
        painter.setPen(QColor(theme.palette.ink))
        name = metrics.elidedText(medium.name, Qt.ElideMiddle, room)
        painter.drawText(words, Qt.AlignLeft | Qt.AlignVCenter, name)
