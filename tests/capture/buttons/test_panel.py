"""Buttons and lamp as the front ends have them, over gpiozero's mock and over the pins of the Atlas 200 DK."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any, List

import pytest
from capture.buttons.rigs import atlas_rig, threads, until

from appliance.capture.buttons import lamp as lamps
from appliance.capture.buttons import panel as panels
from appliance.capture.buttons.lamp import PATTERNS
from appliance.capture.buttons.library import gpiozero
from appliance.capture.buttons.panel import Held, Panel, Pressed, Released, WipeHeld
from appliance.errors import PinsUnavailable
from appliance.settings import ButtonSettings

RECORD, WIPE, LAMP = "GPIO0", "GPIO6", "GPIO7"


def settings(**changes: Any) -> ButtonSettings:
    return ButtonSettings(**{"factory": "injected", "record": RECORD, "wipe": WIPE, "record_lamp": LAMP, **changes})


WIPE_S = panels.WIPE_S


@pytest.fixture()
def told() -> List[Any]:
    return []


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is busy holds no button down by being slow."""
    monkeypatch.setattr(panels, "HOLD_S", 3600.0)
    monkeypatch.setattr(panels, "WIPE_S", 3600.0)


def test_pressing_and_letting_go_is_told(rig: Any, told: List[Any]) -> None:
    began = time.monotonic()
    with Panel(settings(), told.append, rig.factory):
        rig.drive(RECORD, high=False)
        until(lambda: told == [Pressed()])
        rig.drive(RECORD, high=True)
        until(lambda: len(told) == 2)
    assert isinstance(told[1], Released) and 0 <= told[1].seconds <= time.monotonic() - began


