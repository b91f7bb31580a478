"""One contract for pin factories, kept by gpiozero's own mock and by the one for the Atlas 200 DK."""

from __future__ import annotations

from typing import Any, List

import pytest
from capture.buttons.rigs import button, threads, until

from appliance.capture.buttons.library import gpiozero

PINS = ["GPIO0", "GPIO7"]
"""One of each kind of line."""


@pytest.mark.parametrize("pin", PINS)
def test_a_button_is_pressed_and_let_go(rig: Any, pin: str) -> None:
    told: List[str] = []
    with button(rig, pin) as pressed:
        pressed.when_pressed = lambda: told.append("pressed")
        pressed.when_released = lambda: told.append("released")
        assert not pressed.is_pressed
        for _ in range(2):
            rig.drive(pin, high=False)
            assert pressed.is_pressed
            until(lambda: told[-1:] == ["pressed"])
            rig.drive(pin, high=True)
            until(lambda: told[-1:] == ["released"])
    assert told == ["pressed", "released"] * 2


@pytest.mark.parametrize("pin", PINS)
def test_a_button_that_is_held_says_so_once(rig: Any, pin: str) -> None:
    told: List[str] = []
    with button(rig, pin, hold_time=0.05) as held:
        held.when_held = lambda: told.append("held")
        rig.drive(pin, high=False)
        until(lambda: bool(told))
        rig.drive(pin, high=True)
        assert held.wait_for_release(60)
        rig.drive(pin, high=False)
        until(lambda: len(told) == 2)


@pytest.mark.parametrize("pin", PINS)
def test_a_lamp_is_lit_put_out_and_let_go(rig: Any, pin: str) -> None:
    with gpiozero.LED(pin, pin_factory=rig.factory) as lamp:
        assert rig.driven_by_us(pin) and not rig.level(pin)
        lamp.on()
        assert rig.level(pin) and lamp.is_lit
        lamp.toggle()
        assert not rig.level(pin)
        lamp.on()
    assert not rig.driven_by_us(pin)


@pytest.mark.parametrize("pin", PINS)
def test_a_lamp_blinks(rig: Any, pin: str) -> None:
    with gpiozero.LED(pin, pin_factory=rig.factory) as lamp:
        lamp.blink(on_time=0.02, off_time=0.02)
        for level in (True, False, True, False):
            until(lambda wanted=level: rig.level(pin) is wanted)  # type: ignore[misc]


def test_a_lamp_whose_current_flows_to_the_pin(rig: Any) -> None:
    with gpiozero.LED("GPIO7", active_high=False, pin_factory=rig.factory) as lamp:
        assert rig.level("GPIO7")
        lamp.on()
        assert not rig.level("GPIO7")


def test_a_pin_has_one_user_at_a_time(rig: Any) -> None:
    with button(rig, "GPIO7"):
        with pytest.raises(gpiozero.GPIOPinInUse):
            gpiozero.LED("GPIO7", pin_factory=rig.factory)
        with gpiozero.LED("GPIO5", pin_factory=rig.factory) as other:
            other.on()
    with gpiozero.LED("GPIO7", pin_factory=rig.factory) as lamp:
        lamp.on()
        assert rig.level("GPIO7")


def test_the_same_pin_is_the_same_object(rig: Any) -> None:
    pin = rig.factory.pin("GPIO5")
    number = pin.info.number
    assert rig.factory.pin(f"BOARD{number}") is pin
    assert rig.factory.pin("GPIO7") is not pin


@pytest.mark.parametrize("name", ["GPIO99", "", "nonsense", "BOARD1"])
def test_what_is_no_pin_is_refused(rig: Any, name: str) -> None:
    with pytest.raises(gpiozero.PinInvalidPin):
        rig.factory.pin(name)


def test_an_input_cannot_be_driven(rig: Any) -> None:
    pin = rig.factory.pin("GPIO7")
    pin.function = "input"
    with pytest.raises(gpiozero.PinSetInput):
        pin.state = 1
    with pytest.raises(gpiozero.PinInvalidFunction):
        pin.function = "alternative"
    with pytest.raises(gpiozero.PinInvalidPull):
        pin.pull = "sideways"
    with pytest.raises(gpiozero.PinPWMUnsupported):
        pin.frequency = 100


def test_times_are_told_in_seconds(rig: Any) -> None:
    before = rig.factory.ticks()
    after = rig.factory.ticks()
    assert 0 <= rig.factory.ticks_diff(after, before) < 60


def test_a_closed_factory_drives_nothing_and_runs_nothing(rig: Any) -> None:
    before = threads()
    lamp = gpiozero.LED("GPIO7", initial_value=True, pin_factory=rig.factory)
    pressed = button(rig, "GPIO0")
    pressed.close()
    lamp.close()
    rig.factory.close()
    rig.factory.close()
    assert threads() == before
