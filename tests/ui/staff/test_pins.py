"""The staff's PIN: who may come in, and how long a guesser waits."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import List

import pytest

from appliance.errors import PinError, PinLocked, PinWrong
from appliance.ui.pins import FREE_TRIES, Clock, Condition, PinStore

PIN = "2580"
WRONG = "1379"


class Machine:
    """Its clock is set by the test; every `store` is another start of the kiosk."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "kiosk" / "pin.json"
        self.time = 1000.0
        self.boot = "first"

    def store(self) -> PinStore:
        return PinStore(self.path, Clock(lambda: self.time, self.boot))

    def reboot(self, time: float = 5.0) -> None:
        self.time, self.boot = time, self.boot + "+"


@pytest.fixture()
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.fixture()
def guarded(machine: Machine) -> Machine:
    machine.store().set(PIN)
    return machine


def guess(machine: Machine, times: int) -> List[str]:
    """What each wrong try is answered with, each at a new start of the kiosk."""
    codes = []
    for _ in range(times):
        with pytest.raises(PinError) as caught:
            machine.store().enter(WRONG)
        codes.append(caught.value.code)
    return codes


# --- setting one ------------------------------------------------------------------------------------------------------


def test_there_is_no_default_pin(machine: Machine) -> None:
    assert machine.store().condition() is Condition.UNSET
    for pin in ("", "0000", "1234", PIN):
        with pytest.raises(PinError):
            machine.store().enter(pin)


def test_the_pin_that_was_set_opens_and_no_other(guarded: Machine) -> None:
    assert guarded.store().condition() is Condition.SET
    guarded.store().enter(PIN)
    for pin in ("", "258", "25800", "2581", "２５８０"):
        with pytest.raises(PinWrong):
            guarded.store().enter(pin)
        guarded.store().enter(PIN)


@pytest.mark.parametrize(
    "pin", ["1234", "4321", "7890", "0987", "5555", "00000000", "258", "258025802", "25a0", "２５８０", ""]
)
def test_a_weak_pin_is_refused(machine: Machine, pin: str) -> None:
    with pytest.raises(PinError) as caught:
        machine.store().set(pin)
    assert caught.value.code == "pin"
    assert machine.store().condition() is Condition.UNSET


def test_a_pin_cannot_be_set_over_another(guarded: Machine) -> None:
    with pytest.raises(PinError):
        guarded.store().set("9630")
    guarded.store().enter(PIN)


def test_it_is_changed_by_whoever_knows_it(guarded: Machine) -> None:
    with pytest.raises(PinWrong):
        guarded.store().change(WRONG, "9630")
    with pytest.raises(PinError, match="four to eight digits"):
        guarded.store().change(PIN, "1111")
    guarded.store().change(PIN, "9630")
    guarded.store().enter("9630")
    with pytest.raises(PinWrong):
        guarded.store().enter(PIN)


def test_the_file_is_for_its_user_alone_and_tells_nothing(guarded: Machine) -> None:
    assert stat.S_IMODE(guarded.path.stat().st_mode) == 0o600
    assert PIN not in guarded.path.read_text()
    assert [path.name for path in guarded.path.parent.iterdir()] == ["pin.json"]


def test_the_same_pin_looks_different_on_another_machine(guarded: Machine, tmp_path: Path) -> None:
    other = Machine(tmp_path / "other")
    other.store().set(PIN)
    assert json.loads(other.path.read_text())["digest"] != json.loads(guarded.path.read_text())["digest"]


# --- guessing ---------------------------------------------------------------------------------------------------------


def test_after_five_wrong_ones_nobody_gets_in_for_half_a_minute(guarded: Machine) -> None:
    assert guess(guarded, FREE_TRIES + 1) == ["pin_wrong"] * 4 + ["pin_locked"] * 2
    assert guarded.store().locked_seconds() == 30
    with pytest.raises(PinLocked, match="Wait 31 s"):
        guarded.store().enter(PIN)
    guarded.time += 30
    assert guarded.store().locked_seconds() == 0
    guarded.store().enter(PIN)


