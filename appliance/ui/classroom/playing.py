"""PLAYING in the classroom: the lecture is watched while the rest of it is still being made."""

from __future__ import annotations

from pathlib import Path
from typing import List, Optional

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtWidgets import QBoxLayout, QVBoxLayout, QWidget

from ...errors import SonicError
from ...models import ModelStore
from .. import events as on
from ..director.video import VideoSource
from ..feeds import Feed, Making
from ..flow import Rules, Visit
from ..kiosk.failure import failure_of
from ..kiosk.screen import Screen
from ..kiosk.screens.page import pad, turn
from ..kiosk.theme import Theme
from ..kiosk.video_view import VideoView
from ..kiosk.widgets import Button
from .hearing import Hearing
from .lecture_view import LectureView
from .memory import Memory


class LecturePlayingScreen(Screen):
    """``folder``: of private files."""

    wants_delete = pyqtSignal()
    without_sound = pyqtSignal()
    away = pyqtSignal()
    """The rest is to be made while something else is done here."""
    _chapters_found = pyqtSignal(object, list)

    def __init__(self, rules: Rules, video: VideoView, memory: Memory, store: ModelStore, folder: Path) -> None:
        super().__init__()
        self._memory, self._store, self._folder = memory, store, folder
        self._visit, self._links = Visit(), rules.link
        self._hearing: Optional[Hearing] = None
        self._duration = 0.0
        self.lecture = LectureView(video, memory)
        self._column = QVBoxLayout(self)
        self._actions = QBoxLayout(QBoxLayout.LeftToRight)
        self.delete = self._button("danger", "delete", "playing.delete", None)
        self.link = self._button("plain", "phone", "playing.link", on.ShowLink())
        self.save = self._button("plain", "save", "playing.save", on.Save())
        self.away_button = self._button("primary", "clock", "classroom.away", None)
        self.done = self._button("primary", "agree", "classroom.done", on.Done())
        self._column.addWidget(self.lecture, 1)
        self._column.addLayout(self._actions)
        self._actions.addWidget(self.delete)
        self._actions.addStretch(1)
        for button in (self.link, self.save, self.away_button, self.done):
            self._actions.addWidget(button)
        self.save.setVisible(rules.save)
        self._offer(False)
        self.delete.clicked.connect(self.wants_delete)
        self.away_button.clicked.connect(self.away)
        self.lecture.ended.connect(lambda: self.deed.emit(on.PlaybackEnded()))
        self.lecture.failed.connect(self._failed)
        self.lecture.speaker_failed.connect(lambda _error: self.without_sound.emit())
        self._chapters_found.connect(self._take_chapters, Qt.QueuedConnection)

    def dress(self, theme: Theme, language: str) -> None:
        self.lecture.dress(theme, language)
        super().dress(theme, language)

    def restyle(self) -> None:
        theme = self.theme
        pad(self._column, 2 * theme.space, 2 * theme.space)
        turn(self._actions, theme.upright)
        self._actions.setSpacing(theme.space)

    def show_visit(self, visit: Visit) -> None:
        self._visit = visit
        self.lecture.show_duration(self._duration, visit.finished)
        self._offer(visit.finished)
        self._hear(visit)

    def feed(self, item: Feed) -> None:
        if isinstance(item, Making) and item.duration is not None:
            self._duration = item.duration
            self.lecture.show_duration(item.duration, self._visit.finished)

    def play(self, source: VideoSource) -> None:
        self.lecture.open(self._visit.job or "", source, self._duration)

    def stop(self) -> None:
        """At its end the last picture stays."""
        if not self.lecture.over:
            self.lecture.shut()

    def leave(self) -> None:
        self.lecture.shut()
        if self._hearing is not None:
            self._hearing.stop(wait=False)
            self._hearing = None
        self._duration = 0.0

    def first_focus(self) -> Optional[QWidget]:
        return self.lecture.first_focus()

    # --- inside -------------------------------------------------------------------------------------------------------

    def _offer(self, finished: bool) -> None:
        self.save.setEnabled(finished)
        self.link.setVisible(self._links and finished)
        self.away_button.setVisible(not finished)
        self.done.setVisible(finished)

    def _hear(self, visit: Visit) -> None:
        if self._hearing is None and visit.job and visit.voice and not self._memory.recall(visit.job).chapters:
            job = visit.job
            self._hearing = Hearing(
                visit.voice, self._folder, self._store, lambda starts: self._chapters_found.emit(job, starts)
            )

    def _take_chapters(self, job: str, starts: List[float]) -> None:
        if job == self._visit.job:
            self.lecture.show_chapters(starts)

    def _failed(self, error: SonicError) -> None:
        self.deed.emit(on.PlaybackFailed(failure_of(error)))

    def _button(self, kind: str, symbol: str, key: str, event: Optional[on.Event]) -> Button:
        button = Button(kind, symbol)
        self.say(button, key)
        if event is not None:
            button.clicked.connect(lambda: self.deed.emit(event))
        return button
