"""The one window: a header, the screen of the visit's state, and what passes over it."""

from __future__ import annotations

from abc import ABCMeta
from typing import Any, Callable, Dict, List, Optional, cast

from PyQt5.QtCore import QEvent, QObject, Qt, QTimer, pyqtSignal
from PyQt5.QtGui import QColor, QKeyEvent, QKeySequence, QPainter, QPaintEvent
from PyQt5.QtWidgets import QApplication, QShortcut, QStackedWidget, QVBoxLayout, QWidget

from ...settings import KioskSettings
from .. import events as on
from ..director.director import Director
from ..director.video import VideoSource
from ..feeds import DeviceState, EngineState, Feed, Link, Notice
from ..flow import Rules, State, Visit
from ..frontend import FrontEnd
from ..locale import explain, tr
from .failure import failure_of
from .header import Header
from .questions import IdleQuestion, LinkCard, Question
from .screen import Screen
from .theme import Theme
from .widgets.toast import Toast

TOUCHES = (QEvent.MouseButtonPress, QEvent.TouchBegin)
STAFF_KEYS = "Ctrl+Shift+S"
"""For staff with a keyboard: as holding the corner."""
STAFF_STATES = (State.STAFF, State.STAFF_PIN)


class _Meta(type(QWidget), ABCMeta):  # type: ignore[misc]
    """A widget that is also an abstract base's child."""


