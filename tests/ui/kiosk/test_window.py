"""What passes over the screens, and what the window does of itself."""

from __future__ import annotations

import dataclasses
from typing import Any, List

import cv2
import numpy as np
import pytest

pytest.importorskip("PyQt5.QtWidgets")
pytest.importorskip("qtawesome")
pytest.importorskip("segno")

from PyQt5.QtCore import Qt
from PyQt5.QtGui import QImage
from PyQt5.QtTest import QTest
from ui.kiosk.visits import Kiosk, deeds_of, visit_of

from appliance.errors import StickReadOnly
from appliance.ui import events as on
from appliance.ui.feeds import DeviceState, Notice
from appliance.ui.flow import State
from appliance.ui.kiosk import questions
from appliance.ui.locale import tr
from tools.kiosk_scenes import LINK, Material, settle

PATIENCE_MS = 60_000


def click(widget: Any) -> None:
    QTest.mouseClick(widget, Qt.LeftButton)
    settle()


def test_who_would_lose_nothing_goes_home_at_once(kiosk: Kiosk) -> None:
    window = kiosk()
    deeds = deeds_of(window)
    visit_of(window, state=State.CONSENT)
    click(window.header.home_button)
    assert deeds == [on.Home()]


@pytest.mark.parametrize("state", [State.VOICE, State.VOICE_RECORDING, State.REVIEW, State.MAKING, State.PLAYING])
def test_who_would_lose_something_is_asked(kiosk: Kiosk, material: Material, state: State) -> None:
    window = kiosk()
    deeds = deeds_of(window)
    visit_of(window, state=state, photo=material.photo, job="0" * 32)
    click(window.header.home_button)
    assert window.leaving.isVisible() and deeds == []
    click(window.leaving.stay)
    assert not window.leaving.isVisible() and deeds == []
    click(window.header.home_button)
    click(window.leaving.go)
    assert not window.leaving.isVisible() and deeds == [on.Home()]


def test_what_lies_under_a_question_cannot_be_touched(kiosk: Kiosk, material: Material) -> None:
    window = kiosk()
    deeds = deeds_of(window)
    visit_of(window, state=State.REVIEW, photo=material.photo, voice=material.voice)
    window.leaving.open()
    make: Any = window._screens[State.REVIEW]
    where = make.make.mapTo(window, make.make.rect().center())
    click(window.childAt(where))
    assert deeds == [] and window.leaving.isVisible()


def test_a_question_goes_when_the_visit_goes_on_without_an_answer(kiosk: Kiosk, material: Material) -> None:
    window = kiosk()
    visit = visit_of(window, state=State.MAKING, photo=material.photo, job="0" * 32)
    window.leaving.open()
    window.show(dataclasses.replace(visit, state=State.PLAYING, finished=True))
    assert not window.leaving.isVisible()


def test_deleting_is_asked_about(kiosk: Kiosk, material: Material) -> None:
    window = kiosk()
    deeds = deeds_of(window)
    visit_of(window, state=State.PLAYING, photo=material.photo, job="0" * 32, finished=True)
    playing: Any = window._screens[State.PLAYING]
    click(playing.delete)
    assert deeds == []
    click(window.deleting.go)
    assert deeds == [on.Delete()]


def test_what_becomes_of_saving_is_said(kiosk: Kiosk, material: Material) -> None:
    window = kiosk()
    visit_of(window, state=State.PLAYING, job="0" * 32, finished=True)
    for notice, said in (
        (Notice("saving"), "notice.saving"),
        (Notice("saved"), "notice.saved"),
        (Notice("save_failed", StickReadOnly()), "error.stick_read_only"),
    ):
        window.feed(notice)
        assert window.toast.isVisible() and tr(said, "en") in window.toast.words.text()


def test_the_next_visitor_sees_nothing_of_the_last_one(kiosk: Kiosk, material: Material) -> None:
    window = kiosk()
    visit_of(window, state=State.PLAYING, photo=material.photo, job="0" * 32, finished=True)
    click(window.header.text_button)
    click(window.header.contrast_button)
    assert window.theme.large_text and window.theme.high_contrast
    window.feed(Notice("saved"))
    window.feed(LINK)
    visit_of(window, state=State.ATTRACT)
    assert not window.toast.isVisible() and not window.link.isVisible()
    assert not window.theme.large_text and not window.theme.high_contrast


def test_a_phone_can_read_the_link(kiosk: Kiosk, material: Material) -> None:
    window = kiosk()
    visit_of(window, state=State.PLAYING, job="0" * 32, finished=True)
    window.feed(LINK)
    settle()
    seen = window.grab().toImage().convertToFormat(QImage.Format_RGB888)
    pixels = np.frombuffer(seen.bits().asstring(seen.sizeInBytes()), np.uint8).reshape(seen.height(), -1)
    text, _, _ = cv2.QRCodeDetector().detectAndDecode(
        np.ascontiguousarray(pixels[:, : 3 * seen.width()].reshape(seen.height(), seen.width(), 3))
    )
    assert text == LINK.url
    click(window.link.shut)
    assert not window.link.isVisible()


