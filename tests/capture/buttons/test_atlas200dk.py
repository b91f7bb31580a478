"""What is peculiar to the board: its numbers, its bits, its manners towards others, and a thread that asks."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path
from typing import Any, Iterator, List

import pytest
from capture.buttons.board import SysfsTree
from capture.buttons.rigs import button, threads, until
from helpers import REPOSITORY

from appliance.capture.buttons.atlas200dk import AtlasFactory
from appliance.capture.buttons.atlas200dk.debounce import Debounce
from appliance.capture.buttons.atlas200dk.sysfs import SysfsLine
from appliance.capture.buttons.library import FACTORIES, gpiozero

# --- the header -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "place, name",
    [(7, "GPIO0"), (11, "GPIO1"), (29, "GPIO3"), (31, "GPIO4"), (33, "GPIO5"), (35, "GPIO6"), (37, "GPIO7")],
)
def test_pins_lie_where_the_board_has_them(atlas: Any, place: int, name: str) -> None:
    assert atlas.factory.pin(f"BOARD{place}") is atlas.factory.pin(name)


def test_lines_have_the_numbers_of_the_chip(atlas: Any) -> None:
    for name in ("GPIO0", "GPIO1"):
        atlas.factory.pin(name)
    assert atlas.tree.exported == [504, 444]


@pytest.mark.parametrize(
    "name, bit", [("GPIO3", 0x10), ("GPIO4", 0x20), ("GPIO5", 0x40), ("GPIO6", 0x80), ("GPIO7", 0x08)]
)
def test_lines_have_the_bits_of_the_expander(atlas: Any, name: str, bit: int) -> None:
    with gpiozero.LED(name, pin_factory=atlas.factory) as lamp:
        lamp.on()
        assert atlas.registers.output == 0x05 | bit
        assert atlas.registers.configuration == 0xFA & ~bit


def test_the_board_can_be_printed(atlas: Any, capsys: pytest.CaptureFixture[str]) -> None:
    atlas.factory.board_info.headers["J1"].pprint(color=False)
    assert "GPIO7" in capsys.readouterr().out


# --- lines of the chip ------------------------------------------------------------------------------------------------


@pytest.fixture()
def tree(tmp_path: Path) -> Iterator[SysfsTree]:
    with SysfsTree(tmp_path / "gpio").kernel() as made:
        yield made


def test_a_line_that_others_exported_is_used_and_left(tree: SysfsTree) -> None:
    tree.add(504)
    with AtlasFactory(tree.root) as factory:
        factory.pin("GPIO0")
    assert tree.exported == [] and tree.unexported == []
    assert (tree.root / "gpio504").is_dir()


def test_a_line_is_never_taken_from_others(tree: SysfsTree) -> None:
    with AtlasFactory(tree.root) as factory:
        factory.pin("GPIO0")
    assert tree.exported == [504] and tree.unexported == []


def test_udev_may_be_late(tree: SysfsTree) -> None:
    tree.denied = 5
    line = SysfsLine(504, tree.root, patience=60)
    line.close()
    assert tree.denied == 0


def test_udev_that_never_comes_is_not_waited_for_long(tree: SysfsTree) -> None:
    tree.denied = 1_000_000
    with pytest.raises(PermissionError):
        SysfsLine(504, tree.root, patience=0.1)


def test_no_board_is_known_at_once(tmp_path: Path) -> None:
    with AtlasFactory(tmp_path / "nothing") as factory, pytest.raises(FileNotFoundError):
        factory.pin("GPIO0")


@pytest.mark.parametrize("first", [True, False])
def test_an_output_never_shows_the_other_level(tree: SysfsTree, first: bool) -> None:
    tree.add(504, value="0" if first else "1")
    with AtlasFactory(tree.root) as factory:
        lamp = gpiozero.LED("GPIO0", initial_value=first, pin_factory=factory)
        level = "1" if first else "0"
        assert tree.driven[504][-1] == ("out", level)
        assert ("out", "0" if first else "1") not in tree.driven[504]
        lamp.close()
    assert tree.direction(504) == "in"


def test_a_closed_line_says_so(tree: SysfsTree) -> None:
    line = SysfsLine(504, tree.root)
    line.close()
    line.close()
    with pytest.raises(OSError):
        line.read()


# --- lines of the expander --------------------------------------------------------------------------------------------


def test_an_expander_output_never_shows_the_other_level(atlas: Any) -> None:
    lamp = gpiozero.LED("GPIO7", initial_value=True, pin_factory=atlas.factory)
    assert atlas.registers.writes == [(0x03, 0x0D), (0x07, 0xF2)]
    lamp.close()
    assert atlas.registers.configuration == 0xFA


def test_what_is_right_already_is_not_written(atlas: Any) -> None:
    with gpiozero.LED("GPIO7", pin_factory=atlas.factory) as lamp:
        before = len(atlas.registers.writes)
        lamp.off()
        assert len(atlas.registers.writes) == before


def test_a_chip_that_does_not_answer_is_known_at_once(atlas: Any) -> None:
    atlas.bus.broken = True
    with pytest.raises(OSError) as failed:
        atlas.factory.pin("GPIO3")
    assert failed.value.errno == errno.EREMOTEIO


def test_the_bus_is_given_back(atlas: Any) -> None:
    atlas.factory.pin("GPIO3")
    atlas.factory.close()
    assert atlas.bus.closed


# --- pins -------------------------------------------------------------------------------------------------------------


def test_there_are_no_resistors_to_be_switched(atlas: Any) -> None:
    for up in (True, False):
        with pytest.raises(gpiozero.PinFixedPull):
            gpiozero.Button("GPIO7", pull_up=up, pin_factory=atlas.factory)
    with gpiozero.Button("GPIO7", pull_up=None, active_state=True, pin_factory=atlas.factory) as pressed:
        assert pressed.is_pressed  # nothing pulls it down here


@pytest.mark.parametrize("name, wrong", [("bounce", -1.0), ("edges", "some"), ("state", 0.5)])
def test_impossible_wishes_are_refused(atlas: Any, name: str, wrong: Any) -> None:
    pin = atlas.factory.pin("GPIO7")
    pin.function = "output"
    with pytest.raises(gpiozero.GPIOZeroError):
        setattr(pin, name, wrong)


@pytest.mark.parametrize("edges, expected", [("both", [0, 1]), ("falling", [0]), ("rising", [1]), ("none", [])])
def test_edges_are_told_as_wished(atlas: Any, edges: str, expected: List[int]) -> None:
    told: List[int] = []
    seen: List[int] = []
    pin, witness = atlas.factory.pin("GPIO7"), atlas.factory.pin("GPIO6")

    def changed(ticks: float, state: int) -> None:
        told.append(state)

    def witnessed(ticks: float, state: int) -> None:
        seen.append(state)

    pin.edges = edges
    pin.when_changed, witness.when_changed = changed, witnessed
    for high in (False, True):
        atlas.drive("GPIO7", high)
        for back in (0, 1):  # the second time, both lines have been looked at since
            atlas.drive("GPIO6", bool(back))
            until(lambda wanted=back: seen[-1:] == [wanted])  # type: ignore[misc]
    assert told == expected
    pin.when_changed = witness.when_changed = None


def test_nobody_is_told_who_is_gone(atlas: Any) -> None:
    told: List[int] = []

    class Somebody:
        def changed(self, ticks: float, state: int) -> None:
            told.append(state)

    somebody = Somebody()
    pin = atlas.factory.pin("GPIO7")
    pin.when_changed = somebody.changed
    del somebody
    atlas.drive("GPIO7", False)
    until(lambda: pin.when_changed is None and "pins" not in threads())
    assert told == []


def test_the_thread_runs_only_while_somebody_waits(atlas: Any) -> None:
    with button(atlas, "GPIO7"), button(atlas, "GPIO0"):
        assert threads().count("pins") == 1
    until(lambda: "pins" not in threads())


# --- contacts that bounce ---------------------------------------------------------------------------------------------

SAMPLES = [
    # seconds, level, whether a change is believed in; at first the level is low, and 30 ms make a change
    (0.000, False, False),
    (0.010, True, False),
    (0.020, False, False),  # a spark
    (0.030, True, False),
    (0.040, True, False),
    (0.050, True, False),
    (0.060, True, True),
    (0.070, True, False),
    (0.080, False, False),
    (0.090, True, False),
    (0.100, False, False),
    (0.140, False, True),
]


def test_only_what_lasts_is_believed() -> None:
    contact = Debounce(False, seconds=0.03)
    assert [contact.sample(level, now) for now, level, _ in SAMPLES] == [believed for *_, believed in SAMPLES]


def test_without_a_time_everything_is_believed() -> None:
    contact = Debounce(False)
    assert [contact.sample(level, 0.0) for level in (True, True, False, True)] == [True, False, True, True]


class Bouncing:
    """The expander's lines, of which one changes at every look, ``times`` looks long."""

    def __init__(self, atlas: Any, bit: int) -> None:
        self._read, self._registers, self._bit = atlas.registers.read, atlas.registers, bit
        self.left = 0
        atlas.registers.read = self.read

    def read(self, register: int) -> int:
        if register == 0x01 and self.left:
            self.left -= 1
            self._registers.outside ^= self._bit
        return int(self._read(register))


