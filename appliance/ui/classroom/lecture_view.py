"""A lecture being watched: picture, course, chapters, and the small window above the blackboard."""

from __future__ import annotations

import time
from typing import Sequence

from PyQt5.QtCore import QEvent, QObject, Qt, pyqtSignal
from PyQt5.QtGui import QKeyEvent
from PyQt5.QtWidgets import QBoxLayout, QHBoxLayout, QVBoxLayout, QWidget

from ..director.video import VideoSource
from ..kiosk.screen import Screen
from ..kiosk.screens.page import card, pad, turn
from ..kiosk.video_view import VideoView
from ..kiosk.widgets import Button, Label
from .chapter_list import ChapterList
from .floating import FloatingWindow
from .memory import Memory
from .timeline import Timeline, clock

SKIP_SECONDS = 10.0
KEEP_SECONDS = 3.0
"""The moment that is shown is remembered so often."""
END_SECONDS = 2.0
"""Whoever has seen all but so much begins anew the next time."""
CHAPTERS_WIDTH = 9.5
"""Times a finger's target."""

MOVES = (Qt.Key_Left, Qt.Key_Right, Qt.Key_PageUp, Qt.Key_PageDown, Qt.Key_Home, Qt.Key_End)


class LectureView(Screen):
    """Part of a screen, dressed as one. Remembers where each lecture was left.

    ``ended``, ``failed``, ``speaker_failed``: of `VideoView`.
    """

    ended = pyqtSignal()
    failed = pyqtSignal(object)
    speaker_failed = pyqtSignal(object)

    def __init__(self, video: VideoView, memory: Memory) -> None:
        super().__init__()
        self.video, self._memory = video, memory
        self._job = ""
        self._duration = 0.0
        self._kept_at = 0.0
        self.over = False
        """The end was reached, and nobody went back."""
        self._complete = False
        self._waiting = False
        self._starts: Sequence[float] = (0.0,)
        self._box = QBoxLayout(QBoxLayout.LeftToRight, self)
        self._left = QVBoxLayout()
        self._transport = QHBoxLayout()
        self.timeline = Timeline()
        self.chapters = ChapterList(lambda number: self.words("classroom.chapter", number=number))
        self._panel = card()
        self._panel_column = QVBoxLayout(self._panel)
        self._chapters_title, self.clock, self.ready = Label("strong"), Label("strong"), Label("small")
        self.clock.setWordWrap(False)
        self.play_button = Button("icon", "pause")
        self.earlier, self.later, self.pip = (Button("icon", symbol) for symbol in ("earlier", "later", "pip"))
        self.floating = FloatingWindow(self.words)
        self._lay_out()
        self._connect()

    # --- what is watched ----------------------------------------------------------------------------------------------

    def open(self, job: str, source: VideoSource, duration: float = 0.0) -> None:
        """From where it was left. ``duration``: of the whole, s, as far as that is known."""
        self._job, self._duration, self.over = job, duration, False
        self._complete = source.path is not None
        bookmark = self._memory.recall(job)
        self.show_chapters(bookmark.chapters or (0.0,))
        self.timeline.show_course(bookmark.position, 0.0, duration)
        self.video.play(source, bookmark.position)
        self._show_paused(False)

    def shut(self) -> None:
        """Show nothing; the lecture's place is remembered."""
        self._keep(self.timeline.position)
        self.leave_floating()
        self.video.stop()
        self._job = ""
        self.show_chapters((0.0,))
        self.timeline.show_course(0.0, 0.0, 0.0)

    def show_duration(self, duration: float, complete: bool) -> None:
        """Of the whole lecture, and whether all of it is made."""
        self._duration, self._complete = duration, complete
        self._tell_ready()

    def show_chapters(self, starts: Sequence[float]) -> None:
        self._starts = tuple(starts)
        self.chapters.show_chapters(self._starts)
        self.timeline.show_chapters(self._starts)
        if self._job and len(self._starts) > 1:
            self._memory.keep_chapters(self._job, self._starts)

    def switch(self) -> None:
        """Pause, or go on; at the end, from the start."""
        if self.over:
            self._go_to(0.0)
        elif self.video.paused():
            self.video.resume()
        else:
            self.video.pause()
            self._keep(self.timeline.position)
        self._show_paused(self.video.paused())

    # --- small window -------------------------------------------------------------------------------------------------

    def float_away(self) -> None:
        """The picture into a small window; the rest of the screen is left to the blackboard."""
        self.floating.dress(self.theme)
        self.floating.show_paused(self.video.paused())
        self.floating.take(self.video)
        self.window().hide()

    def leave_floating(self) -> None:
        video = self.floating.give_back()
        if video is None:
            return
        self._left.insertWidget(0, video, 1)
        video.show()
        self.window().show()
        self.window().raise_()
        self.window().activateWindow()
        self.pip.setFocus()

    # --- as a screen --------------------------------------------------------------------------------------------------

    def restyle(self) -> None:
        theme = self.theme
        turn(self._box, theme.upright)
        pad(self._box, 0, 2 * theme.space)
        pad(self._panel_column, theme.space, theme.space)
        self._left.setSpacing(theme.space)
        self._transport.setSpacing(theme.space)
        if theme.upright:
            self._panel.setMaximumSize(16777215, round(0.3 * theme.height))
            self._panel.setMinimumWidth(0)
        else:
            width = round(min(CHAPTERS_WIDTH * theme.body, 0.3 * theme.width))
            self._panel.setMaximumSize(max(width, round(0.22 * theme.width)), 16777215)
            self._panel.setMinimumWidth(width)
        self.floating.dress(theme)

    def retranslate(self) -> None:
        super().retranslate()
        for widget, key in (
            (self.earlier, "earlier"), (self.later, "later"), (self.pip, "pip_open"), (self.timeline, "timeline"),
            (self.chapters, "chapters"), (self.video, "video"),
        ):  # fmt: skip
            widget.setAccessibleName(self.words(f"classroom.{key}"))
        self.chapters.speak()
        self._show_paused(self.video.paused())
        self._tell_ready()
        self.floating.dress(self.theme)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key_Space:
            self.switch()
        elif event.key() in MOVES:
            self.timeline.keyPressEvent(event)
        else:
            super().keyPressEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """On a button the arrows would only move the focus."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.KeyPress and event.key() in MOVES:
            self.timeline.keyPressEvent(event)
            return True
        return super().eventFilter(watched, event)

    def first_focus(self) -> QWidget:
        return self.play_button

    # --- inside -------------------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        self.say(self._chapters_title, "classroom.chapters")
        self._left.addWidget(self.video, 1)
        self._left.addWidget(self.timeline)
        for widget in (self.earlier, self.play_button, self.later):
            self._transport.addWidget(widget)
        for widget in (self.earlier, self.play_button, self.later, self.pip):
            widget.installEventFilter(self)
        self._transport.addWidget(self.clock)
        self._transport.addWidget(self.ready, 1)
        self._transport.addWidget(self.pip)
        self._left.addLayout(self._transport)
        self._panel_column.addWidget(self._chapters_title)
        self._panel_column.addWidget(self.chapters, 1)
        self._box.addLayout(self._left, 3)
        self._box.addWidget(self._panel, 1)

    def _connect(self) -> None:
        self.video.ended.connect(self._end)
        self.video.failed.connect(self.failed)
        self.video.speaker_failed.connect(self.speaker_failed)
        self.video.waiting.connect(self._wait)
        self.video.position_changed.connect(self._move)
        self.timeline.wanted.connect(self._go_to)
        self.chapters.chosen.connect(self._go_to)
        self.play_button.clicked.connect(self.switch)
        self.earlier.clicked.connect(lambda: self.timeline.move_by(-SKIP_SECONDS))
        self.later.clicked.connect(lambda: self.timeline.move_by(SKIP_SECONDS))
        self.pip.clicked.connect(self.float_away)
        self.floating.pause.connect(self.switch)
        self.floating.back.connect(self.leave_floating)

    def _go_to(self, seconds: float) -> None:
        self.over = False
        self.video.seek(seconds)
        self._keep(seconds)
        self._show_paused(self.video.paused())

    def _move(self, position: float, available: float, duration: float) -> None:
        whole = duration or (available if self._complete else max(self._duration, available))
        self.timeline.show_course(position, available, whole)
        self.chapters.show_position(position, available)
        self.clock.setText(f"{clock(position)} / {clock(whole)}" if whole else clock(position))
        self._tell_ready()
        if time.monotonic() - self._kept_at >= KEEP_SECONDS:
            self._keep(position)

    def _keep(self, position: float) -> None:
        if self._job:
            self._kept_at = time.monotonic()
            course = self.timeline
            at_end = self._complete and position >= course.duration - END_SECONDS
            self._memory.keep_position(self._job, 0.0 if at_end else position)

    def _end(self) -> None:
        self.over = True
        self._keep(self.timeline.duration)
        self._show_paused(False)
        self.ended.emit()

    def _wait(self, waiting: bool) -> None:
        self._waiting = waiting
        self._tell_ready()

    def _show_paused(self, paused: bool) -> None:
        symbol, name = ("again", "again") if self.over else ("play", "resume") if paused else ("pause", "pause")
        self.play_button.show_symbol(symbol)
        self.play_button.setAccessibleName(self.words(f"classroom.{name}"))
        self.floating.show_paused(paused or self.over)

    def _tell_ready(self) -> None:
        if self._waiting:
            self.ready.setText(self.words("classroom.waiting"))
        elif self._complete or not self._job:
            self.ready.setText("")
        else:
            self.ready.setText(self.words("classroom.ready_until", time=clock(self.timeline.available)))
