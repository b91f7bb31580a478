"""PLAYING: the video, and what can be done with it."""

from __future__ import annotations

from typing import Optional

from PyQt5.QtCore import pyqtSignal
from PyQt5.QtWidgets import QBoxLayout, QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from ....errors import SonicError
from ... import events as on
from ...director.video import VideoSource
from ...flow import Rules, Visit
from ..failure import failure_of
from ..screen import Screen
from ..video_view import VideoView
from ..widgets import Button, Glyph, Label
from .page import pad, turn

PROGRESS_STEPS = 1000


class PlayingScreen(Screen):
    wants_delete = pyqtSignal()
    """Somebody must be asked first."""
    without_sound = pyqtSignal()

    def __init__(self, rules: Rules, video: VideoView) -> None:
        super().__init__()
        self._rules = rules
        self._visit = Visit()
        self._box = QBoxLayout(QBoxLayout.LeftToRight, self)
        self.video = video
        self._over = False
        """The end was reached, and the last picture is to stay."""
        self.video.ended.connect(self._end)
        self.video.failed.connect(self._failed)
        self.video.speaker_failed.connect(lambda _error: self.without_sound.emit())
        self.video.position_changed.connect(self._moved)
        self.video.waiting.connect(self._wait)
        self.track = QProgressBar()
        self.track.setTextVisible(False)
        self.track.setRange(0, PROGRESS_STEPS)
        self._picture, self._panel = QVBoxLayout(), QVBoxLayout()
        self._picture.addWidget(self.video, 1)
        self._picture.addWidget(self.track)
        self._mark = QHBoxLayout()
        self._title, self._hint = Label("title"), Label("small")
        self.say(self._title, "playing.video")
        self._mark.addWidget(Glyph("label", 1.2))
        self._mark.addWidget(self._hint, 1)
        self.replay = self._button("plain", "again", "playing.replay", on.Replay())
        self.replay.clicked.connect(self._from_start)
        self.save = self._button("plain", "save", "playing.save", on.Save())
        self.link = self._button("plain", "phone", "playing.link", on.ShowLink())
        self.delete = self._button("danger", "delete", "playing.delete", None)
        self.delete.clicked.connect(self.wants_delete)
        self.done = self._button("primary", "agree", "playing.done", on.Done(), large=True)
        self._panel.addWidget(self._title)
        self._panel.addLayout(self._mark)
        self._panel.addStretch(1)
        for button in (self.replay, self.save, self.link, self.delete, self.done):
            self._panel.addWidget(button)
        self._box.addLayout(self._picture, 3)
        self._box.addLayout(self._panel, 1)

    def restyle(self) -> None:
        theme = self.theme
        turn(self._box, theme.upright)
        pad(self._box, 2 * theme.space, 2 * theme.space)
        self._picture.setSpacing(theme.space)
        self._panel.setSpacing(theme.space)
        self._mark.setSpacing(theme.space)
        self.track.setFixedHeight(theme.half_space)

    def retranslate(self) -> None:
        super().retranslate()
        self.video.setAccessibleName(self.words("playing.video"))
        self.track.setAccessibleName(self.words("making.progress"))
        self._hint.setText(self.words("playing.mark"))

    def show_visit(self, visit: Visit) -> None:
        self._visit = visit
        self.save.setVisible(self._rules.save)
        self.link.setVisible(self._rules.link)
        for button in (self.save, self.link):
            button.setEnabled(visit.finished)

    def first_focus(self) -> Optional[QWidget]:
        return self.done

    def leave(self) -> None:
        self.video.stop()
        self.track.setValue(0)

    def play(self, source: VideoSource) -> None:
        self._over = False
        self.track.setValue(0)
        self.video.play(source)

    def stop(self) -> None:
        """At its end the last picture stays."""
        if not self._over:
            self.video.stop()

    def _button(self, kind: str, symbol: str, key: str, event: Optional[on.Event], large: bool = False) -> Button:
        button = Button(kind, symbol, large)
        self.say(button, key)
        if event is not None:
            button.clicked.connect(lambda: self.deed.emit(event))
        return button

    def _end(self) -> None:
        self._over = True
        self.deed.emit(on.PlaybackEnded())

    def _from_start(self) -> None:
        """In the middle of it; after its end the flow has it played again."""
        if not self._over:
            self.video.seek(0.0)

    def _failed(self, error: SonicError) -> None:
        self.deed.emit(on.PlaybackFailed(failure_of(error)))

    def _moved(self, now: float, _ready: float, whole: float) -> None:
        self.track.setValue(round(PROGRESS_STEPS * now / whole) if whole else 0)

    def _wait(self, waiting: bool) -> None:
        self._hint.setText(self.words("playing.waiting" if waiting else "playing.mark"))
