"""What every page of the staff's screen is."""

from __future__ import annotations

from typing import Optional

from PyQt5.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from ...background import Background
from ...screen import Screen
from ...widgets import Label
from ...widgets.dressed import dress_all
from ..desk import StaffDesk


class Page(Screen):
    """Shown between `enter` and `leave`. What it does beside the thread that paints goes through ``background``."""

    title = ""
    """Key of its name."""
    symbol = ""

    def __init__(self, desk: StaffDesk) -> None:
        super().__init__()
        self.desk = desk
        self.background = Background(desk.loop)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)

    def enter(self) -> None:
        """It is shown now."""

    def leave(self) -> None:
        self.background.forget()

    def restyle(self) -> None:
        dress_all(self, self.theme)
        self.column.setSpacing(2 * self.theme.space)
        for card in self.findChildren(Card):
            card.fit(self.theme.space)


class Card(QFrame):
    """Things that belong together, under each other."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.column = QVBoxLayout(self)

    def fit(self, space: int) -> None:
        self.column.setContentsMargins(2 * space, 2 * space, 2 * space, 2 * space)
        self.column.setSpacing(space)

    def heading(self, page: Page, key: str) -> None:
        label = Label("strong")
        page.say(label, key)
        self.column.addWidget(label)

    def row(self, *widgets: QWidget, grow: Optional[QWidget] = None) -> None:
        """Side by side; ``grow`` takes what room is left, else the end stays empty."""
        row = QHBoxLayout()
        for widget in widgets:
            row.addWidget(widget, 1 if widget is grow else 0)
        if grow is None:
            row.addStretch()
        self.column.addLayout(row)
