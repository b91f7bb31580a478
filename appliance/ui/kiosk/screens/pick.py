"""PHOTO_PICK and VOICE_PICK: what a stick or the gallery holds."""

from __future__ import annotations

from typing import Optional

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QStackedLayout, QVBoxLayout, QWidget

from ... import events as on
from ...feeds import Feed, Media
from ..widgets import Glyph, Label
from ..widgets.media import MediaList
from .page import Page, card


class PickScreen(Page):
    """``kind``: "photo" or "speech". ``device``: there is a camera, a microphone to go to instead."""

    def __init__(self, kind: str, device: bool) -> None:
        self._room = "photo_pick" if kind == "photo" else "voice_pick"
        super().__init__(f"{self._room}.title")
        self._kind = kind
        self._media = Media(kind, (), True, False)
        self.files = MediaList(photos=kind == "photo")
        self.files.picked.connect(lambda path: self.deed.emit(on.Picked(path)))
        self._nothing = card()
        self._glyph, self._message, self._hint = Glyph("save", 3.4, "muted"), Label("lead", True), Label("muted", True)
        column = QVBoxLayout(self._nothing)
        column.addStretch(1)
        column.addWidget(self._glyph, 0, Qt.AlignHCenter)
        column.addWidget(self._message)
        column.addWidget(self._hint)
        column.addStretch(1)
        self._place = QStackedLayout()
        self._place.addWidget(self._nothing)
        self._place.addWidget(self.files)
        self.body.addLayout(self._place, 1)
        symbol, key = ("camera", "camera") if kind == "photo" else ("microphone", "microphone")
        other = self.action("plain", symbol, f"{self._room}.{key}", on.Pick())
        other.setVisible(device)

    def retranslate(self) -> None:
        super().retranslate()
        self.files.setAccessibleName(self.words(f"{self._room}.files"))
        self._say_nothing()

    def feed(self, item: Feed) -> None:
        if isinstance(item, Media) and item.kind == self._kind:
            self._media = item
            self.files.show_files(item.files)
            self._place.setCurrentWidget(self.files if item.files else self._nothing)
            self._say_nothing()

    def leave(self) -> None:
        self._media = Media(self._kind, (), True, False)
        self.files.forget()
        self._place.setCurrentWidget(self._nothing)
        self._say_nothing()

    def first_focus(self) -> Optional[QWidget]:
        return self.files if self._media.files else self.back

    def _say_nothing(self) -> None:
        """Why the list is empty, and what would fill it."""
        if not self._media.stick and not self._media.searching:
            symbol, message, hint = "save", self.words("pick.no_stick"), self.words("pick.no_stick.body")
        elif self._media.searching:
            symbol, message, hint = "wait", self.words("pick.searching"), ""
        else:
            symbol, message, hint = "folder", self.words(f"{self._room}.empty"), self.words("pick.empty.body")
        self._glyph.show_symbol(symbol)
        self._message.setText(message)
        self._hint.setText(hint)