def test_a_bouncing_button_is_pressed_once(atlas: Any) -> None:
    told: List[str] = []
    line = Bouncing(atlas, 0x08)
    with button(atlas, "GPIO7", bounce_time=0.03) as pressed:
        pressed.when_pressed = lambda: told.append("pressed")
        pressed.when_released = lambda: told.append("released")
        line.left = 25  # an odd number: in the end it is pressed
        until(lambda: line.left == 0 and told == ["pressed"])
        line.left = 25
        until(lambda: line.left == 0 and told == ["pressed", "released"])
        line.left = 24  # somebody touched it
        until(lambda: line.left == 0)
        atlas.drive("GPIO7", False)
        until(lambda: len(told) == 3)
    assert told == ["pressed", "released", "pressed"]


def test_a_bus_that_fails_for_a_while_loses_no_button(atlas: Any, caplog: pytest.LogCaptureFixture) -> None:
    told: List[str] = []
    with button(atlas, "GPIO7") as pressed, button(atlas, "GPIO0") as other:
        pressed.when_pressed = lambda: told.append("expander")
        other.when_pressed = lambda: told.append("chip")
        atlas.bus.broken = True
        until(lambda: "cannot be read" in caplog.text)
        atlas.drive("GPIO0", False)
        until(lambda: told == ["chip"])
        atlas.bus.broken = False
        atlas.drive("GPIO7", False)
        until(lambda: told == ["chip", "expander"])
    assert caplog.text.count("cannot be read") == 1


