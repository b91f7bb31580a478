"""PHOTO, PHOTO_COUNTDOWN and PHOTO_SHOT: the viewfinder."""

from __future__ import annotations

from typing import Optional

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QBoxLayout, QHBoxLayout, QStackedLayout, QVBoxLayout, QWidget

from ... import events as on
from ...feeds import Countdown, DeviceState, Feed, Preview
from ...flow import Rules, State, Visit
from ...locale import explain
from ..failure import failure_of
from ..screen import Screen
from ..ticking import Ticking
from ..widgets import Button, Glyph, Label
from ..widgets.viewfinder import Viewfinder
from .page import card, pad, turn


class PhotoScreen(Screen):
    """One screen for the three, so that the picture goes on under the countdown."""

    def __init__(self, rules: Rules, ticking: Ticking) -> None:
        super().__init__()
        self._ticking = ticking
        self._state = State.PHOTO
        self._guidance = ""
        self._trouble: Optional[DeviceState] = None
        self._box = QBoxLayout(QBoxLayout.LeftToRight, self)
        self._finder = Viewfinder()
        self._blank = _Blank()
        self._place = QStackedLayout()
        self._place.addWidget(self._blank)
        self._place.addWidget(self._finder)
        self._panel = QVBoxLayout()
        self._title = Label("title")
        self.say(self._title, "photo.title")
        self._tip = _Tip()
        self.shoot = Button("primary", "camera", large=True)
        self.say(self.shoot, "photo.shoot")
        self.shoot.clicked.connect(self._press)
        self.pick = Button("plain", "folder")
        self.say(self.pick, "photo.pick")
        self.pick.clicked.connect(lambda: self.deed.emit(on.Pick()))
        self.pick.setVisible(rules.pick)
        self.back = Button("quiet", "back")
        self.say(self.back, "common.back")
        self.back.clicked.connect(lambda: self.deed.emit(on.Back()))
        self._panel.addWidget(self._title)
        self._panel.addWidget(self._tip)
        self._panel.addStretch(1)
        for button in (self.shoot, self.pick, self.back):
            self._panel.addWidget(button)
        self._box.addLayout(self._place, 7)
        self._box.addLayout(self._panel, 4)

    def restyle(self) -> None:
        theme = self.theme
        turn(self._box, theme.upright)
        pad(self._box, 2 * theme.space, 2 * theme.space)
        self._panel.setSpacing(theme.space)

    def retranslate(self) -> None:
        super().retranslate()
        self._finder.setAccessibleName(self.words("photo.viewfinder"))
        self._advise()

    def show_visit(self, visit: Visit) -> None:
        self._state = visit.state
        waiting = visit.state is State.PHOTO
        if waiting:
            self._finder.show_numeral("")
            self._ticking.end()
        elif visit.state is State.PHOTO_SHOT:
            self._ticking.end("shot")
        self._finder.flash(visit.state is State.PHOTO_SHOT)
        self.shoot.kind_of("primary" if waiting else "plain", "camera" if waiting else "cancel")
        self.say(self.shoot, "photo.shoot" if waiting else "common.cancel")
        for button in (self.pick, self.back):
            button.setEnabled(waiting)
        self._advise()

    def feed(self, item: Feed) -> None:
        if isinstance(item, Preview):
            self._trouble, self._guidance = None, item.guidance
            self._finder.show_preview(item)
            self._place.setCurrentWidget(self._finder)
            self._advise()
        elif isinstance(item, Countdown):
            self._finder.show_numeral(str(item.left) if item.left else "")
            self._ticking.tick()
        elif isinstance(item, DeviceState) and item.device == "camera":
            self._trouble = item if item.error else None
            if item.error:
                self._no_picture()
            self._advise()

    def leave(self) -> None:
        self._guidance = ""
        self._ticking.end()
        self._no_picture()

    def first_focus(self) -> Optional[QWidget]:
        return self.shoot

    def _press(self) -> None:
        self.deed.emit(on.Shoot() if self._state is State.PHOTO else on.Back())

    def _no_picture(self) -> None:
        self._finder.show_preview(None)
        self._finder.show_numeral("")
        self._place.setCurrentWidget(self._blank)

    def _advise(self) -> None:
        """What to do next, in one sentence."""
        error = self._trouble.error if self._trouble else None
        self.enable(self.shoot, self._finder.has_picture() and self._state is not State.PHOTO_SHOT)
        self._tip.setVisible(self._finder.has_picture() and error is None)
        if error is not None:
            message, action = explain(failure_of(error), self.language)
            self._blank.show_words("camera_off", message, action)
        elif not self._finder.has_picture():
            self._blank.show_words("camera", self.words("photo.opening"))
        elif self._state is State.PHOTO_COUNTDOWN:
            self._tip.show_words("clock", self.words("photo.countdown"), "primary")
        elif self._state is State.PHOTO_SHOT:
            self._tip.show_words("camera", self.words("photo.shot"), "primary")
        else:
            ready = self._guidance == "ready"
            words = self.words(f"guidance.{self._guidance}")
            self._tip.show_words("done" if ready else "tip", words, "good" if ready else "warn")


class _Tip(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self._shown = ("", "", "")
        frame = card("card")
        outer = QHBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(frame)
        self._row = QHBoxLayout(frame)
        self._glyph = Glyph("tip", 1.5)
        self._words = Label("lead")
        self._row.addWidget(self._glyph)
        self._row.addWidget(self._words, 1)

    def show_words(self, symbol: str, words: str, colour: str) -> None:
        if (symbol, words, colour) != self._shown:
            self._shown = (symbol, words, colour)
            self._glyph.show_symbol(symbol, colour)
            self._words.setText(words)
            self._words.setAccessibleName(words)


class _Blank(QWidget):
    """In place of a picture."""

    def __init__(self) -> None:
        super().__init__()
        frame = card()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(frame)
        column = QVBoxLayout(frame)
        self._glyph, self._message, self._action = (
            Glyph("camera", 3.0, "muted"),
            Label("lead", True),
            Label("muted", True),
        )
        column.addStretch(1)
        column.addWidget(self._glyph, 0, Qt.AlignHCenter)
        column.addWidget(self._message)
        column.addWidget(self._action)
        column.addStretch(1)

    def show_words(self, symbol: str, message: str, action: str = "") -> None:
        self._glyph.show_symbol(symbol)
        self._message.setText(message)
        self._action.setText(action)
