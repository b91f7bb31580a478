"""What the staff sees: pages, and where to find them."""

from __future__ import annotations

from typing import List, Optional

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import (
    QBoxLayout,
    QButtonGroup,
    QFrame,
    QGridLayout,
    QScrollArea,
    QScroller,
    QStackedWidget,
    QWidget,
)

from ... import events as on
from ...feeds import Feed
from ...flow import Visit
from ..screen import Screen
from ..theme import Theme
from ..widgets import Button
from .desk import StaffDesk
from .pages import PAGES, Page
from .pages.device import DevicePage

UPRIGHT_COLUMNS = 3
"""Of buttons above the pages, on a screen that is higher than wide."""


class StaffScreen(Screen):
    """For `State.STAFF`."""

    def __init__(self, desk: StaffDesk) -> None:
        super().__init__()
        self._desk = desk
        self._inside = False
        self.pages: List[Page] = [kind(desk) for kind in PAGES]
        self.buttons: List[Button] = []
        self._stack = QStackedWidget()
        self._group = QButtonGroup(self)
        for number, page in enumerate(self.pages):
            page.deed.connect(self.deed)
            self._stack.addWidget(_scrolled(page))
            button = Button("segment", page.symbol)
            button.setCheckable(True)
            self.say(button, page.title)
            button.clicked.connect(lambda _checked, number=number: self.turn_to(number))
            self._group.addButton(button)
            self.buttons.append(button)
        self.out = Button("plain", "back")
        self.say(self.out, "staff.leave")
        self.out.clicked.connect(lambda: self.deed.emit(on.LeaveStaff()))
        self._grid = QGridLayout()
        self._layout = QBoxLayout(QBoxLayout.LeftToRight, self)
        self._layout.addLayout(self._grid)
        self._layout.addWidget(self._stack, 1)

    @property
    def page(self) -> Page:
        return self.pages[self._stack.currentIndex()]

    def turn_to(self, number: int) -> None:
        """The page with that number."""
        self.page.leave()
        self._stack.setCurrentIndex(number)
        self.buttons[number].setChecked(True)
        for button in self.buttons:
            button.dress(self.theme)  # Qt itself takes the mark from the one before
        self.page.enter()

    def show_visit(self, visit: Visit) -> None:
        for page in self.pages:
            page.show_visit(visit)
        if not self._inside:
            self._inside = True
            self.turn_to(0)

    def feed(self, item: Feed) -> None:
        for page in self.pages:
            page.feed(item)

    def leave(self) -> None:
        if not self._inside:
            return
        self._inside = False
        self.page.leave()
        if any(isinstance(page, DevicePage) and page.changed for page in self.pages):
            self._desk.restart()

    def first_focus(self) -> Optional[QWidget]:
        return self.buttons[0]

    def dress(self, theme: Theme, language: str) -> None:
        for page in self.pages:
            page.dress(theme, language)
        super().dress(theme, language)

    def change_language(self, language: str) -> None:
        for page in self.pages:
            page.change_language(language)
        super().change_language(language)

    def restyle(self) -> None:
        space, upright = self.theme.space, self.theme.upright
        for button in (*self.buttons, self.out):
            button.dress(self.theme)
        self._layout.setDirection(QBoxLayout.TopToBottom if upright else QBoxLayout.LeftToRight)
        self._layout.setContentsMargins(2 * space, 2 * space, 2 * space, 2 * space)
        self._layout.setSpacing(2 * space)
        self._grid.setSpacing(space)
        self._arrange(UPRIGHT_COLUMNS if upright else 1)

    def _arrange(self, columns: int) -> None:
        buttons = (*self.buttons, self.out)
        for button in buttons:
            self._grid.removeWidget(button)
        for number, button in enumerate(buttons):
            self._grid.addWidget(button, number // columns, number % columns)
        self._grid.setRowStretch(len(buttons), 0 if columns > 1 else 1)


def _scrolled(page: Page) -> QScrollArea:
    area = QScrollArea()
    area.setWidget(page)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.NoFocus)
    area.viewport().setAutoFillBackground(False)
    page.setAutoFillBackground(False)
    # The bar is too thin for fingers.
    QScroller.grabGesture(area.viewport(), QScroller.LeftMouseButtonGesture)
    return area
