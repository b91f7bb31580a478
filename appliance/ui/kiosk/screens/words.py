"""THANKS, ERROR and OUT_OF_SERVICE: a picture and a few words."""

from __future__ import annotations

from typing import Optional

from PyQt5.QtCore import Qt
from PyQt5.QtGui import QMouseEvent
from PyQt5.QtWidgets import QWidget

from ... import events as on
from ...flow import Rules, State, Visit
from ...locale import explain
from ..widgets import Glyph, Label
from .page import Page

GLYPH_SIZE = 5.0


class _Words(Page):
    def __init__(self, title: str, symbol: str, colour: str) -> None:
        super().__init__(title, back=False)
        self.column.removeWidget(self.title)
        self.title.setAlignment(Qt.AlignCenter)
        self.glyph = Glyph(symbol, GLYPH_SIZE, colour)
        self.words_below = Label("lead", centred=True)
        self.body.addStretch(2)
        self.body.addWidget(self.glyph, 0, Qt.AlignHCenter)
        self.body.addWidget(self.title)
        self.body.addWidget(self.words_below)
        self.body.addStretch(3)


class ThanksScreen(_Words):
    """A touch anywhere: the next visitor."""

    def __init__(self, rules: Rules) -> None:
        super().__init__("thanks.title", "done", "good")
        self.say(self.words_below, "thanks.kept" if rules.keep else "thanks.body")
        self.setFocusPolicy(Qt.StrongFocus)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.deed.emit(on.Begin())

    def keyPressEvent(self, event) -> None:  # type: ignore[no-untyped-def]
        if event.key() in (Qt.Key_Return, Qt.Key_Enter, Qt.Key_Space):
            self.deed.emit(on.Begin())
        else:
            super().keyPressEvent(event)

    def first_focus(self) -> Optional[QWidget]:
        return self


class ClosedScreen(_Words):
    def __init__(self) -> None:
        super().__init__("closed.title", "service", "muted")
        self._visit = Visit(State.OUT_OF_SERVICE)

    def retranslate(self) -> None:
        super().retranslate()
        known = self._visit.outage in ("engine", "storage") and not self._visit.closed
        self.words_below.setText(self.words(f"closed.{self._visit.outage}" if known else "closed.body"))

    def show_visit(self, visit: Visit) -> None:
        self._visit = visit
        self.retranslate()


class ErrorScreen(_Words):
    def __init__(self) -> None:
        super().__init__("common.retry", "error", "warn")
        self._visit = Visit(State.ERROR)
        self.end = self.action("plain", "home", "error.end", on.Home())
        self.again = self.action("primary", "again", "common.retry", on.Accept())

    def retranslate(self) -> None:
        super().retranslate()
        if self._visit.why is not None:
            message, action = explain(self._visit.why, self.language)
            self.title.setText(message)
            self.title.setAccessibleName(message)
            self.words_below.setText(action)

    def show_visit(self, visit: Visit) -> None:
        self._visit = visit
        self.again.setVisible(visit.resume is not None)
        self.glyph.show_symbol(_symbol(visit.why.code if visit.why else ""))
        self.retranslate()

    def first_focus(self) -> Optional[QWidget]:
        return self.end if self._visit.resume is None else self.again


def _symbol(code: str) -> str:
    """A picture of what it is about."""
    about = (
        ("photo", "photo"), ("face", "face"), ("camera", "camera_off"), ("microphone", "microphone_off"),
        ("speech", "microphone"), ("stick", "save"), ("speaker", "listen"), ("engine", "service"),
        ("worker", "service"),
    )  # fmt: skip
    return next((symbol for start, symbol in about if code.startswith(start)), "error")