def test_holding_is_told_once(rig: Any, told: List[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(panels, "HOLD_S", 0.05)
    with Panel(settings(), told.append, rig.factory):
        rig.drive(RECORD, high=False)
        until(lambda: told == [Pressed(), Held()])
        rig.drive(RECORD, high=True)
        until(lambda: len(told) == 3)
    assert told[2].seconds >= 0.05


def test_the_wipe_button_wipes_when_held(rig: Any, told: List[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(panels, "WIPE_S", 0.05)
    with Panel(settings(), told.append, rig.factory):
        rig.drive(WIPE, high=False)
        until(lambda: told == [WipeHeld()])
        rig.drive(WIPE, high=True)


def test_the_wipe_button_has_to_be_held_for_long(rig: Any, told: List[Any]) -> None:
    assert WIPE_S == 5
    with Panel(settings(), told.append, rig.factory):
        rig.drive(WIPE, high=False)
        rig.drive(RECORD, high=False)
        until(lambda: Pressed() in told)
        rig.drive(WIPE, high=True)
        rig.drive(RECORD, high=True)
        until(lambda: any(isinstance(event, Released) for event in told))
    assert WipeHeld() not in told


def test_a_button_pressed_from_the_start_wipes_nothing(
    rig: Any, told: List[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wire that broke or a book that lies on it."""
    monkeypatch.setattr(panels, "WIPE_S", 0.02)
    for pin, high in ((WIPE, False), (RECORD, True)):
        rig.factory.pin(pin)
        rig.drive(pin, high)
    # The mock would pull its pins up at the start.
    monkeypatch.setattr(type(rig.factory.pin(WIPE)), "_set_pull", lambda self, value: None)
    with Panel(settings(), told.append, rig.factory):
        rig.drive(RECORD, high=False)
        until(lambda: Pressed() in told)
        rig.drive(RECORD, high=True)
        until(lambda: isinstance(told[-1], Released))
    assert WipeHeld() not in told


def test_a_release_that_nobody_saw_wipes_nothing(rig: Any, told: List[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """An edge that got lost: the library believes in the press, the pin does not."""
    monkeypatch.setattr(panels, "WIPE_S", 0.05)
    asked = threading.Event()

    def not_pressed(button: Any) -> bool:
        asked.set()
        return False

    with Panel(settings(), told.append, rig.factory):
        monkeypatch.setattr(gpiozero.DigitalInputDevice, "is_active", property(not_pressed))
        rig.drive(WIPE, high=False)
        assert asked.wait(60)
        rig.drive(WIPE, high=True)
    assert WipeHeld() not in told


def test_buttons_that_pull_up(rig: Any, told: List[Any]) -> None:
    for pin in (RECORD, WIPE):
        rig.factory.pin(pin)
        rig.drive(pin, high=False)
    with Panel(settings(pressed="high"), told.append, rig.factory):
        rig.drive(RECORD, high=True)
        until(lambda: told == [Pressed()])
        rig.drive(RECORD, high=False)
        until(lambda: len(told) == 2)


def test_the_lamp_shows_patterns(rig: Any, told: List[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(lamps.PATTERNS, "quick", ((1.0, 0.01), (0.0, 0.01)))
    with Panel(settings(), told.append, rig.factory) as panel:
        panel.show("steady")
        until(lambda: rig.level(LAMP))
        panel.show("off")
        until(lambda: not rig.level(LAMP))
        panel.show("quick")
        for level in (True, False, True, False):
            until(lambda wanted=level: rig.level(LAMP) is wanted)  # type: ignore[misc]
        panel.show("steady")
        until(lambda: rig.level(LAMP))
    assert not rig.driven_by_us(LAMP)


def test_a_lamp_that_can_be_dimmed_breathes() -> None:
    from gpiozero.pins.mock import MockFactory, MockPWMPin

    with MockFactory(pin_class=MockPWMPin) as factory:
        pin = factory.pin(LAMP)
        with Panel(settings(record="", wipe=""), print, factory) as panel:
            panel.show("pulse")
            until(lambda: len({round(state.state, 2) for state in pin.states}) > 5)


def test_a_closed_panel_has_let_go_of_everything(rig: Any, told: List[Any]) -> None:
    before = threads()
    panel = Panel(settings(), told.append, rig.factory)
    panel.show("fast_blink")
    panel.close()
    panel.close()
    panel.show("steady")
    until(lambda: threads() == before)
    assert [rig.driven_by_us(pin) for pin in (RECORD, WIPE, LAMP)] == [False] * 3
    with Panel(settings(), told.append, rig.factory) as again:
        again.show("steady")
        until(lambda: rig.level(LAMP))


def test_a_panel_is_closed_while_a_button_is_down(rig: Any, told: List[Any]) -> None:
    """Without waiting for what would happen if it stayed down."""
    before = threads()
    panel = Panel(settings(), told.append, rig.factory)
    rig.drive(RECORD, high=False)
    until(lambda: told == [Pressed()])
    panel.close()
    until(lambda: threads() == before)
    assert told == [Pressed()]


@pytest.mark.parametrize("missing", ["record", "wipe", "record_lamp"])
def test_every_part_may_be_left_out(rig: Any, told: List[Any], missing: str) -> None:
    with Panel(settings(**{missing: ""}), told.append, rig.factory) as panel:
        panel.show("steady")
        if missing != "record":
            rig.drive(RECORD, high=False)
            until(lambda: told == [Pressed()])
        if missing != "record_lamp":
            until(lambda: rig.level(LAMP))


def test_whoever_is_told_may_fail(rig: Any, told: List[Any], caplog: pytest.LogCaptureFixture) -> None:
    def fail(event: Any) -> None:
        told.append(event)
        raise RuntimeError("in the front end")

    with Panel(settings(), fail, rig.factory):
        rig.drive(RECORD, high=False)
        until(lambda: len(told) == 1)
        rig.drive(RECORD, high=True)
        until(lambda: len(told) >= 2)
    assert "in the front end" in caplog.text


def test_without_a_factory_there_is_no_panel(told: List[Any]) -> None:
    """It can be used like one."""
    before = threads()
    with Panel(ButtonSettings(factory=""), told.append) as panel:
        for pattern in PATTERNS:
            panel.show(pattern)
        assert threads() == before
    panel.close()
    assert told == [] and gpiozero.Device.pin_factory is None


@pytest.mark.parametrize(
    "changes, reason",
    [
        ({"record": "GPIO99"}, "GPIO99"),
        ({"record": WIPE}, "in use"),
        ({"record_lamp": "nonsense"}, "nonsense"),
    ],
)
def test_wrong_pins_are_told_and_nothing_is_kept(rig: Any, changes: Any, reason: str) -> None:
    before = threads()
    with pytest.raises(PinsUnavailable) as failed:
        Panel(settings(**changes), print, rig.factory)
    assert reason in failed.value.detail
    until(lambda: threads() == before)
    with Panel(settings(), print, rig.factory):
        pass


@pytest.mark.parametrize("factory, reason", [("nonsense", "no pin factory"), ("atlas200dk", "/sys/class/gpio/export")])
def test_a_factory_that_does_not_work_here_says_why(factory: str, reason: str) -> None:
    if factory == "atlas200dk" and Path("/sys/class/gpio").exists():
        pytest.skip("this machine has pins of its own")
    with pytest.raises(PinsUnavailable) as failed:
        Panel(settings(factory=factory, record="GPIO0"), print)
    assert reason in failed.value.detail and factory in failed.value.detail


def test_a_factory_is_found_by_its_name_and_closed_with_the_panel(told: List[Any]) -> None:
    with Panel(settings(factory="mock"), told.append) as panel:
        panel.show("steady")
    assert "lamp" not in threads()


def test_an_expander_that_dies_ends_neither_panel_nor_buttons(tmp_path: Path, told: List[Any]) -> None:
    with atlas_rig(tmp_path) as rig:
        panel = Panel(settings(wipe="GPIO1"), told.append, rig.factory)
        rig.bus.broken = True
        panel.show("steady")
        rig.drive(RECORD, high=False)
        until(lambda: told == [Pressed()])
        rig.bus.broken = False
        until(lambda: rig.level(LAMP))
        panel.close()
