"""VOICE_REVIEW: this recording or another."""

from __future__ import annotations

import time
from typing import Optional

from PyQt5.QtCore import QTimer
from PyQt5.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ... import events as on
from ...flow import Visit
from ..widgets import Button, Label
from ..widgets.waveform import Waveform, look_at
from .page import Page, card, pad

TICK_MS = 100


class VoiceReviewScreen(Page):
    def __init__(self) -> None:
        super().__init__("voice_review.title")
        self._visit = Visit()
        self._seconds: Optional[float] = None
        self._since = 0.0
        self._tick = QTimer(self)
        self._tick.setInterval(TICK_MS)
        self._tick.timeout.connect(self._move)
        lead = Label("muted")
        self.say(lead, "voice_review.lead")
        frame = card()
        self._column = QVBoxLayout(frame)
        self._wave = Waveform()
        row = QHBoxLayout()
        self.listen = Button("plain", "play")
        self.say(self.listen, "voice_review.listen")
        self.listen.clicked.connect(lambda: self.deed.emit(on.Listen()))
        self._length = Label("muted")
        row.addWidget(self.listen)
        row.addWidget(self._length, 1)
        self._column.addStretch(1)
        self._column.addWidget(self._wave, 4)
        self._column.addStretch(1)
        self._column.addLayout(row)
        self._row = row
        self.body.addWidget(lead)
        self.body.addWidget(frame, 1)
        self.again = self.action("plain", "microphone", "voice_review.again", on.Retake())
        self.use = self.action("primary", "agree", "voice_review.use", on.Accept())

    def restyle(self) -> None:
        super().restyle()
        self.body.setSpacing(self.theme.space)
        pad(self._column, 2 * self.theme.space, 2 * self.theme.space)
        self._row.setSpacing(2 * self.theme.space)
        self.listen.setMinimumWidth(3 * self.theme.target)

    def retranslate(self) -> None:
        super().retranslate()
        self._wave.setAccessibleName(self.words("voice_review.wave"))

    def show_visit(self, visit: Visit) -> None:
        if visit.candidate is not None and visit.candidate != self._visit.candidate:
            peaks, self._seconds = look_at(visit.candidate)
            self._wave.show_peaks(peaks)
        if visit.listening != self._visit.listening or not visit.listening:
            self._since = time.monotonic()
        self._visit = visit
        (self._tick.start if visit.listening else self._tick.stop)()
        self.listen.show_symbol("stop" if visit.listening else "play")
        self.say(self.listen, "voice_review.quiet" if visit.listening else "voice_review.listen")
        self.again.show_symbol("folder" if visit.picked else "microphone")
        self.say(self.again, "voice_review.other" if visit.picked else "voice_review.again")
        self._move()

    def leave(self) -> None:
        self._tick.stop()
        self._visit, self._seconds = Visit(), None
        self._wave.show_peaks(None)

    def first_focus(self) -> Optional[QWidget]:
        return self.use

    def _move(self) -> None:
        """The director only says when it has ended; how far it is follows from the clock."""
        whole = self._seconds or 0.0
        heard = min(time.monotonic() - self._since, whole) if self._visit.listening else 0.0
        self._wave.show_heard(heard / whole if whole else 0.0)
        now = f"{_clock(heard)} / " if self._visit.listening else ""
        self._length.setText(f"{now}{_clock(whole)}" if whole else "")


def _clock(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02d}"
