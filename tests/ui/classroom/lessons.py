"""A classroom without an engine: its window, what it asks for, and lectures to show."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, List, Tuple

from PyQt5.QtWidgets import QApplication, QWidget

from appliance.engine.job import Failure
from appliance.settings import EngineSettings, KioskSettings, PickerSettings, Settings, SpeakerSettings
from appliance.ui.classroom.archive import Lecture
from appliance.ui.classroom.screens import classroom_screens
from appliance.ui.classroom.window import ClassroomWindow
from appliance.ui.director.parts import Parts, parts_from
from appliance.ui.director.rules import rules_from
from appliance.ui.flow import Rules, State, Visit
from appliance.ui.kiosk.screen import Screen

JOBS = [f"{number:032x}" for number in range(5)]
WHY = Failure("no_face", "There is no face.", "Take another photo.")
HOW = ({"share": None, "begun": False}, {"share": 0.42}, {"failure": WHY, "begun": False}, {}, {})
"""Waiting, being made, failed, finished."""
LECTURES = [
    Lecture(job, 1_750_000_000.0 - 90_000 * number, 700 + 900.0 * number, **how)
    for number, (job, how) in enumerate(zip(JOBS, HOW))
]


def settings_in(folder: Path, **kiosk: Any) -> Settings:
    return Settings(
        engine=EngineSettings(state=folder / "state", socket=folder / "no.sock"),
        speaker=SpeakerSettings(backend="silent"),
        picker=PickerSettings(media=str(folder / "media")),
        kiosk=KioskSettings(**kiosk),
    )


def parts_in(folder: Path, settings: Settings) -> Parts:
    return dataclasses.replace(parts_from(settings), folder=folder / "visits", state=folder / "kiosk")


def open_classroom(folder: Path, size: Tuple[int, int], **kiosk: Any) -> ClassroomWindow:
    settings = settings_in(folder, **kiosk)
    rules: Rules = rules_from(settings, "classroom")
    screens = classroom_screens(rules, parts_in(folder, settings))
    screens[State.STAFF] = screens[State.STAFF_PIN] = Screen()
    window = ClassroomWindow(screens, rules, settings.kiosk)
    window.resize(*size)
    QWidget.show(window)
    settle()
    return window


def screen_of(window: ClassroomWindow, state: State) -> Any:
    return window._screens[state]


def visit_at(window: ClassroomWindow, state: State, language: str = "zh", **fields: Any) -> None:
    """Let the window show the next visit, in that state."""
    window.show(Visit(state, language, number=window.visit.number + 1, **fields))
    settle()


def close_classroom(window: ClassroomWindow) -> None:
    for screen in window._distinct():
        screen.leave()
    window.close()
    window.deleteLater()
    settle()


def settle() -> None:
    for _ in range(3):
        QApplication.sendPostedEvents()
        QApplication.processEvents()


def deeds_of(window: ClassroomWindow) -> List[Any]:
    told: List[Any] = []
    window.deed.connect(told.append)
    return told
