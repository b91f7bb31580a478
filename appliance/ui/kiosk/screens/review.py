"""REVIEW: photo and recording together, and how lively the portrait shall be."""

from __future__ import annotations

from typing import List, Optional, Tuple

from PyQt5.QtWidgets import QBoxLayout, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from ... import events as on
from ...flow import Rules, Visit
from ..widgets import Button, Glyph, Label
from ..widgets.choice import Choice
from ..widgets.picture import Picture
from ..widgets.waveform import Waveform, look_at
from .page import Page, card, pad, turn

KNOBS = (
    ("framing", "face", "framing", (("review.framing.face", "face"), ("review.framing.full", "full"))),
    ("mouth", "mouth", "dynamic_scale", (("review.calm", 0.75), ("review.normal", 1.0), ("review.lively", 1.3))),
    ("head", "head", "head_scale", (("review.calm", 0.4), ("review.normal", 1.0), ("review.lively", 1.6))),
    ("blink", "blink", "blink_scale", (("review.blink.none", 0.0), ("review.blink.natural", 1.0))),
)  # fmt: skip
"""Name, icon, field of `MakeOptions`, choices. Half a blink would leave tired eyes, so there is all of it or none."""


class ReviewScreen(Page):
    def __init__(self, rules: Rules) -> None:
        super().__init__("review.title")
        self._visit = Visit()
        self._halves = QBoxLayout(QBoxLayout.LeftToRight)
        self._picture, self._wave = Picture(), Waveform()
        self.photo, self.voice = Button("plain", "photo"), Button("plain", "microphone")
        self.say(self.photo, "review.photo")
        self.say(self.voice, "review.voice")
        self.photo.clicked.connect(lambda: self.deed.emit(on.ChangePhoto()))
        self.voice.clicked.connect(lambda: self.deed.emit(on.ChangeVoice()))
        self.photo.setVisible(rules.portrait is None)
        self._material = card()
        self._material_column = QVBoxLayout(self._material)
        self._changes = QHBoxLayout()
        self._changes.addWidget(self.photo, 1)
        self._changes.addWidget(self.voice, 1)
        self._material_column.addWidget(self._picture, 1)
        self._material_column.addWidget(self._wave)
        self._material_column.addLayout(self._changes)
        self.choices: List[Tuple[str, str, Choice]] = []
        self._knobs = card()
        self._grid = QGridLayout(self._knobs)
        for row, (name, symbol, field, options) in enumerate(KNOBS):
            self._add_knob(row, name, symbol, field, options)
        self._grid.setColumnStretch(2, 1)
        self._halves.addWidget(self._material, 4)
        self._halves.addWidget(self._knobs, 5)
        self.body.addLayout(self._halves, 1)
        self.make = self.action("primary", "make", "review.make", on.Accept())

    def restyle(self) -> None:
        super().restyle()
        theme = self.theme
        turn(self._halves, theme.upright)
        self._halves.setSpacing(2 * theme.space)
        self._changes.setSpacing(theme.space)
        pad(self._material_column, round(1.5 * theme.space), theme.space)
        pad(self._grid, round(1.5 * theme.space), theme.space)
        self._wave.setFixedHeight(theme.target)

    def retranslate(self) -> None:
        super().retranslate()
        self._picture.setAccessibleName(self.words("photo_review.picture"))
        self._wave.setAccessibleName(self.words("voice_review.wave"))
        for name, _field, choice in self.choices:
            choice.speak(self.words, self.words(f"review.{name}"))

    def show_visit(self, visit: Visit) -> None:
        if visit.voice is not None and visit.voice != self._visit.voice:
            self._wave.show_peaks(look_at(visit.voice)[0])
        self._visit = visit
        self._picture.show_file(visit.photo)
        for _name, field, choice in self.choices:
            choice.show_value(getattr(visit.options, field))

    def leave(self) -> None:
        self._visit = Visit()
        self._picture.clear()
        self._wave.show_peaks(None)

    def first_focus(self) -> Optional[QWidget]:
        return self.make

    def _add_knob(self, row: int, name: str, symbol: str, field: str, options):  # type: ignore[no-untyped-def]
        label, choice = Label("strong"), Choice(options)
        label.setWordWrap(False)
        self.say(label, f"review.{name}")
        choice.chosen.connect(lambda value: self.deed.emit(on.Adjust(field, value)))
        self._grid.addWidget(Glyph(symbol, 1.3), row, 0)
        self._grid.addWidget(label, row, 1)
        self._grid.addWidget(choice, row, 2)
        self.choices.append((name, field, choice))
