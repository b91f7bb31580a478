"""The one window: a header, the screen of the visit's state, and what passes over it."""

from __future__ import annotations

from abc import ABCMeta
from typing import Any, Dict, Optional

from PyQt5.QtCore import pyqtSignal
from PyQt5.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from ...settings import KioskSettings
from ..feeds import DeviceState, EngineState, Feed
from ..flow import Rules, State, Visit
from ..frontend import FrontEnd
from .screen import Screen
from .theme import Theme


class _Meta(type(QWidget), ABCMeta):  # type: ignore[misc]
    """A widget that is also an abstract base's child."""


class KioskWindow(QWidget, FrontEnd, metaclass=_Meta):
    """``screens``: which screen shows a state; one may show several. `deed` carries what somebody does."""

    deed = pyqtSignal(object)

    def __init__(
        self, screens: Dict[State, Screen], rules: Optional[Rules] = None, settings: Optional[KioskSettings] = None
    ) -> None:
        super().__init__()
        self.setObjectName("window")
        self._screens = screens
        self._rules = rules or Rules()
        self._settings = settings or KioskSettings()
        self._stack = QStackedWidget()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._stack)
        self.visit = Visit(language=self._rules.language)
        self.theme = Theme(large_text=self._settings.large_text, high_contrast=self._settings.high_contrast)
        for screen in self._distinct():
            self._stack.addWidget(screen)
            screen.deed.connect(self.deed)
        self._dress()

    def show(self, visit: Optional[Visit] = None) -> None:  # type: ignore[override]
        """With a visit: it has changed. Without: as of any widget, become visible."""
        if visit is None:
            QWidget.show(self)
            return
        spoken, self.visit = self.visit.language, visit
        screen = self._screens[visit.state]
        if visit.language != spoken:
            self._dress()
        if self._stack.currentWidget() is not screen:
            self._enter(screen)
        screen.show_visit(visit)

    def feed(self, item: Feed) -> None:
        if isinstance(item, (DeviceState, EngineState)):
            for screen in self._distinct():
                screen.feed(item)
        else:
            self._screens[self.visit.state].feed(item)

    def start_playing(self, visit: Visit) -> None:
        """The screen of the state plays."""

    def stop_playing(self) -> None:
        pass

    def _enter(self, screen: Screen) -> None:
        before: Any = self._stack.currentWidget()
        self._stack.setCurrentWidget(screen)
        before.leave()
        first = screen.first_focus()
        if first is not None:
            first.setFocus()

    def _dress(self) -> None:
        self.setStyleSheet(self.theme.sheet())
        for screen in self._distinct():
            screen.dress(self.theme, self.visit.language)

    def _distinct(self) -> Dict[Screen, None]:
        return dict.fromkeys(self._screens.values())
