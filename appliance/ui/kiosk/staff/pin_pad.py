"""Ten digits for fingers and keys. What is entered is shown as dots."""

from __future__ import annotations

from typing import List, Optional

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtGui import QKeyEvent
from PyQt5.QtWidgets import QBoxLayout, QGridLayout, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from ...locale import tr
from ...pins import LONGEST, SHORTEST
from ..theme import Theme
from ..widgets import Button, Label
from ..widgets.dressed import Dressed

_ROWS = ("123", "456", "789")
LARGEST_KEY = (3.0, 1.8)
"""Width and height, times the least that a finger needs."""


class PinPad(QWidget, Dressed):
    """Says what it wants, takes digits, and gives them with `entered`; then it is empty again."""

    entered = pyqtSignal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.StrongFocus)
        self._digits = ""
        self._language = "zh"
        self.prompt = Label("title", centred=True)
        self.dots = Label("title", centred=True)
        self.message = Label("body", centred=True)
        self._keys = QGridLayout()
        self._digit_keys: List[Button] = []
        for row, digits in enumerate(_ROWS):
            for column, digit in enumerate(digits):
                self._keys.addWidget(self._digit_key(digit), row, column)
        self.erase_key = _grown(Button("key", "erase"))
        self.erase_key.clicked.connect(self._erase)
        self.confirm_key = _grown(Button("primary", "agree"))
        self.confirm_key.clicked.connect(self._confirm)
        self._keys.addWidget(self.erase_key, 3, 0)
        self._keys.addWidget(self._digit_key("0"), 3, 1)
        self._keys.addWidget(self.confirm_key, 3, 2)
        words = QVBoxLayout()
        words.addStretch()
        for label in (self.prompt, self.dots, self.message):
            words.addWidget(label)
        words.addStretch()
        self._layout = QBoxLayout(QBoxLayout.LeftToRight, self)
        self._layout.addLayout(words, 1)
        self._layout.addLayout(_centred(self._keys), 1)
        self._show_digits()

    def ask(self, prompt: str, message: str = "", warning: bool = False) -> None:
        """Begin with an empty pad. Both texts are ready to be shown."""
        self._digits = ""
        self.prompt.setText(prompt)
        self.say(message, warning)
        self.take(True)

    def say(self, message: str, warning: bool = False) -> None:
        self.message.setText(message)
        self.message.turn_into("warning" if warning else "body")

    def take(self, digits: bool) -> None:
        """Whether they can be entered from now on."""
        for key in (*self._digit_keys, self.erase_key, self.confirm_key):
            key.setEnabled(digits)
        self._show_digits()

    def clear(self) -> None:
        self._digits = ""
        self._show_digits()

    def speak(self, language: str) -> None:
        self._language = language
        for key in self._digit_keys:
            key.setAccessibleName(key.text())
        for key, text in ((self.erase_key, "pin.erase"), (self.confirm_key, "pin.confirm")):
            key.setAccessibleName(tr(text, language))
        self._show_digits()

    def dress(self, theme: Theme) -> None:
        super().dress(theme)
        self._layout.setDirection(QBoxLayout.TopToBottom if theme.upright else QBoxLayout.LeftToRight)
        self._layout.setSpacing(3 * theme.space)
        self._keys.setSpacing(theme.space)
        self.setStyleSheet(f'QPushButton[kind="key"] {{ font-size: {theme.title}px; }}')
        for key in (*self._digit_keys, self.erase_key, self.confirm_key):
            key.setMaximumSize(*(round(theme.target * times) for times in LARGEST_KEY))

    def keyPressEvent(self, event: Optional[QKeyEvent]) -> None:
        assert event is not None
        if event.text() and event.text() in "0123456789":
            self._add(event.text())
        elif event.key() in (Qt.Key_Backspace, Qt.Key_Delete):
            self._erase()
        elif event.key() in (Qt.Key_Return, Qt.Key_Enter):
            self._confirm()
        else:
            super().keyPressEvent(event)

    def _digit_key(self, digit: str) -> Button:
        key = _grown(Button("key"))
        key.setText(digit)
        key.clicked.connect(lambda: self._add(digit))
        self._digit_keys.append(key)
        return key

    def _add(self, digit: str) -> None:
        if self.taking() and len(self._digits) < LONGEST:
            self._digits += digit
            self._show_digits()

    def _erase(self) -> None:
        self._digits = self._digits[:-1]
        self._show_digits()

    def _confirm(self) -> None:
        if self.taking() and len(self._digits) >= SHORTEST:
            digits, self._digits = self._digits, ""
            self._show_digits()
            self.entered.emit(digits)

    def taking(self) -> bool:
        """Whether digits can be entered now."""
        return self._digit_keys[0].isEnabled()

    def _show_digits(self) -> None:
        count = len(self._digits)
        self.dots.setText(" ".join("●" * count + "○" * max(0, SHORTEST - count)))
        self.dots.setAccessibleName(tr("pin.digits", self._language, count=count))
        self.confirm_key.setEnabled(self.taking() and count >= SHORTEST)


def _grown(key: Button) -> Button:
    """As large as there is room for."""
    key.setSizePolicy(QSizePolicy.Expanding, QSizePolicy.Expanding)
    return key


def _centred(keys: QGridLayout) -> QHBoxLayout:
    row = QHBoxLayout()
    column = QVBoxLayout()
    column.addStretch(1)
    column.addLayout(keys, 100)
    column.addStretch(1)
    row.addStretch(1)
    row.addLayout(column, 100)
    row.addStretch(1)
    return row
