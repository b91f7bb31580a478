"""The plan that most screens share: a title, what it is about, and buttons, the way onward at the right or on top."""

from __future__ import annotations

from typing import Optional

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QBoxLayout, QFrame, QLayout, QVBoxLayout, QWidget

from ... import events as on
from ..screen import Screen
from ..widgets import Button, Label


class Page(Screen):
    """Subclasses fill ``body`` and ``actions``. ``back``: with a button for `Back` at the left."""

    def __init__(self, title: str, back: bool = True) -> None:
        super().__init__()
        self.column = QVBoxLayout(self)
        self.title = Label("title")
        self.say(self.title, title)
        self.body = QVBoxLayout()
        self.actions = QBoxLayout(QBoxLayout.LeftToRight)
        self.column.addWidget(self.title)
        self.column.addLayout(self.body, 1)
        self.column.addLayout(self.actions)
        self.back = Button("plain", "back")
        self.back.setVisible(back)
        self.say(self.back, "common.back")
        self.back.clicked.connect(lambda: self.deed.emit(on.Back()))
        self.actions.addWidget(self.back)
        self.actions.addStretch(1)

    def action(self, kind: str, symbol: str, key: str, event: on.Event) -> Button:
        """One more button at the right end of the row."""
        button = self.button(kind, symbol, key, event)
        self.actions.addWidget(button)
        return button

    def button(self, kind: str, symbol: str, key: str, event: on.Event) -> Button:
        made = Button(kind, symbol)
        self.say(made, key)
        made.clicked.connect(lambda: self.deed.emit(event))
        return made

    def restyle(self) -> None:
        theme = self.theme
        edge = 2 * theme.space
        self.column.setContentsMargins(edge, edge, edge, edge)
        self.column.setSpacing(edge)
        self.body.setSpacing(edge)
        self.actions.setSpacing(theme.space)
        self.actions.setDirection(QBoxLayout.BottomToTop if theme.upright else QBoxLayout.LeftToRight)


def card(role: str = "card") -> QFrame:
    frame = QFrame()
    frame.setProperty("role", role)
    return frame


def turn(layout: QBoxLayout, upright: bool) -> None:
    """Side by side on a wide screen, one below the other on a high one."""
    layout.setDirection(QBoxLayout.TopToBottom if upright else QBoxLayout.LeftToRight)


def pad(layout: Optional[QLayout], margin: int, spacing: int) -> None:
    assert layout is not None
    layout.setContentsMargins(margin, margin, margin, margin)
    layout.setSpacing(spacing)


def in_the_middle(layout: QBoxLayout, *widgets: QWidget) -> None:
    for widget in widgets:
        layout.addWidget(widget, 0, Qt.AlignHCenter)
