"""One of a few, side by side."""

from __future__ import annotations

from typing import Any, Callable, Dict, Sequence, Tuple

from PyQt5.QtCore import pyqtSignal
from PyQt5.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from ..theme import Theme
from .button import Button
from .dressed import Dressed


class Choice(QWidget, Dressed):
    """``options``: (key of the text, value). What is shown as chosen follows `show_value` alone: the visit decides.

    Not a group of Qt's, whose members Tab cannot reach one by one.
    """

    chosen = pyqtSignal(object)

    def __init__(self, options: Sequence[Tuple[str, Any]]) -> None:
        super().__init__()
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._value: Any = None
        self._buttons: Dict[str, Tuple[Button, Any]] = {}
        for key, value in options:
            button = Button("segment")
            button.setCheckable(True)
            button.setSizePolicy(QSizePolicy.Expanding, QSizePolicy.Fixed)
            button.clicked.connect(lambda _checked, value=value: self._choose(value))
            self._row.addWidget(button, 1)
            self._buttons[key] = (button, value)

    def speak(self, words: Callable[[str], str], about: str) -> None:
        """Texts by their keys. ``about``: what is chosen, said before each option to who does not see it."""
        for key, (button, _value) in self._buttons.items():
            button.setText(words(key))
            button.setAccessibleName(f"{about}: {words(key)}")

    def show_value(self, value: Any) -> None:
        self._value = value
        for button, of_button in self._buttons.values():
            button.setChecked(of_button == value)

    def button(self, value: Any) -> Button:
        return next(button for button, of_button in self._buttons.values() if of_button == value)

    def _choose(self, value: Any) -> None:
        self.show_value(self._value)
        self.chosen.emit(value)

    def dress(self, theme: Theme) -> None:
        super().dress(theme)
        self._row.setSpacing(theme.half_space)
