"""How far the visit has come: photo, voice, video."""

from __future__ import annotations

from typing import List, Sequence, Tuple

from PyQt5.QtCore import QEasingCurve, QRectF, QSize, Qt, QVariantAnimation
from PyQt5.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPaintEvent
from PyQt5.QtWidgets import QSizePolicy, QWidget

from .dressed import Dressed

GLIDE_MS = 280


class Steps(QWidget, Dressed):
    """Names with a line below that grows to where the visitor is. Looked at, not touched."""

    def __init__(self) -> None:
        super().__init__()
        self._names: Sequence[str] = ("", "", "")
        self._step = -1
        self._reached = 0.0
        self._glide = QVariantAnimation(self)
        self._glide.setDuration(GLIDE_MS)
        self._glide.setEasingCurve(QEasingCurve.OutCubic)
        self._glide.valueChanged.connect(self._move)
        self.setSizePolicy(QSizePolicy.Expanding, QSizePolicy.Fixed)

    def show_names(self, names: Sequence[str]) -> None:
        self._names = names
        self._describe()
        self.update()

    def show_step(self, step: int) -> None:
        """From 0; -1: none, nothing is shown."""
        if step == self._step:
            return
        self._step = step
        self._describe()
        self._glide.stop()
        self._glide.setStartValue(self._reached)
        self._glide.setEndValue((step + 1) / len(self._names))
        self._glide.start()

    def sizeHint(self) -> QSize:
        return QSize(4 * self.theme.target, self.theme.target)

    def minimumSizeHint(self) -> QSize:
        return QSize(self.theme.target, self.theme.target)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._step < 0:
            return
        palette = self.theme.palette
        painter = QPainter(self)
        painter.setRenderHint(QPainter.Antialiasing)
        line = max(4.0, self.theme.space / 2)
        room = QRectF(0, 0, self.width(), self.height() - 1.5 * line)
        shown = self._with_room(room)
        for number, name in shown:
            painter.setFont(self._letters(number == self._step))
            painter.setPen(QColor(palette.primary if number <= self._step else palette.muted))
            part = room.width() / len(shown)
            words = room if len(shown) == 1 else QRectF(number * part, 0, part, room.height())
            painter.drawText(words, Qt.AlignCenter, name)
        painter.setPen(Qt.NoPen)
        for colour, share in ((palette.track, 1.0), (palette.primary, self._reached)):
            painter.setBrush(QColor(colour))
            track = QRectF(0, self.height() - 1.6 * line, share * self.width(), line)
            painter.drawRoundedRect(track, line / 2, line / 2)

    def _with_room(self, room: QRectF) -> List[Tuple[int, str]]:
        """All the names, or on a narrow screen where the visitor is alone."""
        every = list(enumerate(self._names))
        widest = max(QFontMetricsF(self._letters(True)).horizontalAdvance(name) for name in self._names)
        return every if widest < room.width() / len(every) else [every[self._step]]

    def _letters(self, bold: bool) -> QFont:
        font = QFont(self.font())
        font.setPixelSize(self.theme.small)
        font.setBold(bold)
        return font

    def _describe(self) -> None:
        self.setAccessibleName(self._names[self._step] if self._step >= 0 else "")

    def _move(self, reached: float) -> None:
        self._reached = reached
        self.update()
