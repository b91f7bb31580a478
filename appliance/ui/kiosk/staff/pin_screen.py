"""The door of the staff: their PIN, or at the first start the setting of one."""

from __future__ import annotations

import time
from typing import Callable, Optional, Tuple

from PyQt5.QtCore import QTimer
from PyQt5.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ....errors import PinError, PinLocked, PinWrong, SonicError
from ... import events as on
from ...flow import Visit
from ...loop import Loop
from ...pins import Condition, PinStore, check_strength
from ..background import Background
from ..screen import Screen
from ..widgets import Button
from ..widgets.dressed import dress_all
from .pin_pad import PinPad

TICK_MS = 250
"""How often the time left of a lock is looked at."""


class PinScreen(Screen):
    """For `State.STAFF_PIN`."""

    def __init__(self, loop: Loop, pins: PinStore) -> None:
        super().__init__()
        self._pins = pins
        self._background = Background(loop)
        self._door = 0
        self._open = False
        self._first = ""
        """The new PIN as it was entered the first time."""
        self._words: Tuple[str, str, bool] = ("pin.enter", "", False)
        self._then: Callable[[str], None] = self._check
        self._locked_until = 0.0
        self._lock_timer = QTimer(self)
        self._lock_timer.setInterval(TICK_MS)
        self._lock_timer.timeout.connect(self._show_lock)
        self.pad = PinPad()
        self.pad.entered.connect(self._entered)
        self.back = Button("plain", "back")
        self.say(self.back, "common.back")
        self.back.clicked.connect(lambda: self.deed.emit(on.Back()))
        self._layout = QVBoxLayout(self)
        self._layout.addWidget(self.pad, 1)
        row = QHBoxLayout()
        row.addWidget(self.back)
        row.addStretch()
        self._layout.addLayout(row)

    def show_visit(self, visit: Visit) -> None:
        if self._open and visit.door == self._door:
            return
        self._open, self._door = True, visit.door
        self._forget()
        self._look()

    def leave(self) -> None:
        self._open = False
        self._forget()

    def restyle(self) -> None:
        dress_all(self, self.theme)
        self._layout.setContentsMargins(*4 * (2 * self.theme.space,))

    def retranslate(self) -> None:
        super().retranslate()
        self.pad.speak(self.language)
        prompt, message, warning = self._words
        self.pad.prompt.setText(self.words(prompt))
        if not self._lock_timer.isActive():
            self.pad.say(self.words(message) if message else "", warning)

    def first_focus(self) -> Optional[QWidget]:
        return self.pad

    def _entered(self, pin: str) -> None:
        self._then(pin)

    def _forget(self) -> None:
        self._background.forget()
        self._lock_timer.stop()
        self._first = ""
        self.pad.clear()

    # --- what is wanted -----------------------------------------------------------------------------------------------

    def _look(self) -> None:
        """What is behind the door: a PIN, none yet, or a damaged file."""
        self._wait()
        self._background.run(
            lambda: (self._pins.condition(), self._pins.locked_seconds()), self._situated, self._refused
        )

    def _situated(self, found: Tuple[Condition, float]) -> None:
        condition, seconds = found
        if condition is Condition.UNSET:
            self._ask("pin.first", "pin.rules", self._take_first)
        elif condition is Condition.DAMAGED:
            self._ask("pin.enter", "pin.damaged", self._check, warning=True)
            self.pad.take(False)
        elif seconds > 0:
            self._ask("pin.enter", "", self._check)
            self._lock(seconds)
        else:
            self._ask("pin.enter", "", self._check)

    def _ask(self, prompt: str, message: str, then: Callable[[str], None], warning: bool = False) -> None:
        self._words, self._then = (prompt, message, warning), then
        self.pad.ask(self.words(prompt), self.words(message) if message else "", warning)

    def _wait(self) -> None:
        self._words = (self._words[0], "pin.checking", False)
        self.pad.say(self.words("pin.checking"))
        self.pad.take(False)

    # --- entering -----------------------------------------------------------------------------------------------------

    def _check(self, pin: str) -> None:
        door = self._door
        self._wait()
        self._background.run(lambda: self._pins.enter(pin), lambda _: self._accept(door), self._refused)

    def _accept(self, door: int) -> None:
        self.deed.emit(on.PinAccepted(door))

    def _refused(self, error: SonicError) -> None:
        if isinstance(error, PinWrong):
            self._ask("pin.enter", "pin.wrong", self._check, warning=True)
        elif isinstance(error, (PinLocked, PinError)):
            self._look()
        else:
            self._ask("pin.enter", "error.internal", self._check, warning=True)

    # --- the lock -----------------------------------------------------------------------------------------------------

    def _lock(self, seconds: float) -> None:
        self._locked_until = time.monotonic() + seconds
        self.pad.take(False)
        self._lock_timer.start()
        self._show_lock()

    def _show_lock(self) -> None:
        left = self._locked_until - time.monotonic()
        if left <= 0:
            self._lock_timer.stop()
            self._look()
            return
        minutes, seconds = divmod(int(left) + 1, 60)
        self.pad.say(self.words("pin.locked", minutes=minutes, seconds=f"{seconds:02}"), warning=True)

    # --- setting the first one ----------------------------------------------------------------------------------------

    def _take_first(self, pin: str) -> None:
        try:
            check_strength(pin)
        except PinError:
            self._ask("pin.first", "pin.weak", self._take_first, warning=True)
            return
        self._first = pin
        self._ask("pin.repeat", "pin.rules", self._take_second)

    def _take_second(self, pin: str) -> None:
        first, self._first = self._first, ""
        if pin != first:
            self._ask("pin.first", "pin.differs", self._take_first, warning=True)
            return
        door = self._door
        self._wait()
        self._background.run(lambda: self._pins.set(pin), lambda _: self._accept(door), self._unkept)

    def _unkept(self, error: SonicError) -> None:
        self._ask("pin.first", "pin.unkept", self._take_first, warning=True)
