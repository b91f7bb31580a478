"""CONSENT: what is taken, what for, for how long."""

from __future__ import annotations

from typing import Optional

from PyQt5.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from ... import events as on
from ...flow import Rules
from ..widgets import Glyph, Label
from .page import Page, card, pad

POINTS = (("user", "what"), ("video", "why"), ("clock", "how_long"), ("label", "mark"))


class ConsentScreen(Page):
    def __init__(self, rules: Rules) -> None:
        super().__init__("consent.title", back=False)
        self._rules = rules
        self._grid = QGridLayout()
        self._cards = []
        self._how_long = Label("muted")
        for symbol, name in POINTS:
            heading, body = Label("strong"), self._how_long if name == "how_long" else Label("muted")
            self.say(heading, f"consent.{name}")
            if body is not self._how_long:
                self.say(body, f"consent.{name}.body")
            frame = card()
            row, words = QHBoxLayout(frame), QVBoxLayout()
            words.addStretch(1)
            words.addWidget(heading)
            words.addWidget(body)
            words.addStretch(1)
            row.addWidget(Glyph(symbol, 1.9))
            row.addLayout(words, 1)
            self._cards.append((frame, row, words))
        self._whose = Label("body")
        self.say(self._whose, "consent.whose")
        self.body.addLayout(self._grid, 1)
        self.body.addWidget(self._whose)
        self.action("plain", "cancel", "consent.decline", on.Decline())
        self.agree = self.action("primary", "agree", "consent.agree", on.Agree())
        self.actions.removeWidget(self.back)

    def restyle(self) -> None:
        super().restyle()
        theme = self.theme
        self._grid.setSpacing(theme.space)
        for number, (frame, row, words) in enumerate(self._cards):
            at = (number, 0) if theme.upright else divmod(number, 2)
            self._grid.addWidget(frame, *at)
            pad(row, round(1.5 * theme.space), 2 * theme.space)
            words.setSpacing(theme.half_space)

    def retranslate(self) -> None:
        super().retranslate()
        if self._rules.keep:
            self._how_long.setText(self.words("consent.how_long.kept"))
        else:
            self._how_long.setText(self.words("consent.how_long.body", seconds=round(self._rules.idle_seconds)))

    def first_focus(self) -> Optional[QWidget]:
        return self.agree
