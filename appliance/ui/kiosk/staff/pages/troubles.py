"""Why the last video was not made, why the engine is away, and what else went wrong lately."""

from __future__ import annotations

import time
from typing import List

from PyQt5.QtCore import QTimer
from PyQt5.QtWidgets import QVBoxLayout

from ....locale import explain
from ...widgets import Label
from ..desk import StaffDesk
from ..history import Trouble
from .page import Card, Page

LOOK_MS = 2000
SHOWN = 12
"""Troubles; a page that scrolls for ever is not read."""


class TroublesPage(Page):
    title = "staff.troubles"
    symbol = "warning"

    def __init__(self, desk: StaffDesk) -> None:
        super().__init__(desk)
        self._shown: List[Trouble] = []
        self._list = QVBoxLayout()
        self.none = Label("lead", centred=True)
        self.say(self.none, "staff.no_troubles")
        self.column.addWidget(self.none)
        self.column.addLayout(self._list)
        self.column.addStretch()
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self._look)

    def enter(self) -> None:
        self._timer.start()
        self._look()

    def leave(self) -> None:
        super().leave()
        self._timer.stop()

    def restyle(self) -> None:
        super().restyle()
        self._list.setSpacing(self.theme.space)

    def retranslate(self) -> None:
        super().retranslate()
        self._fill()

    def _look(self) -> None:
        troubles = list(self.desk.history.newest_first())[:SHOWN]
        if troubles != self._shown:
            self._shown = troubles
            self._fill()

    def _fill(self) -> None:
        while self._list.count():
            self._list.takeAt(0).widget().deleteLater()
        for trouble in self._shown:
            self._list.addWidget(self._card(trouble))
        self.none.setVisible(not self._shown)
        self.restyle()

    def _card(self, trouble: Trouble) -> Card:
        card = Card()
        when = time.strftime("%m-%d %H:%M:%S", time.localtime(trouble.last))
        times = self.words("staff.times", count=trouble.times) if trouble.times > 1 else ""
        what, action = explain(trouble.failure, self.language)
        lines = (
            ("strong", what), ("body", action), ("small", f"{when}  {times}  {trouble.failure.code}"),
            ("small", trouble.failure.message),
        )  # fmt: skip
        for role, text in lines:
            label = Label(role)
            label.setText(text)
            card.column.addWidget(label)
        card.setAccessibleName(f"{when} {what} {action}")
        return card