def test_a_link_that_comes_too_late_is_shown_to_nobody(kiosk: Kiosk) -> None:
    window = kiosk()
    visit_of(window, state=State.THANKS)
    window.feed(LINK)
    assert not window.link.isVisible()


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


def test_who_only_reads_is_asked_before_the_visit_ends(kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(questions, "time", clock)
    window = kiosk()
    deeds: List[Any] = []
    window.deed.connect(deeds.append)
    visit_of(window, state=State.CONSENT)
    clock.now += 44
    window.idle._look()
    assert not window.idle.isVisible()
    clock.now += 6
    window.idle._look()
    assert window.idle.isVisible() and "10" in window.idle.words.text()
    clock.now += 2
    click(window.idle.stay)
    assert not window.idle.isVisible() and deeds == [on.Touched()], "the director is told that somebody is there"
    window.idle._look()
    assert not window.idle.isVisible()


def test_a_hand_on_the_screen_is_told_of_once_a_second(kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(questions, "time", clock)
    window = kiosk()
    visit_of(window, state=State.CONSENT)
    deeds: List[Any] = []
    window.deed.connect(deeds.append)
    clock.now += 5
    for _ in range(20):
        QTest.mouseClick(window.header.corner, Qt.LeftButton)
        clock.now += 0.1
    assert 1 <= deeds.count(on.Touched()) <= 3


def test_the_corner_opens_the_door_only_to_who_holds_it(kiosk: Kiosk, qtbot: Any) -> None:
    window = kiosk()
    deeds = deeds_of(window)
    corner = window.header.corner
    assert corner._hold.interval() >= 2000
    corner._hold.setInterval(200)
    click(corner)
    QTest.mousePress(corner, Qt.LeftButton)
    qtbot.waitUntil(lambda: on.OpenStaffDoor() in deeds, timeout=PATIENCE_MS)
    QTest.mouseRelease(corner, Qt.LeftButton)
    assert deeds == [on.OpenStaffDoor()]


def test_the_language_button_offers_the_other_language_in_its_own_words(kiosk: Kiosk) -> None:
    window = kiosk()
    deeds = deeds_of(window)
    visit_of(window, state=State.ATTRACT)
    assert window.header.language_button.text() == "中文"
    click(window.header.language_button)
    assert deeds == [on.ChooseLanguage("zh")]


def test_trouble_of_a_device_is_known_on_a_screen_that_is_opened_later(kiosk: Kiosk, material: Material) -> None:
    from appliance.errors import CameraMissing

    window = kiosk()
    window.feed(DeviceState("camera", CameraMissing()))
    visit_of(window, state=State.PHOTO)
    photo: Any = window._screens[State.PHOTO]
    assert not photo.shoot.isEnabled()
    window.feed(material.preview("ready"))
    assert photo.shoot.isEnabled()


def test_the_window_follows_the_size_of_its_screen(kiosk: Kiosk) -> None:
    window = kiosk(1024, 600)
    small = window.theme.body
    window.resize(1920, 1080)
    settle()
    assert (window.theme.width, window.theme.height) == (1920, 1080) and window.theme.body > small


def test_a_theme_is_on_what_is_seen_at_once_and_on_the_rest_a_screen_a_turn(
    kiosk: Kiosk, material: Material, qtbot: Any
) -> None:
    """So that no finger waits for screens that nobody sees; whoever goes to one meanwhile finds it as it shall be."""
    window = kiosk()
    visit = visit_of(window, state=State.REVIEW, photo=material.photo, voice=material.voice)
    dressed: List[Any] = []
    screens = set(window._screens.values())
    for screen in screens:
        screen.restyle = lambda screen=screen, before=screen.restyle: (dressed.append(screen), before())

    QTest.mouseClick(window.header.contrast_button, Qt.LeftButton)
    assert dressed == [window._screens[State.REVIEW]]
    window.show(dataclasses.replace(visit, state=State.PHOTO, photo=None))
    assert dressed == [window._screens[State.REVIEW], window._screens[State.PHOTO]]
    sheet = window.theme.sheet()
    assert window._screens[State.PHOTO].styleSheet() == sheet

    qtbot.waitUntil(lambda: set(dressed) == screens, timeout=PATIENCE_MS)
    assert len(dressed) == len(screens), "each once"
    assert {screen.styleSheet() for screen in screens} == {sheet}
    assert all(screen.theme.high_contrast for screen in screens)
