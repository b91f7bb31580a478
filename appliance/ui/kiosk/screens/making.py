"""MAKING: how far it is, honestly, and something to read meanwhile."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Optional

from PyQt5.QtCore import QTimer
from PyQt5.QtWidgets import QBoxLayout, QHBoxLayout, QVBoxLayout, QWidget

from ... import events as on
from ...feeds import Feed, Making
from ...flow import Visit
from ..widgets import Glyph, Label
from ..widgets.images import Ticket, load_picture
from ..widgets.ring import Ring
from .page import Page, card, pad, turn

FACTS = ("making.fact_1", "making.fact_2", "making.fact_3", "making.fact_4")
FACT_MS = 7000
SHORT_SECONDS = 90
"""Longer waits are told in minutes."""
STEP_SECONDS = 5
"""An estimate in single seconds would jump to and fro."""
STAGES = ("models", "face", "speech", "video", "finish")
BEFORE_VIDEO = 0.08
"""Of the ring, for what comes before the first frame; the rest is frames."""


class MakingScreen(Page):
    def __init__(self) -> None:
        super().__init__("making.title", back=False)
        self._making: Optional[Making] = None
        self._photo: Optional[Path] = None
        self._ticket: Optional[Ticket] = None
        self._fact = 0
        self._timer = QTimer(self)
        self._timer.setInterval(FACT_MS)
        self._timer.timeout.connect(self._next_fact)
        self._halves = QBoxLayout(QBoxLayout.LeftToRight)
        self._ring = Ring(size=4.5)
        self._words = QVBoxLayout()
        self._percent, self._stage, self._eta = Label("hero"), Label("title"), Label("lead")
        self._card = card("tint")
        self._card_row = QHBoxLayout(self._card)
        self._tip = Label("lead")
        self._card_row.addWidget(Glyph("tip", 1.8))
        self._card_row.addWidget(self._tip, 1)
        self._words.addStretch(1)
        self._words.addWidget(self._percent)
        self._words.addWidget(self._stage)
        self._words.addWidget(self._eta)
        self._words.addWidget(self._card)
        self._words.addStretch(1)
        self._halves.addWidget(self._ring, 4)
        self._halves.addLayout(self._words, 5)
        self.title.hide()
        self.body.addLayout(self._halves, 1)
        self.cancel = self.action("plain", "cancel", "common.cancel", on.Back())

    def restyle(self) -> None:
        super().restyle()
        theme = self.theme
        turn(self._halves, theme.upright)
        self._halves.setSpacing(3 * theme.space)
        self._words.setSpacing(2 * theme.space)
        self._words.setStretch(0, 0 if theme.upright else 1)
        pad(self._card_row, 2 * theme.space, 2 * theme.space)

    def retranslate(self) -> None:
        super().retranslate()
        self._ring.setAccessibleName(self.words("making.progress"))
        self._tell()

    def show_visit(self, visit: Visit) -> None:
        if not self._timer.isActive():
            self._timer.start()
        if visit.photo != self._photo:
            self._forget()
            self._photo = visit.photo
            if visit.photo is not None:
                self._ticket = load_picture(visit.photo, self._ring.disc(), True, self._ring.show_image)
        self._tell()

    def feed(self, item: Feed) -> None:
        if isinstance(item, Making):
            self._making = item
            self._tell()

    def leave(self) -> None:
        self._timer.stop()
        self._making = None
        self._forget()

    def first_focus(self) -> Optional[QWidget]:
        return self.cancel

    def _forget(self) -> None:
        if self._ticket is not None:
            self._ticket.cancel()
        self._photo, self._ticket = None, None
        self._ring.show_image(None)

    def _next_fact(self) -> None:
        self._fact = (self._fact + 1) % len(FACTS)
        self._tell()

    def _tell(self) -> None:
        share = _share(self._making)
        self._ring.show_share(share)
        self._percent.setText("" if share is None else f"{math.floor(100 * share)}%")
        self._percent.setVisible(share is not None)
        self._stage.setText(self._stage_words())
        self._eta.setText(self._eta_words())
        self._tip.setText(self.words(FACTS[self._fact]))

    def _stage_words(self) -> str:
        making = self._making
        if making is None:
            return self.words("making.sending")
        if making.progress is not None and making.progress.stage in STAGES:
            return self.words(f"making.{making.progress.stage}")
        if making.position is not None:
            ahead = making.position - 1
            return self.words("making.queue", ahead=ahead) if ahead > 0 else self.words("making.next")
        return self.words("making.sending")

    def _eta_words(self) -> str:
        progress = self._making.progress if self._making else None
        if progress is None or progress.eta_seconds is None:
            return ""
        if progress.eta_seconds > SHORT_SECONDS:
            return self.words("making.eta_minutes", minutes=math.ceil(progress.eta_seconds / 60))
        steps = max(1, math.ceil(progress.eta_seconds / STEP_SECONDS))
        return self.words("making.eta_seconds", seconds=STEP_SECONDS * steps)


def _share(making: Optional[Making]) -> Optional[float]:
    """Of the whole, 0 … 1; None while nobody can say."""
    progress = making.progress if making else None
    if progress is None or progress.stage not in STAGES:
        return None
    if progress.stage == "finish":
        return 1.0
    if progress.stage != "video":
        return BEFORE_VIDEO * STAGES.index(progress.stage) / STAGES.index("video")
    return BEFORE_VIDEO + (1 - BEFORE_VIDEO) * progress.done / max(1, progress.total)
