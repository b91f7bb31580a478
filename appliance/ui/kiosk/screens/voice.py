"""VOICE, VOICE_COUNTDOWN and VOICE_RECORDING: the microphone."""

from __future__ import annotations

from typing import Optional

from PyQt5.QtWidgets import QBoxLayout, QVBoxLayout, QWidget

from ... import events as on
from ...feeds import Countdown, DeviceState, Feed, Level
from ...flow import Rules, State, Visit
from ...locale import explain
from ..failure import failure_of
from ..ticking import Ticking
from ..widgets import Button, Glyph, Label
from ..widgets.meter import Meter
from ..widgets.ring import Ring
from .page import Page, card, pad, turn

SPOKEN_DB = -40.0
"""RMS above which somebody is taken to speak, for the advice alone."""
SILENCE_SECONDS = 1.5
"""After so long the visitor is told that the recording will stop by itself."""
ROOMY = 9
"""Targets on the shorter side of a screen that has room for all ideas."""
IDEAS = ("voice.idea_1", "voice.idea_2", "voice.idea_3")


class VoiceScreen(Page):
    def __init__(self, rules: Rules, longest: float, ticking: Ticking) -> None:
        """``longest``: s of a recording."""
        super().__init__("voice.title")
        self._longest, self._ticking = longest, ticking
        self._visit = Visit(State.VOICE)
        self._level: Optional[Level] = None
        self._trouble: Optional[DeviceState] = None
        self._spoke = False
        self._halves = QBoxLayout(QBoxLayout.LeftToRight)
        self._ideas, self._ideas_column = self._make_ideas()
        self._booth = card()
        self._booth_column = QVBoxLayout(self._booth)
        self._ring = Ring("record", 3.2)
        self._ring.show_share(0.0, _clock(0))
        self._meter = Meter()
        self._advice = Label("lead", centred=True)
        self._booth_column.addWidget(self._ring, 1)
        self._booth_column.addWidget(self._meter)
        self._booth_column.addWidget(self._advice)
        self._halves.addWidget(self._ideas, 1)
        self._halves.addWidget(self._booth, 1)
        self.body.addLayout(self._halves, 1)
        self.pick = self.action("plain", "folder", "voice.pick", on.Pick())
        self.pick.setVisible(rules.pick)
        self._picks = rules.pick
        self.record = Button("record", "record")
        self.say(self.record, "voice.record")
        self.record.clicked.connect(self._press)
        self.actions.addWidget(self.record)

    def restyle(self) -> None:
        super().restyle()
        theme = self.theme
        turn(self._halves, theme.upright)
        self._halves.setSpacing(2 * theme.space)
        for column in (self._ideas_column, self._booth_column):
            pad(column, 2 * theme.space, theme.space)
        self.record.setMinimumWidth(4 * theme.target)
        for widget in self._spare:
            widget.setVisible(not theme.large_text and theme.short > ROOMY * theme.target)

    def retranslate(self) -> None:
        super().retranslate()
        self._meter.setAccessibleName(self.words("voice.level"))
        self._limit.setText(self.words("voice.limit", seconds=round(self._longest)))
        self._advise()

    def show_visit(self, visit: Visit) -> None:
        if visit.state is not self._visit.state:
            self._spoke = False
            self._ring.show_share(0.0, "" if visit.state is State.VOICE_COUNTDOWN else _clock(0))
        self._visit = visit
        if visit.state is not State.VOICE_COUNTDOWN:
            self._ticking.end()
        recording, counting = visit.state is State.VOICE_RECORDING, visit.state is State.VOICE_COUNTDOWN
        kind, symbol, key = ("record", "record", "voice.record")
        if recording:
            kind, symbol, key = ("primary", "stop", "voice.stop")
        elif counting:
            kind, symbol, key = ("plain", "cancel", "common.cancel")
        self.record.kind_of(kind, symbol)
        self.say(self.record, key)
        self.pick.setVisible(self._picks and visit.state is State.VOICE)
        self._advise()

    def feed(self, item: Feed) -> None:
        if isinstance(item, Level):
            self._trouble, self._level = None, item
            self._meter.show_level(item.peak)
            self._spoke = self._spoke or item.loudness > SPOKEN_DB
            if self._visit.state is State.VOICE_RECORDING:
                self._ring.show_share(item.seconds / self._longest, _clock(item.seconds))
            self._advise()
        elif isinstance(item, Countdown):
            self._ring.show_share(0.0, str(item.left) if item.left else "")
            self._ticking.tick()
        elif isinstance(item, DeviceState) and item.device == "microphone":
            self._trouble = item if item.error else None
            if item.error:
                self._level = None
                self._meter.clear()
            self._advise()

    def leave(self) -> None:
        self._level, self._spoke = None, False
        self._ticking.end()
        self._meter.clear()
        self._ring.show_share(0.0, _clock(0))

    def first_focus(self) -> Optional[QWidget]:
        return self.record

    def _press(self) -> None:
        deeds = {State.VOICE: on.Record(), State.VOICE_RECORDING: on.StopRecording()}
        self.deed.emit(deeds.get(self._visit.state, on.Back()))

    def _make_ideas(self):  # type: ignore[no-untyped-def]
        frame = card("tint")
        column = QVBoxLayout(frame)
        heading = Label("strong")
        self.say(heading, "voice.ideas")
        glyph, ideas = Glyph("tip", 1.8), [Label("lead") for _ in IDEAS]
        column.addWidget(glyph)
        column.addWidget(heading)
        for key, idea in zip(IDEAS, ideas):
            self.say(idea, key)
            column.addWidget(idea)
        self._spare = (glyph, ideas[-1])
        """What gives way to large text and large targets."""
        column.addStretch(1)
        self._limit = Label("muted")
        column.addWidget(self._limit)
        return frame, column

    def _advise(self) -> None:
        """How it sounds, and what to do about it."""
        error = self._trouble.error if self._trouble else None
        self.enable(self.record, self._level is not None and not self._visit.stopping)
        warning = self._level.warning if self._level else ""
        role, key = "lead", "voice.level.good" if self._spoke else "voice.level.speak"
        if error is not None:
            message, action = explain(failure_of(error), self.language)
            self._show("warning", f"{message} {action}")
            return
        if self._level is None:
            key = "voice.opening"
        elif self._visit.stopping:
            key = "voice.saving"
        elif warning:
            role, key = "warning", f"voice.level.{warning}"
        elif self._visit.state is State.VOICE_COUNTDOWN:
            key = "voice.countdown"
        elif self._visit.state is State.VOICE_RECORDING:
            silent = self._spoke and self._level.silence > SILENCE_SECONDS
            role, key = ("warning", "voice.silence") if silent else ("lead", "voice.recording")
        self._show(role, self.words(key))

    def _show(self, role: str, words: str) -> None:
        self._advice.turn_into(role)
        self._advice.setText(words)
        self._advice.setAccessibleName(words)


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
