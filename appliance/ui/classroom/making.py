"""MAKING in the classroom: nobody need wait for it."""

from __future__ import annotations

from PyQt5.QtCore import pyqtSignal

from ..flow import Visit
from ..kiosk.screens.making import MakingScreen
from ..kiosk.widgets import Button


class LectureMakingScreen(MakingScreen):
    away = pyqtSignal()
    """It is to be made while something else is done here."""

    def __init__(self) -> None:
        super().__init__()
        self.away_button = Button("primary", "clock")
        self.say(self.away_button, "classroom.away")
        self.away_button.clicked.connect(self.away)
        self.actions.addWidget(self.away_button)

    def show_visit(self, visit: Visit) -> None:
        super().show_visit(visit)
        self.away_button.setEnabled(visit.job is not None)  # until then the engine has not all of it
