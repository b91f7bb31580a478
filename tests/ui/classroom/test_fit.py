"""The classroom's own screens, in all sizes, languages and modes: no words are cut, and fingers can hit."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("PyQt5.QtWidgets")
pytest.importorskip("qtawesome")
pytest.importorskip("segno")

from PyQt5.QtWidgets import QWidget
from ui.classroom.lessons import JOBS, LECTURES, close_classroom, open_classroom, screen_of, settle, visit_at
from ui.kiosk.seen import complaints, small

from appliance.ui.feeds import Making
from appliance.ui.flow import LANGUAGES, State

SIZES = ((1024, 600), (1920, 1080), (1080, 1920))
MODES = ((False, False), (True, True))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("large, contrast", MODES)
@pytest.mark.parametrize("size", SIZES)
def test_everything_can_be_read_and_hit(
    qapp: Any, tmp_path: Path, size: Any, large: bool, contrast: bool, language: str
) -> None:
    window = open_classroom(tmp_path, size, link="http://10.0.0.1:8008", large_text=large, high_contrast=contrast)
    try:
        home = screen_of(window, State.ATTRACT)
        visit_at(window, State.ATTRACT, language)
        home._take(LECTURES)
        settle()
        _fits(window, size)
        for lecture in LECTURES[1:3]:
            home.open(lecture)
            settle()
            _fits(window, size)
        home.shut()
        home._take([])
        settle()
        _fits(window, size)

        visit_at(window, State.MAKING, language, job=JOBS[0])
        _fits(window, size)
        visit_at(window, State.PLAYING, language, job=JOBS[0], playing=True)
        lecture = screen_of(window, State.PLAYING).lecture
        lecture._job = JOBS[0]
        window.feed(Making(None, None, 754.0, 3601.0))
        lecture.show_chapters([0.0, 290.0, 575.0, 803.0])
        lecture._move(754.0, 754.0, 3601.0)
        settle()
        _fits(window, size)
        window.show(dataclasses.replace(window.visit, finished=True))
        settle()
        _fits(window, size)
    finally:
        close_classroom(window)


def _fits(window: QWidget, size: Any) -> None:
    assert (window.width(), window.height()) == size
    assert complaints(window) == []
    assert small(window) == []
    unnamed = [
        child
        for child in window.findChildren(QWidget)
        if child.isVisible() and child.focusPolicy() and not child.accessibleName()
    ]
    assert [type(child).__name__ for child in unnamed if type(child).__module__.startswith("appliance")] == []
