"""The kiosk as a process: signs of life, the ways it ends, and what becomes of faults."""

from __future__ import annotations

import signal
import sys
from typing import Iterator

import pytest

pytest.importorskip("PyQt5")

from engine.services import Service, patiently, running_service
from ui.process.kiosks import Kiosk, kiosk_at, running_kiosk

WATCHDOG = {"WATCHDOG_USEC": "600000"}


@pytest.fixture()
def kiosk() -> Iterator[Kiosk]:
    with running_kiosk() as kiosk:
        yield kiosk


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with running_service() as service:
        yield service


@pytest.fixture(scope="module")
def lasting_kiosk(service: Service) -> Iterator[Kiosk]:
    """For tests after which it goes on."""
    with running_kiosk(service.socket) as kiosk:
        kiosk.wait_for_state("attract")
        yield kiosk


# --- signs of life ----------------------------------------------------------------------------------------------------


def test_it_says_when_it_can_be_seen_and_goes_on_giving_signs_of_life_until_it_is_ended() -> None:
    with running_kiosk(**WATCHDOG) as kiosk:
        assert [kiosk.manager.next() for _ in range(10)] == ["WATCHDOG=1"] * 10
        assert kiosk.stop() == 0
        assert kiosk.manager.until("STOPPING=1")[-1].startswith("STOPPING=1")


def test_a_thread_that_paints_no_more_gives_no_sign_of_life() -> None:
    with running_kiosk(**WATCHDOG) as kiosk:
        kiosk.wish("freeze")
        for _ in patiently():
            if not kiosk.manager.next(seconds=2.0):
                break


# --- ends -------------------------------------------------------------------------------------------------------------


def test_it_ends_well_when_it_is_interrupted(kiosk: Kiosk) -> None:
    assert kiosk.stop(signal.SIGINT) == 0
    assert "Traceback" not in kiosk.log.read_text()
    told = kiosk.manager.until("STOPPING=1")
    assert not any(message.startswith("WATCHDOG") for message in told)  # nobody waits for it


def test_it_ends_also_while_a_dialogue_waits_for_an_answer(kiosk: Kiosk) -> None:
    kiosk.wish("dialogue")
    for _ in patiently():
        if kiosk.wish("dialogue_is_open"):
            break
    assert kiosk.stop() == 0


def test_ended_in_the_middle_of_a_visit_it_leaves_nothing_of_it(service: Service) -> None:
    with running_kiosk(service.socket) as kiosk:
        kiosk.wait_for_state("attract")
        for event in ("Begin", "Agree", "Shoot"):
            kiosk.wish("tell", event=event)
        kiosk.wait_for_state("photo_review")
        kiosk.wish("tell", event="Accept")
        kiosk.wait_for_state("voice")
        assert list(kiosk.runtime.rglob("photo*"))
        assert kiosk.stop() == 0
        assert [path for path in kiosk.folder.rglob("*") if path.name.startswith(("visit-", "photo", "voice-"))] == []


# --- faults -----------------------------------------------------------------------------------------------------------


def test_after_a_fault_in_a_slot_the_visitor_is_told_kindly_and_can_begin_anew(lasting_kiosk: Kiosk) -> None:
    lasting_kiosk.wish("tell", event="Begin")
    lasting_kiosk.wait_for_state("consent")
    lasting_kiosk.wish("fault")
    seen = lasting_kiosk.wait_for_state("error")
    assert not any("KeyError" in text or "Traceback" in text for text in seen["texts"])
    lasting_kiosk.wish("tell", event="Accept")
    lasting_kiosk.wait_for_state("attract")
    log = lasting_kiosk.log.read_text()
    assert "KeyError" in log and "puppet.py" in log
    assert "a visitor's name" not in log


@pytest.mark.skipif(sys.version_info < (3, 8), reason="CPython 3.7 has no hook for threads")
def test_a_fault_in_a_thread_is_told_too(lasting_kiosk: Kiosk) -> None:
    lasting_kiosk.wish("tell", event="Begin")
    lasting_kiosk.wish("fault_in_thread")
    lasting_kiosk.wait_for_state("error")
    lasting_kiosk.wish("tell", event="Accept")
    lasting_kiosk.wait_for_state("attract")


def test_fault_after_fault_ends_the_process_for_a_new_one_to_begin(kiosk: Kiosk) -> None:
    for _ in range(5):
        kiosk.wish("fault")
    assert kiosk.end() == 1
    assert "gives up" in kiosk.log.read_text()


