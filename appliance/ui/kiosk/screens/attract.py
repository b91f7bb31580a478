"""ATTRACT: what passers-by see."""

from __future__ import annotations

from typing import List, Optional, Tuple

from PyQt5.QtCore import Qt
from PyQt5.QtGui import QMouseEvent
from PyQt5.QtWidgets import QBoxLayout, QHBoxLayout, QVBoxLayout, QWidget

from ... import events as on
from ...flow import Rules
from ..screen import Screen
from ..widgets import Button, Glyph, Label
from ..widgets.illustration import Illustration
from .page import pad, turn

STEPS = (("camera", "step.photo"), ("microphone", "step.voice"), ("video", "step.video"))


class AttractScreen(Screen):
    """A touch anywhere begins."""

    def __init__(self, rules: Rules) -> None:
        super().__init__()
        self._box = QBoxLayout(QBoxLayout.LeftToRight, self)
        self._words = QVBoxLayout()
        self._illustration = Illustration()
        title, lead = Label("hero"), Label("lead")
        self.say(title, "attract.title")
        self.say(lead, "attract.lead")
        self.begin = Button("primary", "touch", large=True)
        self.say(self.begin, "attract.begin")
        self.begin.clicked.connect(lambda: self.deed.emit(on.Begin()))
        self._steps = self._three_steps()
        self._promise = self._private("attract.private_kept" if rules.keep else "attract.private")
        self._words.addStretch(1)
        for widget in (title, lead):
            self._words.addWidget(widget)
        self._words.addLayout(self._steps)
        self._words.addWidget(self.begin, 0, Qt.AlignLeft)
        self._words.addLayout(self._promise)
        self._words.addStretch(1)
        self._box.addLayout(self._words, 6)
        self._box.addWidget(self._illustration, 5)

    def restyle(self) -> None:
        theme = self.theme
        turn(self._box, theme.upright)
        tight = theme.large_text and not theme.upright
        pad(self._box, (2 if tight else 4) * theme.space, 4 * theme.space)
        self._words.setSpacing(round((1.5 if tight else 2.5) * theme.space))
        self._box.setStretch(0, 8 if tight else 6)
        self._steps.setSpacing(theme.space)
        self._promise.setSpacing(theme.space)
        self.begin.setMinimumWidth(5 * theme.target)

    def first_focus(self) -> Optional[QWidget]:
        return self.begin

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.deed.emit(on.Begin())

    def _three_steps(self) -> QHBoxLayout:
        row = QHBoxLayout()
        parts: List[Tuple[str, str]] = list(STEPS)
        for number, (symbol, key) in enumerate(parts):
            if number:
                row.addWidget(Glyph("forward", 0.9, "muted"))
            row.addWidget(Glyph(symbol, 1.4, "primary"))
            name = Label("strong")
            name.setWordWrap(False)
            self.say(name, key)
            row.addWidget(name)
        row.addStretch(1)
        return row

    def _private(self, key: str) -> QHBoxLayout:
        row = QHBoxLayout()
        words = Label("small")
        self.say(words, key)
        row.addWidget(Glyph("lock", 1.2, "good"))
        row.addWidget(words, 1)
        return row