class KioskWindow(QWidget, FrontEnd, metaclass=_Meta):
    """``screens``: which screen shows a state; one may show several. `deed` carries what somebody does."""

    deed = pyqtSignal(object)

    def __init__(
        self, screens: Dict[State, Screen], rules: Optional[Rules] = None, settings: Optional[KioskSettings] = None
    ) -> None:
        super().__init__()
        self._screens = screens
        self._rules = rules or Rules()
        self._settings = settings or KioskSettings()
        self._video: Optional[Callable[[], VideoSource]] = None
        self.visit = Visit(language=self._rules.language)
        self.theme = Theme(large_text=self._settings.large_text, high_contrast=self._settings.high_contrast)
        self.header = Header()
        self._stack = QStackedWidget()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.header)
        layout.addWidget(self._stack, 1)
        self.toast = Toast(self)
        self.leaving = Question(self, "leave", "home")
        self.deleting = Question(self, "delete", "delete")
        self.idle = IdleQuestion(self, self._rules)
        self.link = LinkCard(self)
        self._overlays = (self.leaving, self.deleting, self.idle, self.link)
        self._sheet = ""
        self._outmoded: List[Screen] = []
        """Not yet in the present theme."""
        self._freshening = QTimer(self)
        self._freshening.setInterval(0)
        self._freshening.timeout.connect(self._freshen_next)
        self._connect()
        self._dress()
        self._stack.setCurrentWidget(self._screens[self.visit.state])
        self.setProperty("by_keys", False)
        QApplication.instance().installEventFilter(self)

    def attach(self, director: Director) -> None:
        """From now on it is told what is done here, and gives the video."""
        self._video = director.video
        self.deed.connect(director.tell)

    # --- as a front end -----------------------------------------------------------------------------------------------

    def show(self, visit: Optional[Visit] = None) -> None:  # type: ignore[override]
        """With a visit: it has changed. Without: become visible, as any widget."""
        if visit is None:
            QWidget.show(self)
            return
        before, self.visit = self.visit, visit
        if visit.number != before.number:
            self._forget_visitor()
        if visit.language != before.language:
            self._speak()
        screen = self._screens[visit.state]
        self._freshen(screen)
        if visit.state is not before.state:
            self._close_overlays()
        left = cast(Screen, self._stack.currentWidget())
        self._stack.setCurrentWidget(screen)  # so that it knows its size
        screen.show_visit(visit)
        self.header.show_visit(visit)
        if left is not screen:
            left.leave()
            self._begin_with(screen)
        self.idle.watch(visit)

    def feed(self, item: Feed) -> None:
        if isinstance(item, Notice):
            self._notice(item)
        elif isinstance(item, Link):
            if self.visit.state is State.PLAYING:
                self.link.show_link(item)
        if isinstance(item, (DeviceState, EngineState)):
            for screen in self._distinct():
                screen.feed(item)
        else:
            self._screens[self.visit.state].feed(item)

    def start_playing(self, visit: Visit) -> None:
        if self._video is not None:
            self._screens[State.PLAYING].play(self._video())

    def stop_playing(self) -> None:
        self._screens[State.PLAYING].stop()

    # --- as a window --------------------------------------------------------------------------------------------------

    def resizeEvent(self, event: Any) -> None:
        super().resizeEvent(event)
        if (self.width(), self.height()) != (self.theme.width, self.theme.height):
            self._dress()

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(event.rect(), QColor(self.theme.palette.background))

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        self._begin_with(self._screens[self.visit.state])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key_Escape:
            self.deed.emit(on.Back())
        else:
            super().keyPressEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Is it a finger or a key that somebody uses, and is somebody there at all?"""
        kind = event.type()
        if kind == QEvent.KeyPress or kind in TOUCHES:
            by_keys = kind == QEvent.KeyPress
            if isinstance(watched, QWidget) and watched.window() is self:
                self._somebody(by_keys)
        return False

    # --- inside -------------------------------------------------------------------------------------------------------

    def _connect(self) -> None:
        for screen in self._distinct():
            self._stack.addWidget(screen)
            screen.deed.connect(self.deed)
        self.header.deed.connect(self.deed)
        self.header.home.connect(self._ask_home)
        self.header.large_text.connect(lambda large: self._change_theme(large_text=large))
        self.header.high_contrast.connect(lambda high: self._change_theme(high_contrast=high))
        self.leaving.yes.connect(lambda: self.deed.emit(on.Home()))
        self.deleting.yes.connect(lambda: self.deed.emit(on.Delete()))
        playing: Any = self._screens.get(State.PLAYING)
        if hasattr(playing, "wants_delete"):
            playing.wants_delete.connect(self.deleting.open)
            playing.without_sound.connect(lambda: self.toast.say("listen", self._words("notice.no_sound")))
        shortcut = QShortcut(QKeySequence(STAFF_KEYS), self)
        shortcut.activated.connect(lambda: self.deed.emit(on.OpenStaffDoor()))

    def _somebody(self, by_keys: bool) -> None:
        if by_keys != self.property("by_keys"):
            self.setProperty("by_keys", by_keys)
            focused = self.focusWidget()
            if focused is not None:
                focused.update()
        if self.idle.touched():
            self.deed.emit(on.Touched())

    def _ask_home(self) -> None:
        """Only whoever would lose something is asked."""
        visit = self.visit
        if visit.photo or visit.voice or visit.candidate or visit.job or visit.state is State.VOICE_RECORDING:
            self.leaving.open()
        else:
            self.deed.emit(on.Home())

    def _forget_visitor(self) -> None:
        """The next one begins with the settings' text and contrast, and sees no word meant for another."""
        usual = (self._settings.large_text, self._settings.high_contrast)
        if self.visit.state not in STAFF_STATES and usual != (self.theme.large_text, self.theme.high_contrast):
            self._change_theme(*usual)
        self.toast.hide()
        self.link.forget()

    def _close_overlays(self) -> None:
        for overlay in self._overlays:
            overlay.close_up()

    def _begin_with(self, screen: Screen) -> None:
        """What cannot be pressed yet gets the keyboard later, see `Screen.enable`."""
        first = screen.first_focus()
        (first if first is not None and first.isEnabled() else self).setFocus()

    def _notice(self, notice: Notice) -> None:
        words = self._words(f"notice.{notice.key}")
        if notice.error is not None:
            words = " ".join((words, *explain(failure_of(notice.error), self.visit.language)))
        symbols = {"saving": "wait", "saved": "done", "listening": "listen", "listened": "listen", "goes_on": "wait"}
        self.toast.say(symbols.get(notice.key, "warning"), words, for_ever=notice.key == "saving")

    def _words(self, key: str) -> str:
        return tr(key, self.visit.language)

    def _dress(self) -> None:
        """All in the theme of this size, at once: in another one's, screens may claim more room than there is."""
        self._change_theme()
        while self._outmoded:
            self._freshen_next()

    def _change_theme(self, large_text: Optional[bool] = None, high_contrast: Optional[bool] = None) -> None:
        """What is seen at once; the other screens one a turn of the loop, so that no finger has to wait for them."""
        screen = QApplication.primaryScreen()
        theme = self.theme = Theme(
            max(1, self.width()),
            max(1, self.height()),
            screen.physicalDotsPerInch() if screen is not None else 0.0,
            self.theme.large_text if large_text is None else large_text,
            self.theme.high_contrast if high_contrast is None else high_contrast,
        )
        # Not one sheet for the window: Qt would polish every widget in it before anything else happens.
        self._sheet = theme.sheet()
        self.header.setStyleSheet(self._sheet)
        self.header.dress(theme, self.visit.language)
        for overlay in self._overlays:
            overlay.setGeometry(self.rect())
            overlay.setStyleSheet(self._sheet)
            overlay.dress(theme)
            overlay.change_language(self.visit.language)
        self.toast.setStyleSheet(self._sheet)
        self.toast.dress(theme)
        self.toast.hang_below(self.header.sizeHint().height())
        self._outmoded = list(self._distinct())
        self._freshen(self._screens[self.visit.state])
        self._freshening.start()
        self.update()

    def _freshen(self, screen: Screen) -> None:
        if screen in self._outmoded:
            self._outmoded.remove(screen)
            screen.setStyleSheet(self._sheet)
            screen.dress(self.theme, self.visit.language)

    def _freshen_next(self) -> None:
        if self._outmoded:
            self._freshen(self._outmoded[0])
        if not self._outmoded:
            self._freshening.stop()

    def _speak(self) -> None:
        """Everything in the visit's language; costs a tenth of dressing."""
        language = self.visit.language
        self.header.change_language(language)
        for screen in self._distinct():
            screen.change_language(language)
        for overlay in self._overlays:
            overlay.change_language(language)

    def _distinct(self) -> Dict[Screen, None]:
        return dict.fromkeys(self._screens.values())
