"""The staff's door, by keys and fingers."""

from __future__ import annotations

import threading
from typing import Any

import pytest

pytest.importorskip("PyQt5")

from PyQt5.QtCore import Qt
from PyQt5.QtTest import QTest

from appliance.errors import PinError
from appliance.ui.events import Back, PinAccepted
from appliance.ui.flow import State
from appliance.ui.pins import Condition

PATIENCE_MS = 60_000
PIN = "2580"


def enter(office: Any, qtbot: Any, pin: str) -> None:
    """By keys, once the pad takes them."""
    qtbot.waitUntil(office.pin.pad.taking, timeout=PATIENCE_MS)
    for digit in pin:
        QTest.keyClick(office.pin.pad, digit)
    QTest.keyClick(office.pin.pad, Qt.Key_Return)


def sees(office: Any, qtbot: Any, text: str) -> None:
    qtbot.waitUntil(lambda: text in office.texts(office.pin), timeout=PATIENCE_MS)


def accepted(office: Any, door: int) -> bool:
    return PinAccepted(door) in office.deeds


def test_at_the_first_start_a_pin_is_set_twice_and_opens_the_door(office: Any, qtbot: Any) -> None:
    office.show(State.STAFF_PIN, door=1)
    sees(office, qtbot, "set a staff PIN")
    enter(office, qtbot, "1111")
    sees(office, qtbot, "guessed too easily")
    enter(office, qtbot, PIN)
    sees(office, qtbot, "once more")
    enter(office, qtbot, "2581")
    sees(office, qtbot, "not the same")
    assert office.pins.condition() is Condition.UNSET
    enter(office, qtbot, PIN)
    enter(office, qtbot, PIN)
    qtbot.waitUntil(lambda: accepted(office, 1), timeout=PATIENCE_MS)
    office.pins.enter(PIN)


def test_the_right_pin_opens_by_fingers_too(office: Any, qtbot: Any) -> None:
    office.pins.set(PIN)
    office.show(State.STAFF_PIN, door=3)
    qtbot.waitUntil(office.pin.pad.taking, timeout=PATIENCE_MS)
    keys = {key.text(): key for key in office.pin.pad._digit_keys}
    for digit in "25580":
        qtbot.mouseClick(keys[digit], Qt.LeftButton)
        if digit == "5":
            assert digit not in office.pin.pad.dots.text()
    assert office.pin.pad.dots.text() == "● ● ● ● ●"
    qtbot.mouseClick(office.pin.pad.erase_key, Qt.LeftButton)
    qtbot.mouseClick(office.pin.pad.erase_key, Qt.LeftButton)
    qtbot.mouseClick(office.pin.pad.erase_key, Qt.LeftButton)
    for digit in "80":
        qtbot.mouseClick(keys[digit], Qt.LeftButton)
    qtbot.mouseClick(office.pin.pad.confirm_key, Qt.LeftButton)
    qtbot.waitUntil(lambda: accepted(office, 3), timeout=PATIENCE_MS)


def test_a_wrong_one_is_said_and_the_pad_is_empty_again(office: Any, qtbot: Any) -> None:
    office.pins.set(PIN)
    office.show(State.STAFF_PIN, door=1)
    enter(office, qtbot, "1379")
    sees(office, qtbot, "This is not the PIN")
    assert office.pin.pad.dots.text() == "○ ○ ○ ○"
    assert office.deeds == []


def test_after_too_many_the_time_left_is_counted_down_and_no_digit_taken(
    office: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.ui.pins.FIRST_LOCK_SECONDS", 600.0)
    office.pins.set(PIN)
    office.show(State.STAFF_PIN, door=1)
    for _ in range(5):
        enter(office, qtbot, "1379")
        qtbot.waitUntil(lambda: "One moment" not in office.texts(office.pin), timeout=PATIENCE_MS)
    sees(office, qtbot, "Please wait")
    first = office.pin.pad.message.text()
    qtbot.waitUntil(lambda: office.pin.pad.message.text() != first, timeout=PATIENCE_MS)
    sees(office, qtbot, "Please wait 9:")
    for digit in PIN:
        QTest.keyClick(office.pin.pad, digit)
    assert office.pin.pad.dots.text() == "○ ○ ○ ○"


def test_when_the_lock_ends_the_pad_takes_digits_again(
    office: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.ui.pins.FIRST_LOCK_SECONDS", 1.0)
    office.pins.set(PIN)
    for _ in range(5):
        with pytest.raises(PinError):
            office.pins.enter("1379")
    office.show(State.STAFF_PIN, door=1)
    enter(office, qtbot, PIN)
    qtbot.waitUntil(lambda: accepted(office, 1), timeout=PATIENCE_MS)


def test_a_damaged_file_is_explained_and_nothing_taken(office: Any, qtbot: Any) -> None:
    office.pins.set(PIN)
    (office.parts.state / "pin.json").write_text("{")
    office.show(State.STAFF_PIN, door=1)
    sees(office, qtbot, "appliance kiosk --reset-pin")
    assert not office.pin.pad.taking()


def test_digits_are_forgotten_when_the_door_is_left(office: Any, qtbot: Any) -> None:
    office.pins.set(PIN)
    office.show(State.STAFF_PIN, door=1)
    qtbot.waitUntil(office.pin.pad.taking, timeout=PATIENCE_MS)
    for digit in "258":
        QTest.keyClick(office.pin.pad, digit)
    office.show(State.ATTRACT)
    assert office.pin.pad.dots.text() == "○ ○ ○ ○"
    office.show(State.STAFF_PIN, door=2)
    enter(office, qtbot, "0")
    assert office.pin.pad.dots.text() == "● ○ ○ ○"


def test_an_answer_that_comes_after_the_door_was_left_opens_nothing(
    office: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.pins.set(PIN)
    checking, answered = threading.Event(), threading.Event()

    def slowly(pin: str) -> None:
        checking.set()
        answered.wait(60)

    monkeypatch.setattr(office.pins, "enter", slowly)
    office.show(State.STAFF_PIN, door=1)
    enter(office, qtbot, PIN)
    qtbot.waitUntil(checking.is_set, timeout=PATIENCE_MS)
    office.show(State.ATTRACT)
    office.show(State.STAFF_PIN, door=2)
    answered.set()
    qtbot.waitUntil(office.pin.pad.taking, timeout=PATIENCE_MS)
    qtbot.wait(100)
    assert office.deeds == []


def test_one_can_go_back_by_finger_and_by_key(office: Any, qtbot: Any) -> None:
    office.show(State.STAFF_PIN, door=1)
    qtbot.mouseClick(office.pin.back, Qt.LeftButton)
    QTest.keyClick(office.pin.pad, Qt.Key_Escape)
    assert office.deeds.count(Back()) == 2


def test_digits_are_large_enough_for_fingers_and_named_for_those_who_do_not_see(office: Any, qtbot: Any) -> None:
    office.show(State.STAFF_PIN, door=1)
    keys = (*office.pin.pad._digit_keys, office.pin.pad.erase_key, office.pin.pad.confirm_key, office.pin.back)
    for key in keys:
        assert key.accessibleName()
        assert min(key.width(), key.height()) >= office.window.theme.target
