"""Buttons and a lamp beside the screen."""

from __future__ import annotations

from typing import Any, Iterator, List

import pytest

try:
    from capture.buttons.rigs import mock_rig, until

    from appliance.capture.buttons.library import gpiozero
except ImportError:
    pytest.skip("there is no gpiozero", allow_module_level=True)

from appliance.capture.buttons import panel as panels
from appliance.settings import ButtonSettings
from appliance.ui.events import Begin, Event, Record, Shoot, StopRecording, Touched, Wipe
from appliance.ui.flow import State, Visit
from appliance.ui.frontend import FrontEnd
from appliance.ui.kiosk.panel import WithPanel
from appliance.ui.plain_loop import PlainLoop

RECORD, WIPE, LAMP = "GPIO2", "GPIO3", "GPIO4"
SETTINGS = ButtonSettings(factory="injected", record=RECORD, wipe=WIPE, record_lamp=LAMP)


class Screen(FrontEnd):
    def __init__(self) -> None:
        self.shown: List[State] = []

    def show(self, visit: Visit) -> None:
        self.shown.append(visit.state)

    def feed(self, item: Any) -> None:
        pass

    def start_playing(self, visit: Visit) -> None:
        pass

    def stop_playing(self) -> None:
        pass


class Bench:
    """``told``: what the buttons meant, as the loop heard it."""

    def __init__(self, rig: Any) -> None:
        self.rig, self.loop, self.screen = rig, PlainLoop(), Screen()
        self.told: List[Event] = []
        self.beside = WithPanel(self.screen, self.loop, SETTINGS, self.told.append, rig.factory)

    def press(self) -> Event:
        """Down and up; what it meant."""
        count = len(self.told)
        self.rig.drive(RECORD, high=False)
        self.rig.drive(RECORD, high=True)
        self.run_until_told(count + 1)
        return self.told[-1]

    def run_until_told(self, count: int) -> None:
        def look() -> None:
            if len(self.told) >= count:
                self.loop.stop()
            else:
                self.loop.call_later(0.005, look)

        self.loop.call_soon(look)
        self.loop.run()


@pytest.fixture()
def bench() -> Iterator[Bench]:
    with mock_rig() as rig:
        bench = Bench(rig)
        yield bench
        bench.beside.close()
    gpiozero.Device.pin_factory = None


@pytest.mark.parametrize(
    ("state", "meaning"),
    [
        (State.ATTRACT, Begin()),
        (State.PHOTO, Shoot()),
        (State.VOICE, Record()),
        (State.VOICE_RECORDING, StopRecording()),
        (State.THANKS, Begin()),
        (State.REVIEW, Touched()),
        (State.STAFF, Touched()),
    ],
)
def test_the_record_button_does_what_a_finger_would(bench: Bench, state: State, meaning: Event) -> None:
    bench.beside.show(Visit(state))
    assert bench.screen.shown == [state]
    assert bench.press() == meaning


def test_the_wipe_button_wipes_when_it_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(panels, "WIPE_S", 0.05)
    with mock_rig() as rig:
        bench = Bench(rig)
        rig.drive(WIPE, high=False)
        bench.run_until_told(1)
        bench.beside.close()
    gpiozero.Device.pin_factory = None
    assert bench.told == [Wipe()]


def test_the_lamp_shows_the_state(bench: Bench) -> None:
    bench.beside.show(Visit(State.VOICE_RECORDING))
    until(lambda: bench.rig.level(LAMP))
    bench.beside.show(Visit(State.REVIEW))
    until(lambda: not bench.rig.level(LAMP))


def test_pins_that_cannot_be_used_leave_the_screen_as_it_is() -> None:
    screen = Screen()
    beside = WithPanel(screen, PlainLoop(), ButtonSettings(factory="there is none"), lambda event: None)
    beside.show(Visit(State.CONSENT))
    beside.close()
    assert screen.shown == [State.CONSENT]
