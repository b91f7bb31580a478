"""The course of a lecture: what has been seen, what can be seen, what is still being made, and where chapters begin."""

from __future__ import annotations

from typing import Any, Sequence, Tuple

from PyQt5.QtCore import QPointF, QRectF, QSize, Qt, pyqtSignal
from PyQt5.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPaintEvent
from PyQt5.QtWidgets import QSizePolicy, QWidget

from ..kiosk.widgets import Dressed

STEP_SECONDS, LEAP_SECONDS = 5.0, 60.0
"""Of an arrow key, of Page Up and Page Down."""


class Timeline(QWidget, Dressed):
    wanted = pyqtSignal(float)
    """Somebody wants to be at that second, which is ready."""

    def __init__(self) -> None:
        super().__init__()
        self.position = self.available = self.duration = 0.0
        """Seconds shown, ready, and in all."""
        self._chapters: Tuple[float, ...] = (0.0,)
        self.setFocusPolicy(Qt.StrongFocus)
        self.setSizePolicy(QSizePolicy.Expanding, QSizePolicy.Fixed)

    def show_course(self, position: float, available: float, duration: float) -> None:
        self.position, self.available = position, available
        self.duration = max(duration, available, position)
        self.update()

    def show_chapters(self, starts: Sequence[float]) -> None:
        self._chapters = tuple(starts)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(4 * self.theme.target, self.theme.target)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {
            Qt.Key_Left: -STEP_SECONDS, Qt.Key_Right: STEP_SECONDS, Qt.Key_PageDown: -LEAP_SECONDS,
            Qt.Key_PageUp: LEAP_SECONDS, Qt.Key_Home: -self.duration, Qt.Key_End: self.duration,
        }.get(event.key())  # type: ignore[call-overload]  # fmt: skip
        if step is None:
            super().keyPressEvent(event)
        else:
            self.move_by(step)

    def move_by(self, seconds: float) -> None:
        self._want(self.position + seconds)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._want(self._seconds_at(event.localPos()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._want(self._seconds_at(event.localPos()))

    def focusInEvent(self, event: Any) -> None:
        super().focusInEvent(event)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        palette, bar = self.theme.palette, self._bar()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.Antialiasing)
        shape = QPainterPath()
        shape.addRoundedRect(bar, bar.height() / 2, bar.height() / 2)
        painter.fillPath(shape, QColor(palette.line))
        painter.setClipPath(shape)
        painter.fillRect(self._part(0.0, self.available), _mixed(palette.primary, palette.line, 0.45))
        painter.fillRect(self._part(0.0, self.position), QColor(palette.primary))
        for start in self._chapters[1:]:
            at = self._x(start)
            painter.fillRect(QRectF(at - 1.5, bar.top(), 3, bar.height()), QColor(palette.background))
        painter.setClipping(False)
        self._paint_knob(painter, bar)

    # --- inside -------------------------------------------------------------------------------------------------------

    def _paint_knob(self, painter: QPainter, bar: QRectF) -> None:
        radius = bar.height() * 0.95
        painter.setPen(Qt.NoPen)
        focused = self.hasFocus() and self.window().property("by_keys")
        painter.setBrush(QColor(self.theme.palette.focus if focused else self.theme.palette.accent))
        painter.drawEllipse(QPointF(self._x(self.position), bar.center().y()), radius, radius)

    def _want(self, seconds: float) -> None:
        """The knob goes there at once; the picture follows."""
        self.position = min(max(seconds, 0.0), self.available)
        self.update()
        self.wanted.emit(self.position)

    def _bar(self) -> QRectF:
        thick = max(10.0, self.theme.body / 2)
        edge = thick
        return QRectF(edge, (self.height() - thick) / 2, max(1.0, self.width() - 2 * edge), thick)

    def _x(self, seconds: float) -> float:
        bar = self._bar()
        return bar.left() + bar.width() * (seconds / self.duration if self.duration else 0.0)

    def _seconds_at(self, point: QPointF) -> float:
        bar = self._bar()
        return self.duration * (point.x() - bar.left()) / bar.width()

    def _part(self, first: float, last: float) -> QRectF:
        bar = self._bar()
        return QRectF(self._x(first), bar.top(), self._x(last) - self._x(first), bar.height())


def _mixed(one: str, other: str, share: float) -> QColor:
    a, b = QColor(one), QColor(other)
    mixed = (round(share * x + (1 - share) * y) for x, y in zip(a.getRgb()[:3], b.getRgb()[:3]))
    return QColor(*mixed)


def clock(seconds: float) -> str:
    """As m:ss, or h:mm:ss."""
    whole = int(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes}:{whole % 60:02d}"
