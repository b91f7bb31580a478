"""The picture in a small window above everything else, so that the blackboard can be written on."""

from __future__ import annotations

from typing import Callable, Optional

from PyQt5.QtCore import QPoint, Qt, pyqtSignal
from PyQt5.QtGui import QKeyEvent, QMouseEvent
from PyQt5.QtWidgets import QApplication, QFrame, QHBoxLayout, QVBoxLayout, QWidget

from ..kiosk.theme import Theme
from ..kiosk.video_view import VideoView
from ..kiosk.widgets import Button
from ..kiosk.widgets.dressed import dress_all
from .places import CORNERS, SIZES, Rect, nearest_corner, next_of, placed

BUTTONS = 4


class FloatingWindow(QWidget):
    """Dragged, it settles in the nearest corner. It takes a video view from elsewhere, and gives it back."""

    back = pyqtSignal()
    """To the whole lecture."""
    pause = pyqtSignal()

    def __init__(self, words: Callable[[str], str]) -> None:
        """``words``: of the texts "classroom.NAME"."""
        # No window manager is assumed: where there is none, a window is in front because it says so itself.
        super().__init__(None, Qt.FramelessWindowHint | Qt.WindowStaysOnTopHint | Qt.X11BypassWindowManagerHint)
        self.setObjectName("window")
        self.setAttribute(Qt.WA_StyledBackground)
        self._words = words
        self.size_name, self.corner = "medium", "bottom_right"
        self._video: Optional[VideoView] = None
        self._held: Optional[QPoint] = None
        self._theme = Theme()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._bar = QFrame()
        self._bar.setProperty("role", "bar")
        self._row = QHBoxLayout(self._bar)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(0)
        self.play, self.size_button, self.corner_button, self.full = (
            Button("icon", symbol) for symbol in ("pause", "resize", "corner", "full")
        )
        for button in (self.play, self.size_button, self.corner_button, self.full):
            self._row.addWidget(button, 1)
        self._column.addWidget(self._bar)
        self.play.clicked.connect(self.pause)
        self.size_button.clicked.connect(lambda: self.show_at(next_of(tuple(SIZES), self.size_name), self.corner))
        self.corner_button.clicked.connect(lambda: self.show_at(self.size_name, next_of(CORNERS, self.corner)))
        self.full.clicked.connect(self.back)

    def dress(self, theme: Theme) -> None:
        self._theme = theme
        self.setStyleSheet(theme.sheet())
        dress_all(self, theme)
        for button, key in (
            (self.size_button, "pip_size"), (self.corner_button, "pip_corner"), (self.full, "pip_back"),
        ):  # fmt: skip
            button.setAccessibleName(self._words(f"classroom.{key}"))
        self.setAccessibleName(self._words("classroom.pip"))
        self.setWindowTitle(self._words("classroom.pip"))

    def show_paused(self, paused: bool) -> None:
        self.play.show_symbol("play" if paused else "pause")
        self.play.setAccessibleName(self._words("classroom.resume" if paused else "classroom.pause"))

    def take(self, video: VideoView) -> None:
        """Show it here, where this window was last."""
        self._video = video
        self._column.insertWidget(0, video, 1)
        video.show()
        self.show_at(self.size_name, self.corner)
        self.activateWindow()  # where no window manager gives it the keyboard
        self.play.setFocus()

    def give_back(self) -> Optional[VideoView]:
        self.hide()
        video, self._video = self._video, None
        if video is not None:
            self._column.removeWidget(video)
        return video

    def show_at(self, size: str, corner: str) -> None:
        self.size_name, self.corner = size, corner
        theme = self._theme
        least = BUTTONS * theme.target + 2 * theme.space
        self.setGeometry(*placed(self._screen(), size, corner, least, theme.target, theme.space))
        self.show()
        self.raise_()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key_Escape:
            self.back.emit()
        elif event.key() == Qt.Key_Space:
            self.pause.emit()
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.activateWindow()
        self._held = event.globalPos() - self.pos()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._held is not None:
            self.move(event.globalPos() - self._held)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._held is not None:
            self._held = None
            here = self.geometry()
            rect = (here.left(), here.top(), here.width(), here.height())
            self.show_at(self.size_name, nearest_corner(self._screen(), rect))

    def _screen(self) -> Rect:
        whole = QApplication.primaryScreen().geometry()
        return whole.left(), whole.top(), whole.width(), whole.height()
