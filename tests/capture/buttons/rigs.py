"""Pin factories with hands that press what is connected to their pins: gpiozero's mock and the Atlas 200 DK."""

from __future__ import annotations

import contextlib
import threading
import time
from pathlib import Path
from typing import Any, Callable, Iterator, List

from capture.buttons.board import RegisterBus, Registers, SysfsTree

from appliance.capture.buttons.atlas200dk import AtlasFactory
from appliance.capture.buttons.atlas200dk.header import EXPANDER_BITS, SYSFS_NUMBERS
from appliance.capture.buttons.library import gpiozero

PATIENCE_S = 60.0


def until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not reached():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.002)


def threads() -> List[str]:
    return [thread.name for thread in threading.enumerate()]


class MockRig:
    def __init__(self, factory: Any) -> None:
        self.factory = factory

    def drive(self, pin: str, high: bool) -> None:
        (self.factory.pin(pin).drive_high if high else self.factory.pin(pin).drive_low)()

    def level(self, pin: str) -> bool:
        return bool(self.factory.pin(pin).state)

    def driven_by_us(self, pin: str) -> bool:
        return bool(self.factory.pin(pin).function == "output")


class AtlasRig:
    """``GPIO0`` and ``GPIO1`` through sysfs, the others through the expander; all high until somebody presses."""

    def __init__(self, folder: Path) -> None:
        self.tree = SysfsTree(folder / "gpio")
        self.registers = Registers()
        self.bus = RegisterBus(self.registers)
        self.factory = AtlasFactory(self.tree.root, self.bus, period=0.002)

    def drive(self, pin: str, high: bool) -> None:
        if pin in SYSFS_NUMBERS:
            self.tree.drive(SYSFS_NUMBERS[pin], high)
        else:
            self.registers.drive(EXPANDER_BITS[pin], high)

    def level(self, pin: str) -> bool:
        if pin in SYSFS_NUMBERS:
            return self.tree.level(SYSFS_NUMBERS[pin])
        return bool(self.registers.read(0x01) & EXPANDER_BITS[pin])

    def driven_by_us(self, pin: str) -> bool:
        if pin in SYSFS_NUMBERS:
            return self.tree.direction(SYSFS_NUMBERS[pin]) == "out"
        return not self.registers.configuration & EXPANDER_BITS[pin]


@contextlib.contextmanager
def mock_rig() -> Iterator[MockRig]:
    from gpiozero.pins.mock import MockFactory

    with MockFactory() as factory:
        yield MockRig(factory)


@contextlib.contextmanager
def atlas_rig(folder: Path) -> Iterator[AtlasRig]:
    rig = AtlasRig(folder)
    with rig.tree.kernel(), rig.factory:
        yield rig


def button(rig: Any, pin: str, **more: Any) -> Any:
    """To ground, with a resistor to the supply."""
    try:
        return gpiozero.Button(pin, pin_factory=rig.factory, **more)
    except gpiozero.PinFixedPull:
        return gpiozero.Button(pin, pull_up=None, active_state=False, pin_factory=rig.factory, **more)
