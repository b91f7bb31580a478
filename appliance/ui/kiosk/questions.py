"""What is asked and shown over a screen."""

from __future__ import annotations

import math
import time
from typing import Optional

from PyQt5.QtCore import QTimer, pyqtSignal
from PyQt5.QtWidgets import QWidget

from ..feeds import Link
from ..flow import LANGUAGES, Rules, State, Visit, idle_seconds
from ..locale import tr
from .widgets.overlay import Overlay
from .widgets.qr import QrCode

WARNING_SECONDS = 15.0
"""Before a visit ends because nobody does anything, somebody who only reads is asked for so long."""
TOUCH_SECONDS = 1.0
"""A hand on the screen is told of no more often than this."""
TICK_MS = 500
NOT_ASKED = (State.THANKS, State.ERROR, State.STAFF, State.STAFF_PIN)


class _Card(Overlay):
    language = LANGUAGES[0]

    def change_language(self, language: str) -> None:
        self.language = language
        self.speak()

    def speak(self) -> None:
        """Everything in `language`."""


class Question(_Card):
    """``name``: of the texts "NAME.title", "NAME.body", "NAME.stay" and "NAME.go". The way back is offered first."""

    yes = pyqtSignal()

    def __init__(self, parent: QWidget, name: str, symbol: str) -> None:
        super().__init__(parent, symbol)
        self._name = name
        self.stay = self.add_button("primary", "back")
        self.go = self.add_button("danger", symbol)
        self.stay.clicked.connect(self.close_up)
        self.go.clicked.connect(self._go)

    def speak(self) -> None:
        for widget, part in ((self.title, "title"), (self.words, "body"), (self.stay, "stay"), (self.go, "go")):
            widget.setText(tr(f"{self._name}.{part}", self.language))
            widget.setAccessibleName(widget.text())

    def _go(self) -> None:
        self.close_up()
        self.yes.emit()


class IdleQuestion(_Card):
    """Keeps the same time as the director, and asks shortly before that has run out."""

    def __init__(self, parent: QWidget, rules: Rules) -> None:
        super().__init__(parent, "clock")
        self._rules = rules
        self._allowed: Optional[float] = None
        self._since = time.monotonic()
        self._told = 0.0
        self.stay = self.add_button("primary", "touch")
        self.stay.clicked.connect(self.close_up)
        self._tick = QTimer(self)
        self._tick.setInterval(TICK_MS)
        self._tick.timeout.connect(self._look)

    def watch(self, visit: Visit) -> None:
        """A change of the visit is a sign of life."""
        allowed = None if visit.state in NOT_ASKED else idle_seconds(visit, self._rules)
        self._allowed = allowed if allowed is not None and allowed > 2 * WARNING_SECONDS else None
        self._since = time.monotonic()
        if self._allowed is None:
            self._tick.stop()
            self.close_up()
        elif not self._tick.isActive():
            self._tick.start()

    def touched(self) -> bool:
        """Somebody is there; whether the director is to be told now."""
        self._since = time.monotonic()
        if self._since - self._told < TOUCH_SECONDS:
            return False
        self._told = self._since
        return True

    def speak(self) -> None:
        self.title.setText(tr("idle.title", self.language))
        self.stay.setText(tr("idle.stay", self.language))
        self.stay.setAccessibleName(self.stay.text())
        self._count()

    def _left(self) -> float:
        return (self._allowed or 0.0) - (time.monotonic() - self._since)

    def _count(self) -> None:
        self.words.setText(tr("idle.body", self.language, seconds=max(0, math.ceil(self._left()))))

    def _look(self) -> None:
        if self._left() > WARNING_SECONDS:
            self.close_up()
            return
        self._count()
        self.open()


class LinkCard(_Card):
    """Where a phone finds the video."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, "phone")
        self.code = QrCode()
        self._link: Optional[Link] = None
        self.glyph.hide()
        self.middle.addWidget(self.code)
        self.shut = self.add_button("primary", "agree")
        self.shut.clicked.connect(self.close_up)

    def show_link(self, link: Link) -> None:
        self._link = link
        self.code.show_text(link.url)
        self.speak()
        self.open()

    def forget(self) -> None:
        self._link = None
        self.code.show_text("")

    def speak(self) -> None:
        self.title.setText(tr("link.title", self.language))
        self.shut.setText(tr("common.close", self.language))
        self.shut.setAccessibleName(self.shut.text())
        minutes = math.ceil(self._link.seconds / 60) if self._link else 0
        self.words.setText(tr("link.body", self.language, minutes=minutes))
        self.code.setAccessibleName(self._link.url if self._link else "")
