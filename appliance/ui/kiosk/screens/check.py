"""PHOTO_CHECK and VOICE_CHECK: one moment."""

from __future__ import annotations

from typing import Optional

from PyQt5.QtWidgets import QWidget

from ..widgets import Label
from ..widgets.ring import Ring
from .page import Page


class CheckScreen(Page):
    """``words``: the key of what is being done."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.title.hide()
        self._ring = Ring(size=3.0)
        self._words = Label("lead", centred=True)
        self.say(self._words, words)
        self.body.addStretch(1)
        self.body.addWidget(self._ring)
        self.body.addWidget(self._words)
        self.body.addStretch(1)

    def restyle(self) -> None:
        super().restyle()
        self._ring.setFixedHeight(3 * self.theme.target)

    def first_focus(self) -> Optional[QWidget]:
        return self.back
