"""PHOTO_REVIEW: this photo or another."""

from __future__ import annotations

from typing import Optional

from PyQt5.QtWidgets import QWidget

from ... import events as on
from ...flow import Visit
from ..widgets import Label
from ..widgets.picture import Picture
from .page import Page


class PhotoReviewScreen(Page):
    def __init__(self) -> None:
        super().__init__("photo_review.title")
        self._picture = Picture()
        self._lead = Label("muted")
        self.say(self._lead, "photo_review.lead")
        self.body.addWidget(self._lead)
        self.body.addWidget(self._picture, 1)
        self.again = self.action("plain", "camera", "photo_review.again", on.Retake())
        self.use = self.action("primary", "agree", "photo_review.use", on.Accept())

    def restyle(self) -> None:
        super().restyle()
        self.body.setSpacing(self.theme.space)

    def retranslate(self) -> None:
        super().retranslate()
        self._picture.setAccessibleName(self.words("photo_review.picture"))

    def show_visit(self, visit: Visit) -> None:
        self._picture.show_file(visit.candidate)
        self.again.show_symbol("folder" if visit.picked else "camera")
        self.say(self.again, "photo_review.other" if visit.picked else "photo_review.again")

    def leave(self) -> None:
        self._picture.clear()

    def first_focus(self) -> Optional[QWidget]:
        return self.use