def test_a_second_kiosk_is_refused_but_not_for_ever(lasting_kiosk: Kiosk) -> None:
    """Exit code 2 would keep the service manager from trying again."""
    second = Kiosk.__new__(Kiosk)
    second.__dict__.update(lasting_kiosk.__dict__)
    second.start()
    assert second.end() == 1
    assert "running already" in lasting_kiosk.log.read_text()
    assert lasting_kiosk.wish("look")["state"]


# --- the engine -------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_when_the_engine_is_killed_visitors_are_told_and_the_staff_sees_why(service: Service) -> None:
    with running_kiosk(service.socket) as kiosk:
        kiosk.wait_for_state("attract")
        service.stop(signal.SIGKILL)
        assert kiosk.wait_for_state("out_of_service")["outage"] == "engine"
        kiosk.wish("keys", keys="{Ctrl+Shift+S}")
        kiosk.wait_for_text("set a staff PIN")
        for _ in range(2):
            kiosk.wish("keys", keys="2580{Return}")
        kiosk.wait_for_state("staff")
        kiosk.wait_for_text("Does not answer")
        assert kiosk.wish("click", text="Troubles")
        kiosk.wait_for_text("engine_unavailable")
        service.start()
        assert kiosk.wish("click", text="Status")
        kiosk.wait_for_text("Well")
        assert kiosk.wish("click", text="Leave")
        kiosk.wait_for_state("attract")


# --- the staff --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_pin_is_set_once_asked_for_ever_after_and_locked_against_guessing() -> None:
    with kiosk_at() as kiosk:
        kiosk.start()
        kiosk.wait_until_ready()
        kiosk.wish("keys", keys="{Ctrl+Shift+S}")
        kiosk.wait_for_text("set a staff PIN")
        kiosk.wish("keys", keys="1234{Return}")
        kiosk.wait_for_text("guessed too easily")
        kiosk.wish("keys", keys="2580{Return}2581{Return}")
        kiosk.wait_for_text("not the same")
        kiosk.wish("keys", keys="2580{Return}")
        kiosk.wait_for_text("once more")
        kiosk.wish("keys", keys="2580{Return}")
        kiosk.wait_for_state("staff")
        assert kiosk.stop() == 0

        kiosk.start()
        kiosk.wait_until_ready()
        kiosk.wish("keys", keys="{Ctrl+Shift+S}")
        kiosk.wait_for_text("Enter the staff PIN")
        for _ in range(5):
            kiosk.wait_for(lambda seen: "One moment …" not in seen["texts"])
            kiosk.wish("keys", keys="1379{Return}")
        kiosk.wait_for_text("Too many wrong PINs")
        kiosk.wish("keys", keys="2580{Return}")
        assert kiosk.wish("look")["state"] == "staff_pin"
        assert kiosk.stop() == 0

        kiosk.start()
        kiosk.wait_until_ready()
        kiosk.wish("keys", keys="{Ctrl+Shift+S}")
        kiosk.wait_for_text("Too many wrong PINs")


@pytest.mark.slow
def test_the_staff_takes_it_out_of_service_through_restarts() -> None:
    with kiosk_at() as kiosk:
        kiosk.start()
        kiosk.wait_until_ready()
        kiosk.wish("keys", keys="{Ctrl+Shift+S}")
        kiosk.wait_for_text("set a staff PIN")
        for _ in range(2):
            kiosk.wish("keys", keys="2580{Return}")
        kiosk.wait_for_state("staff")
        assert kiosk.wish("click", text="Take out of service")
        assert kiosk.wait_for_text("Out of service.")["closed"]
        assert kiosk.wish("click", text="Restart")
        assert kiosk.wish("click", text="Restart now?")
        assert kiosk.end() == 0

        kiosk.start()
        kiosk.wait_until_ready()
        assert kiosk.wait_for_state("out_of_service")["closed"]


# --- the classroom ----------------------------------------------------------------------------------------------------


def test_the_classroom_is_shown_by_the_same_process() -> None:
    with kiosk_at() as kiosk:
        kiosk.start("--profile", "classroom")
        kiosk.wait_until_ready()
        assert kiosk.wish("look")["texts"]
        assert kiosk.stop() == 0
        assert "Traceback" not in kiosk.log.read_text()
