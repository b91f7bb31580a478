"""Somebody who cannot touch the screen makes a whole visit by keys."""

from __future__ import annotations

from typing import Any, List, Set

import pytest

pytest.importorskip("PyQt5.QtWidgets")
pytest.importorskip("qtawesome")
pytest.importorskip("segno")

from PyQt5.QtCore import Qt
from PyQt5.QtGui import QColor
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import QAbstractButton, QWidget
from ui.kiosk.seen import controls
from ui.kiosk.visits import Kiosk, World, deeds_of, visit_of

from appliance.ui import events as on
from appliance.ui.flow import State
from appliance.ui.kiosk.window import KioskWindow
from tools.kiosk_scenes import RULES, SCENES, Material, enact, settle


def press(window: KioskWindow, *keys: Any) -> None:
    """Where the keyboard is."""
    for key in keys:
        QTest.keyClick(window.focusWidget() or window, key)
        settle()


def tab_to(window: KioskWindow, wanted: QWidget) -> None:
    for _ in range(40):
        if window.focusWidget() is wanted:
            return
        press(window, Qt.Key_Tab)
    raise AssertionError(f"Tab never comes to {wanted.accessibleName()!r}")


def test_a_visit_from_the_first_screen_to_the_thanks(kiosk: Kiosk, material: Material) -> None:
    window = kiosk()
    world = World(window, material, RULES)
    world.tell(on.ChooseLanguage("en"))
    walked = []
    for expected in (State.CONSENT, State.PHOTO, State.PHOTO_REVIEW, State.VOICE, State.VOICE_RECORDING,
                     State.VOICE_REVIEW, State.REVIEW, State.PLAYING, State.THANKS, State.ATTRACT):  # fmt: skip
        press(window, Qt.Key_Return)
        walked.append(window.visit.state)
        assert walked[-1] is expected, walked
    assert on.Agree() in world.deeds


def test_escape_goes_back(kiosk: Kiosk, material: Material) -> None:
    window = kiosk()
    world = World(window, material, RULES)
    press(window, Qt.Key_Space, Qt.Key_Return)
    assert window.visit.state is State.PHOTO
    press(window, Qt.Key_Escape)
    assert window.visit.state is State.CONSENT and on.Back() in world.deeds


def test_tab_comes_to_everything_that_can_be_done(kiosk: Kiosk, material: Material) -> None:
    window = kiosk()
    for scene in SCENES:
        enact(window, scene, material, "en")
        press(window, Qt.Key_Tab)
        seen: Set[QWidget] = set()
        while window.focusWidget() not in seen and window.focusWidget() is not None:
            seen.add(window.focusWidget())
            press(window, Qt.Key_Tab)
        missed: List[str] = [
            control.accessibleName() for control in controls(window) if control.isEnabled() and control not in seen
        ]
        assert missed == [], scene.name


def test_how_lively_it_shall_be_is_chosen_by_keys(kiosk: Kiosk, material: Material) -> None:
    window = kiosk()
    deeds = deeds_of(window)
    visit_of(window, state=State.REVIEW, photo=material.photo, voice=material.voice)
    review: Any = window._screens[State.REVIEW]
    choice = next(choice for name, _, choice in review.choices if name == "mouth")
    assert [button.isChecked() for button in choice.findChildren(QAbstractButton)] == [False, True, False]
    tab_to(window, choice.button(1.3))
    press(window, Qt.Key_Space)
    assert deeds == [on.Adjust("dynamic_scale", 1.3)]
    assert choice.button(1.0).isChecked(), "the visit decides, not the finger"


def test_where_the_keyboard_is_can_be_seen_once_it_is_used(kiosk: Kiosk, material: Material) -> None:
    window = kiosk()
    enact(window, next(scene for scene in SCENES if scene.name == "consent"), material, "en")
    focus = QColor(window.theme.palette.focus)

    def ringed() -> bool:
        image = window.focusWidget().grab().toImage()
        middle = image.height() // 2
        return any(image.pixelColor(x, middle) == focus for x in range(8))

    assert not ringed(), "a finger needs no ring"
    for _ in range(4):
        press(window, Qt.Key_Tab)
        assert ringed(), window.focusWidget().accessibleName()
    QTest.mouseClick(window.header.corner, Qt.LeftButton)
    settle()
    assert not ringed()


def test_a_recording_is_chosen_by_keys(kiosk: Kiosk, material: Material) -> None:
    window = kiosk()
    enact(window, next(scene for scene in SCENES if scene.name == "voice-pick"), material, "en")
    deeds = deeds_of(window)
    picker: Any = window._screens[State.VOICE_PICK]
    tab_to(window, picker.files)
    press(window, Qt.Key_Down, Qt.Key_Return)
    assert [deed.path.name for deed in deeds if isinstance(deed, on.Picked)] == ["greeting.wav"]


def test_tab_stays_in_a_question_and_escape_leaves_it(kiosk: Kiosk, material: Material) -> None:
    window = kiosk()
    deeds = deeds_of(window)
    visit_of(window, state=State.REVIEW, photo=material.photo, voice=material.voice)
    tab_to(window, window.header.home_button)
    press(window, Qt.Key_Space)
    assert window.focusWidget() is window.leaving.stay
    press(window, Qt.Key_Tab)
    assert window.focusWidget() is window.leaving.go
    press(window, Qt.Key_Tab)
    assert window.focusWidget() is window.leaving.stay
    press(window, Qt.Key_Escape)
    assert not window.leaving.isVisible() and window.focusWidget() is window.header.home_button
    assert deeds == []