def test_what_fails_at_one_button_leaves_the_others(atlas: Any, caplog: pytest.LogCaptureFixture) -> None:
    told: List[str] = []
    with button(atlas, "GPIO7") as faulty, button(atlas, "GPIO0") as other:
        faulty.when_pressed = lambda: 1 / 0
        other.when_pressed = lambda: told.append("chip")
        atlas.drive("GPIO7", False)
        until(lambda: "ZeroDivisionError" in caplog.text)
        atlas.drive("GPIO0", False)
        until(lambda: told == ["chip"])


# --- by name ----------------------------------------------------------------------------------------------------------


def test_gpiozero_finds_the_factory_by_its_name(tmp_path: Path) -> None:
    """Its own way: an entry point of an installed package, and an environment variable."""
    setup = ConfigParser()
    setup.read(str(REPOSITORY / "setup.cfg"), encoding="utf-8")
    declared = setup["options.entry_points"][FACTORIES].strip()
    package = tmp_path / "declared-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: declared\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text(f"[{FACTORIES}]\n{declared}\n")
    program = (
        "from appliance.capture.buttons.library import gpiozero as g; g.Device.ensure_pin_factory(); "
        "print(type(g.Device.pin_factory).__name__, g.Device.pin_factory.board_info.model)"
    )
    environment = {
        **os.environ,
        "GPIOZERO_PIN_FACTORY": "atlas200dk",
        "PYTHONPATH": os.pathsep.join([str(REPOSITORY), str(tmp_path)]),
    }
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=120)
    assert (done.stdout.strip(), done.returncode) == ("AtlasFactory Atlas 200 DK", 0), done.stderr
