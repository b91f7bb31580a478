"""What every screen of the kiosk is."""

from __future__ import annotations

from typing import List, Optional, Tuple

from PyQt5.QtCore import pyqtSignal
from PyQt5.QtWidgets import QAbstractButton, QLabel, QWidget

from ..director.video import VideoSource
from ..feeds import Feed
from ..flow import LANGUAGES, Visit
from ..locale import tr
from .theme import Theme
from .widgets.dressed import dress_all


class Screen(QWidget):
    """One or more states of the visit. Asks for everything by `deed`, which carries an event of `appliance.ui.events`.

    The window calls `dress` when theme or language changes, `show_visit` whenever the visit changes while one of its
    states lasts, `feed` with what moves meanwhile, and `leave` when another screen takes over.
    """

    deed = pyqtSignal(object)

    def __init__(self) -> None:
        super().__init__()
        self.theme = Theme()
        self.language = LANGUAGES[0]
        self._said: List[Tuple[QWidget, str]] = []

    def say(self, widget: QWidget, key: str) -> None:
        """This text on that label or button, and as its accessible name, from now on in whatever language is chosen."""
        self._said = [(other, text) for other, text in self._said if other is not widget] + [(widget, key)]
        self._speak(widget, key)

    def words(self, key: str, **values: object) -> str:
        return tr(key, self.language, **values)

    def dress(self, theme: Theme, language: str) -> None:
        self.theme, self.language = theme, language
        dress_all(self, theme)
        self.restyle()
        self.retranslate()

    def change_language(self, language: str) -> None:
        """Of this screen and of those within it."""
        for screen in (self, *self.findChildren(Screen)):
            screen.language = language
            screen.retranslate()

    def restyle(self) -> None:
        """Take from `theme` the sizes and colours that are not in its style sheet."""

    def retranslate(self) -> None:
        """Say everything in `language`. What `say` was told is said again here; the rest is up to each screen."""
        for widget, key in self._said:
            self._speak(widget, key)

    def show_visit(self, visit: Visit) -> None:
        """The visit is in a state of this screen."""

    def feed(self, item: Feed) -> None:
        """The newest of what moves; each screen takes what it shows."""

    def leave(self) -> None:
        """Another screen is shown now: keep no picture and no recording of the visitor."""

    def play(self, source: VideoSource) -> None:
        """Only of the screen of PLAYING: show that video from its start."""

    def stop(self) -> None:
        """Only of the screen of PLAYING: the video need not go on."""

    def first_focus(self) -> Optional[QWidget]:
        """Where the keyboard begins."""
        return None

    def enable(self, widget: QWidget, enabled: bool) -> None:
        """The keyboard goes to where it begins as soon as it can, unless somebody has moved it elsewhere meanwhile."""
        widget.setEnabled(enabled)
        begins_here = self.first_focus() is widget
        if enabled and begins_here and self.isVisible():
            holder = self.window().focusWidget()
            if holder is None or holder is self.window() or not holder.isEnabled():
                widget.setFocus()

    def _speak(self, widget: QWidget, key: str) -> None:
        text = self.words(key)
        widget.setAccessibleName(text)
        if isinstance(widget, (QLabel, QAbstractButton)):
            widget.setText(text)
