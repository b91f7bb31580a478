"""A button for what cannot be undone: it asks once more before it does it."""

from __future__ import annotations

from PyQt5.QtCore import QTimer, pyqtSignal

from ..widgets import Button

ASK_MS = 6000
"""How long the question stands."""


class ConfirmButton(Button):
    """Pressed twice it emits `confirmed`; left alone in between it forgets the first press."""

    confirmed = pyqtSignal()

    def __init__(self, symbol: str) -> None:
        super().__init__("danger", symbol)
        self._text = self._question = ""
        self._asking = QTimer(self)
        self._asking.setSingleShot(True)
        self._asking.setInterval(ASK_MS)
        self._asking.timeout.connect(self.calm)
        self.clicked.connect(self._pressed)

    def speak(self, text: str, question: str) -> None:
        self._text, self._question = text, question
        self._show()

    def calm(self) -> None:
        self._asking.stop()
        self._show()

    def _pressed(self) -> None:
        if self._asking.isActive():
            self.calm()
            self.confirmed.emit()
        else:
            self._asking.start()
            self._show()

    def _show(self) -> None:
        asking = self._asking.isActive()
        self.setText(self._question if asking else self._text)
        self.setAccessibleName(self.text())
        self.setProperty("kind", "record" if asking else "danger")
        self.kind = self.property("kind")
        self.style().unpolish(self)
        self.style().polish(self)
        self.dress(self.theme)