def test_the_lock_grows_with_every_further_try_up_to_a_quarter_of_an_hour(guarded: Machine) -> None:
    guess(guarded, FREE_TRIES)
    locks = []
    for _ in range(8):
        locks.append(guarded.store().locked_seconds())
        guarded.time += locks[-1]
        guess(guarded, 1)
    assert locks == [30, 60, 120, 240, 480, 900, 900, 900]


def test_tries_while_it_is_locked_cost_nothing_and_tell_nothing(guarded: Machine) -> None:
    guess(guarded, FREE_TRIES)
    assert guess(guarded, 20) == ["pin_locked"] * 20
    assert guarded.store().locked_seconds() == 30


def test_the_right_one_forgives_the_wrong_ones(guarded: Machine) -> None:
    for _ in range(3):
        guess(guarded, FREE_TRIES - 1)
        guarded.store().enter(PIN)
    assert guarded.store().locked_seconds() == 0


def test_changing_the_pin_is_no_way_round_the_lock(guarded: Machine) -> None:
    guess(guarded, FREE_TRIES)
    with pytest.raises(PinLocked):
        guarded.store().change(PIN, "9630")


@pytest.mark.parametrize("time", [0.0, 5.0, 1e9])
def test_starting_the_machine_again_starts_the_lock_again_whatever_its_clock_says(
    guarded: Machine, time: float
) -> None:
    guess(guarded, FREE_TRIES)
    guarded.time += 29
    guarded.reboot(time)
    assert guarded.store().locked_seconds() == 30
    guarded.time += 29
    assert guarded.store().locked_seconds() == 1
    guarded.time += 1
    guarded.store().enter(PIN)


def test_a_clock_that_goes_back_neither_opens_nor_locks_for_ever(guarded: Machine) -> None:
    guess(guarded, FREE_TRIES)
    guarded.time -= 900
    assert guarded.store().locked_seconds() == 30


def test_a_try_counts_even_if_the_plug_is_pulled_while_it_is_checked(
    guarded: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(*_: object) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("appliance.ui.pins.hmac.compare_digest", cut)
        for _ in range(FREE_TRIES):
            with pytest.raises(KeyboardInterrupt):
                guarded.store().enter(WRONG)
    assert guarded.store().locked_seconds() == 30


def test_the_machines_own_clock_counts_on(tmp_path: Path) -> None:
    clock = Clock.of_machine()
    assert clock.now() <= clock.now()
    assert clock.boot == Clock.of_machine().boot


# --- a disk and files as they may be ----------------------------------------------------------------------------------


def test_a_full_disk_keeps_the_staff_not_out_but_guessers(guarded: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("appliance.ui.pins.write_atomically", full)
    store = guarded.store()
    store.enter(PIN)
    for _ in range(FREE_TRIES):
        with pytest.raises(PinError):
            store.enter(WRONG)
    assert store.locked_seconds() == 30
    with pytest.raises(PinLocked):
        store.enter(PIN)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"{}", b"\xff\xfe", b'{"salt": "00", "digest": "00", "wrong": 0, "until": 0, "boot": ""}'],
)
def test_a_damaged_file_opens_to_nobody_and_says_the_way_out(guarded: Machine, content: bytes) -> None:
    guarded.path.write_bytes(content)
    assert guarded.store().condition() is Condition.DAMAGED
    for attempt in (lambda: guarded.store().enter(PIN), lambda: guarded.store().set("9630")):
        with pytest.raises(PinError, match="--reset-pin"):
            attempt()
    guarded.store().reset()
    assert guarded.store().condition() is Condition.UNSET
    guarded.store().set("9630")
    guarded.store().enter("9630")


def test_a_reset_also_frees_a_running_kiosk(guarded: Machine) -> None:
    running = guarded.store()
    guess(guarded, FREE_TRIES)
    assert running.locked_seconds() == 30
    guarded.store().reset()
    assert (running.condition(), running.locked_seconds()) == (Condition.UNSET, 0)


def test_a_reset_of_nothing_is_no_mistake(machine: Machine) -> None:
    machine.store().reset()
    assert machine.store().condition() is Condition.UNSET


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_who_may_not_write_is_told_so(guarded: Machine) -> None:
    guarded.path.parent.chmod(0o500)
    try:
        with pytest.raises(PinError, match="as the user of the kiosk"):
            guarded.store().reset()
    finally:
        guarded.path.parent.chmod(0o700)
