"""Photos or recordings to choose from, scrolled by a finger."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, Optional, Tuple

from PyQt5.QtCore import QModelIndex, QRect, QRectF, QSize, Qt, pyqtSignal
from PyQt5.QtGui import QColor, QPainter, QPainterPath, QPixmap
from PyQt5.QtWidgets import QListView, QListWidgetItem, QStyle, QStyleOptionViewItem

from ...feeds import Medium
from ..icons import icon
from .images import COVER, fitted, image_of
from .touch_list import ItemPainter, TouchList, outline, rounded

COLUMNS = 4
UPRIGHT_COLUMNS = 3
MEDIUM_ROLE = Qt.UserRole
PICTURE_ROLE = Qt.UserRole + 1


class MediaList(TouchList):
    """``photos``: tiles with thumbnails; else rows with a name and a length."""

    picked = pyqtSignal(object)
    """The `Path` that was touched, or chosen by Enter."""

    def __init__(self, photos: bool) -> None:
        super().__init__(_Tile if photos else _Recording)
        self._photos = photos
        self._files: Tuple[Medium, ...] = ()
        self.setResizeMode(QListView.Adjust)
        if photos:
            self.setViewMode(QListView.IconMode)
            self.setMovement(QListView.Static)

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
        self.measure()
        self.verticalScrollBar().setValue(scrolled)

    def forget(self) -> None:
        self.show_files(())

    def choose(self, item: QListWidgetItem) -> None:
        self.picked.emit(item.data(MEDIUM_ROLE).path)

    def item_size(self) -> QSize:
        theme = self.theme
        room = self.viewport().width() - theme.space
        if not self._photos:
            return QSize(room, max(theme.target, round(2.6 * theme.body)) + theme.space)
        side = max(2 * theme.target, room // (UPRIGHT_COLUMNS if theme.upright else COLUMNS))
        return QSize(side, side)

    def measure(self) -> None:
        super().measure()
        if self._photos:
            self.setGridSize(self.item_size())

    def _picture(self, medium: Medium) -> Optional[QPixmap]:
        return None if medium.thumbnail is None else QPixmap.fromImage(image_of(medium.thumbnail))


class _MediumPainter(ItemPainter):
    def paint_item(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex, focused: bool) -> None:
        theme = self.theme
        gap = theme.half_space
        rect = option.rect.adjusted(gap, gap, -gap, -gap)
        path = rounded(QRectF(rect), theme.radius)
        self.paint_medium(painter, path, rect, index)
        pressed = focused or option.state & QStyle.State_Selected
        outline(painter, path, theme.palette.focus if pressed else theme.palette.line, 4 if pressed else theme.edge)

    def paint_medium(self, painter: QPainter, path: QPainterPath, rect: QRect, index: QModelIndex) -> None:
        """All but the line around it."""
        raise NotImplementedError


class _Tile(_MediumPainter):
    def paint_medium(self, painter: QPainter, path: QPainterPath, rect: QRect, index: QModelIndex) -> None:
        painter.fillPath(path, QColor(self.theme.palette.shade))
        picture: Optional[QPixmap] = index.data(PICTURE_ROLE)
        if picture is not None:
            painter.setClipPath(path)
            painter.drawPixmap(fitted(picture.size(), rect, COVER), picture)
            painter.setClipping(False)


class _Recording(_MediumPainter):
    def paint_medium(self, painter: QPainter, path: QPainterPath, rect: QRect, index: QModelIndex) -> None:
        theme = self.theme
        medium: Medium = index.data(MEDIUM_ROLE)
        painter.fillPath(path, QColor(theme.palette.surface))
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
