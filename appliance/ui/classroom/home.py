"""ATTRACT in the classroom: a portrait, a lecture, and what was made before or is being made."""

from __future__ import annotations

import math
from typing import Any, List, Optional

from PyQt5.QtCore import QTimer, pyqtSignal
from PyQt5.QtWidgets import QBoxLayout, QHBoxLayout, QStackedLayout, QVBoxLayout, QWidget

from ...errors import SonicError
from .. import events as on
from ..feeds import Notice
from ..flow import Rules, Visit
from ..kiosk.background import Background
from ..kiosk.qt_loop import QtLoop
from ..kiosk.screen import Screen
from ..kiosk.screens.page import card, pad, turn
from ..kiosk.theme import Theme
from ..kiosk.video_view import VideoView
from ..kiosk.widgets import Button, Glyph, Label
from ..locale import explain
from .archive import Archive, Lecture, OpenLecture
from .lecture_list import LectureList, Row
from .lecture_view import LectureView
from .memory import Memory
from .pictures import Pictures
from .shortcuts import Wishes
from .timeline import clock

LOOK_MS = 5000
"""How often to ask the engine for what it has."""


class HomeScreen(Screen):
    notice = pyqtSignal(object)
    """A `Notice` to whoever is there."""
    wished = pyqtSignal(object)
    """`Wishes` for the visit that begins."""
    wants_delete = pyqtSignal()
    """The lecture that is open: whoever asks whether they mean it calls `delete`."""

    def __init__(self, rules: Rules, archive: Archive, memory: Memory, video: VideoView) -> None:
        super().__init__()
        self._rules, self._archive, self._memory = rules, archive, memory
        self._lectures: List[Lecture] = []
        self._open: Optional[OpenLecture] = None
        self._shown: Optional[Lecture] = None
        """The one that is open, as last heard of it."""
        self._saving = False
        self._background, self._deeds = Background(QtLoop()), Background(QtLoop())
        self._pictures = Pictures(archive, self._show_lectures)
        self._number = -1
        """Of the visit that is shown."""
        self._place = QStackedLayout(self)
        self._desk, self._hall = QWidget(), QWidget()
        self._place.addWidget(self._desk)
        self._place.addWidget(self._hall)
        self._look = QTimer(self)
        self._look.setInterval(LOOK_MS)
        self._look.timeout.connect(self._ask)
        self._lay_out_desk()
        self.lecture = LectureView(video, memory)
        self._lay_out_hall()

    # --- as a screen --------------------------------------------------------------------------------------------------

    def dress(self, theme: Theme, language: str) -> None:
        self.lecture.dress(theme, language)
        super().dress(theme, language)

    def restyle(self) -> None:
        theme = self.theme
        turn(self._box, theme.upright)
        turn(self._cards, theme.upright)
        pad(self._box, 2 * theme.space, 2 * theme.space)
        pad(self._column, 2 * theme.space, 2 * theme.space)
        self._new.setSpacing(theme.space)
        self._cards.setSpacing(2 * theme.space)
        for column in self._card_columns:
            pad(column, 2 * theme.space, theme.space)
        self._actions.setSpacing(theme.space)
        self._hint_row.setSpacing(theme.space)
        pad(self._old, theme.space, theme.space)

    def retranslate(self) -> None:
        super().retranslate()
        for widget, key in (
            (self.lectures, "recent"), (self.portrait, "portrait_pick"), (self.camera, "portrait_camera"),
            (self.recording, "lecture_pick"), (self.record, "lecture_record"),
        ):  # fmt: skip
            widget.setAccessibleName(self.words(f"classroom.{key}"))
        self.lectures.language = self.language
        self._show_lectures()
        self._tell_why()

    def show_visit(self, visit: Visit) -> None:
        """After a visit there may be one lecture more, or none any more."""
        if not self._look.isActive() or visit.number != self._number:
            self._number = visit.number
            self._look.start()
            self._ask()

    def leave(self) -> None:
        self._look.stop()
        self._background.forget()
        self._pictures.rest()
        self.shut()

    def first_focus(self) -> Optional[QWidget]:
        return self.portrait

    # --- one lecture --------------------------------------------------------------------------------------------------

    def open(self, lecture: Lecture) -> None:
        """One that is being made is watched meanwhile; of one that failed it is said why."""
        self.shut()
        self._open = self._archive.open(lecture.job)
        self._place.setCurrentWidget(self._hall)
        if lecture.failure is None:
            self.lecture.open(lecture.job, self._open.source, lecture.seconds)
        self._show_open(lecture)
        (self.lecture.first_focus() if lecture.failure is None else self.back).setFocus()

    def delete(self) -> None:
        """The lecture that is open."""
        if self._open is None:
            return
        job = self._open.job
        self.shut()
        self._take([lecture for lecture in self._lectures if lecture.job != job])
        self._deeds.run(lambda: self._archive.delete(job), lambda _: self._deleted(job), self._not_deleted)

    def shut(self) -> None:
        """Back to the desk."""
        if self._open is None:
            return
        opened, self._open = self._open, None
        self.lecture.shut()
        opened.close()
        self._place.setCurrentWidget(self._desk)
        self._show_lectures()
        self.lectures.setFocus()

    def _save(self) -> None:
        if self._open is None:
            return
        job = self._open.job
        self._saving = True
        self._may_save()
        self.notice.emit(Notice("saving"))
        self._deeds.run(lambda: self._archive.save(job), self._saved, self._not_saved)

    def _saved(self, _path: Any) -> None:
        self._saving = False
        self._may_save()
        self.notice.emit(Notice("saved"))

    def _not_saved(self, error: SonicError) -> None:
        self._saving = False
        self._may_save()
        self.notice.emit(Notice("save_failed", error))

    def _deleted(self, job: str) -> None:
        self._memory.forget(job)
        self._ask()

    def _not_deleted(self, error: SonicError) -> None:
        self.notice.emit(Notice("delete_failed", error))
        self._ask()

    def _failed(self, error: SonicError) -> None:
        self.shut()
        self.notice.emit(Notice("play_failed", error))

    # --- the list -----------------------------------------------------------------------------------------------------

    def _ask(self) -> None:
        self._background.run(self._archive.lectures, self._take, lambda _error: None)

    def _take(self, lectures: List[Lecture]) -> None:
        self._lectures = lectures
        self._pictures.want(lectures)
        self._show_lectures()
        for lecture in lectures:
            if self._open is not None and self._open.job == lecture.job:
                self._show_open(lecture)

    def _show_lectures(self) -> None:
        self.lectures.show_rows([self._row(lecture) for lecture in self._lectures])
        self.lectures.setVisible(bool(self._lectures))
        self._nothing.setVisible(not self._lectures)

    def _row(self, lecture: Lecture) -> Row:
        picture = self._pictures.of(lecture)
        if lecture.failure is not None:
            return Row(lecture, self.words("classroom.failed"), 0.0, picture)
        if lecture.share is None:
            return Row(lecture, self.words("classroom.queued"), 0.0, picture)
        if not lecture.finished:
            made = self.words("classroom.making", percent=math.floor(100 * lecture.share))
            return Row(lecture, made, lecture.share, picture)
        at = self._memory.recall(lecture.job).position
        note = self.words("classroom.left_at", time=clock(at)) if at else self.words("classroom.from_start")
        return Row(lecture, note, at / lecture.seconds if lecture.seconds else 0.0, picture)

    def _show_open(self, lecture: Lecture) -> None:
        """How it stands with the one that is open."""
        self._shown = lecture
        if lecture.failure is None:
            self.lecture.show_duration(lecture.seconds, lecture.finished)
        elif not self.lecture.isHidden():
            self.lecture.shut()
        self.lecture.setVisible(lecture.failure is None)
        self._why.setVisible(lecture.failure is not None)
        self._may_save()
        self._tell_why()

    def _may_save(self) -> None:
        self.save.setEnabled(self._shown is not None and self._shown.finished and not self._saving)

    def _tell_why(self) -> None:
        failure = self._shown.failure if self._shown is not None else None
        words = explain(failure, self.language) if failure is not None else ()
        self._why.setText("\n\n".join((self.words("classroom.failed.why"), *words)))

    # --- layout -------------------------------------------------------------------------------------------------------

    def _lay_out_desk(self) -> None:
        self._box = QBoxLayout(QBoxLayout.LeftToRight, self._desk)
        self._new, self._cards, self._hint_row = QVBoxLayout(), QBoxLayout(QBoxLayout.LeftToRight), QHBoxLayout()
        title, hint = Label("title"), Label("small")
        self.say(title, "classroom.title")
        self.say(hint, "classroom.drop")
        self._hint_row.addWidget(Glyph("folder", 1.2, "muted"))
        self._hint_row.addWidget(hint, 1)
        self.portrait = self._button("primary", "photo", "classroom.choose", self._begin)
        self.camera = self._button("plain", "camera", "classroom.photograph", self._begin_with_camera)
        self.recording = self._button("primary", "sound", "classroom.choose", self._begin)
        self.record = self._button("plain", "microphone", "classroom.record", self._begin_to_record)
        self.camera.setVisible(self._rules.camera)
        self._card_columns = [
            self._card("user", "classroom.portrait", (self.portrait, self.camera)),
            self._card("lecture", "classroom.lecture", (self.recording, self.record)),
        ]
        self._new.addWidget(title)
        self._new.addLayout(self._cards, 1)
        self._new.addLayout(self._hint_row)
        recent = card()
        self._old = QVBoxLayout(recent)
        self.lectures, self._nothing = LectureList(), Label("muted", True)
        old_title = Label("strong")
        self.say(old_title, "classroom.recent")
        self.say(self._nothing, "classroom.recent.none")
        self.lectures.chosen.connect(self.open)
        self._old.addWidget(old_title)
        self._old.addWidget(self._nothing, 1)
        self._old.addWidget(self.lectures, 1)
        self._box.addLayout(self._new, 5)
        self._box.addWidget(recent, 3)

    def _card(self, symbol: str, key: str, buttons: Any) -> QVBoxLayout:
        frame, name = card(), Label("lead", True)
        column = QVBoxLayout(frame)
        self.say(name, key)
        column.addStretch(1)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(Glyph(symbol, 3.6))
        row.addStretch(1)
        column.addLayout(row)
        column.addWidget(name)
        column.addStretch(1)
        for button in buttons:
            column.addWidget(button)
        self._cards.addWidget(frame, 1)
        return column

    def _lay_out_hall(self) -> None:
        self._column = QVBoxLayout(self._hall)
        self._actions = QHBoxLayout()
        self.back = self._button("plain", "back", "common.back", self.shut)
        self.remove = self._button("danger", "delete", "playing.delete", self.wants_delete.emit)
        self.save = self._button("plain", "save", "playing.save", self._save)
        self.save.setVisible(self._rules.save)
        self._actions.addWidget(self.back)
        self._actions.addStretch(1)
        self._actions.addWidget(self.remove)
        self._actions.addWidget(self.save)
        self._why = Label("lead", True)
        self._column.addWidget(self.lecture, 1)
        self._column.addWidget(self._why, 1)
        self._column.addLayout(self._actions)
        self.lecture.failed.connect(self._failed)

    def _button(self, kind: str, symbol: str, key: str, pressed: Any) -> Button:
        button = Button(kind, symbol)
        self.say(button, key)
        button.clicked.connect(lambda _checked: pressed())
        return button

    def _begin(self) -> None:
        self.deed.emit(on.Begin())

    def _begin_with_camera(self) -> None:
        self.wished.emit(Wishes(camera=True))
        self._begin()

    def _begin_to_record(self) -> None:
        self.wished.emit(Wishes(record=True))
        self._begin()
