"""Which program this is, under which licences, and the staff's own PIN."""

from __future__ import annotations

import platform
from typing import Callable, Optional, Tuple

import cv2
import numpy as np
from PyQt5.QtCore import PYQT_VERSION_STR, QT_VERSION_STR

from ..... import __version__
from .....errors import PinError, PinLocked, PinWrong, SonicError
from ....pins import check_strength
from ...widgets import Button, Label
from ..desk import StaffDesk
from ..pin_pad import PinPad
from .page import Card, Page


class AboutPage(Page):
    title = "staff.about"
    symbol = "info"

    def __init__(self, desk: StaffDesk) -> None:
        super().__init__(desk)
        self._card = Card()
        self.version = Label("strong")
        self._card.column.addWidget(self.version)
        parts = Label("muted")
        parts.setText(
            f"Python {platform.python_version()} · Qt {QT_VERSION_STR} · PyQt {PYQT_VERSION_STR} · "
            f"OpenCV {cv2.__version__} · NumPy {np.__version__}"
        )
        self._card.column.addWidget(parts)
        licences = Label()
        self.say(licences, "staff.licences")
        self._card.column.addWidget(licences)
        self.column.addWidget(self._card)
        pins = Card()
        pins.heading(self, "staff.pin")
        self.change = Button(symbol="lock")
        self.say(self.change, "staff.change_pin")
        self.change.clicked.connect(self._toggle)
        self.said = Label("strong")
        pins.row(self.change, self.said, grow=self.said)
        self.pad = PinPad()
        self.pad.entered.connect(self._entered)
        pins.column.addWidget(self.pad)
        self.column.addWidget(pins)
        self.column.addStretch()
        self._old = self._new = ""
        self._then: Callable[[str], None] = self._take_old
        self._words: Tuple[str, str, bool] = ("pin.old", "", False)
        self.pad.hide()

    def leave(self) -> None:
        super().leave()
        self._close("")

    def retranslate(self) -> None:
        super().retranslate()
        self.version.setText(self.words("staff.version", version=__version__))
        self.pad.speak(self.language)
        self._say_words()

    def _toggle(self) -> None:
        if self.pad.isVisible():
            self._close("")
            return
        self.said.clear()
        self._card.hide()
        self.pad.show()
        self.pad.setFocus()
        self.say(self.change, "staff.change_pin_not")
        self._ask("pin.old", "", self._take_old)

    def _close(self, said: str) -> None:
        self._old = self._new = ""
        self.pad.clear()
        self.pad.hide()
        self._card.show()
        self.say(self.change, "staff.change_pin")
        self.said.setText(said)

    def _ask(self, prompt: str, message: str, then: Callable[[str], None], warning: bool = False) -> None:
        self._words, self._then = (prompt, message, warning), then
        self.pad.clear()
        self.pad.take(True)
        self._say_words()

    def _say_words(self) -> None:
        prompt, message, warning = self._words
        self.pad.prompt.setText(self.words(prompt))
        self.pad.say(self.words(message) if message else "", warning)

    def _entered(self, pin: str) -> None:
        self._then(pin)

    def _take_old(self, pin: str) -> None:
        self._old = pin
        self._ask("pin.new", "pin.rules", self._take_new)

    def _take_new(self, pin: str) -> None:
        try:
            check_strength(pin)
        except PinError:
            self._ask("pin.new", "pin.weak", self._take_new, warning=True)
            return
        self._new = pin
        self._ask("pin.repeat", "pin.rules", self._take_repeated)

    def _take_repeated(self, pin: str) -> None:
        if pin != self._new:
            self._ask("pin.new", "pin.differs", self._take_new, warning=True)
            return
        old, new = self._old, self._new
        self.pad.take(False)
        self.pad.say(self.words("pin.checking"))
        self.background.run(lambda: self.desk.pins.change(old, new), self._changed, self._refused)

    def _changed(self, _: Optional[object]) -> None:
        self._close(self.words("pin.changed"))

    def _refused(self, error: SonicError) -> None:
        if isinstance(error, PinWrong):
            self._ask("pin.old", "pin.wrong", self._take_old, warning=True)
        elif isinstance(error, PinLocked):
            self._close(self.words("pin.locked_out"))
        else:
            self._ask("pin.old", "pin.unkept", self._take_old, warning=True)
