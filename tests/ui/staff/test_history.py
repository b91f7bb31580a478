"""What the staff is told of troubles."""

from __future__ import annotations

from pathlib import Path
from typing import List, Tuple

from appliance.engine.job import Failure
from appliance.engine.view import Health
from appliance.errors import CameraLost, StickMissing
from appliance.ui.feeds import DeviceState, EngineState, Feed, Notice
from appliance.ui.flow import State, Visit
from appliance.ui.frontend import FrontEnd
from appliance.ui.kiosk.staff.history import LENGTH, History, Noting

CRASHED = Failure("worker_crashed", "It crashed.", "Wait.")


class Seen(FrontEnd):
    def __init__(self) -> None:
        self.visits: List[Visit] = []
        self.feeds: List[Feed] = []
        self.playing = False

    def show(self, visit: Visit) -> None:
        self.visits.append(visit)

    def feed(self, item: Feed) -> None:
        self.feeds.append(item)

    def start_playing(self, visit: Visit) -> None:
        self.playing = True

    def stop_playing(self) -> None:
        self.playing = False


def noting() -> Tuple[Noting, History, Seen]:
    history, seen = History(), Seen()
    return Noting(seen, history), history, seen


def codes(history: History) -> List[str]:
    return [trouble.failure.code for trouble in history.newest_first()]


def test_the_newest_comes_first_and_the_oldest_is_forgotten() -> None:
    history = History()
    for number in range(LENGTH + 5):
        history.note(Failure(f"code {number}", "", ""))
    assert codes(history)[0] == f"code {LENGTH + 4}"
    assert len(codes(history)) == LENGTH


def test_the_same_again_is_counted_with_its_last_time() -> None:
    times = iter([1.0, 2.0, 3.0])
    history = History(lambda: next(times))
    for failure in (CRASHED, CRASHED, Failure("other", "", "")):
        history.note(failure)
    assert [(trouble.times, trouble.last) for trouble in history.newest_first()] == [(1, 3.0), (2, 2.0)]


def test_why_a_visit_failed_is_noted_once_however_often_it_is_shown() -> None:
    front_end, history, seen = noting()
    failed = Visit(State.ERROR, why=CRASHED)
    for visit in (Visit(), failed, Visit(State.ERROR, "en", why=CRASHED)):
        front_end.show(visit)
    assert [trouble.times for trouble in history.newest_first()] == [1]
    front_end.show(Visit())
    front_end.show(Visit(State.ERROR, why=CRASHED))
    assert [trouble.times for trouble in history.newest_first()] == [2]
    assert len(seen.visits) == 5


def test_an_engine_that_stays_away_is_noted_once_and_again_after_it_was_back() -> None:
    front_end, history, seen = noting()
    away, well = EngineState(None), EngineState(Health("ok", "ready"))
    for item in (away, away, well, away):
        front_end.feed(item)
    assert [(trouble.failure.code, trouble.times) for trouble in history.newest_first()] == [("engine_unavailable", 2)]
    assert seen.feeds == [away, away, well, away]


def test_what_the_engine_and_the_devices_say_is_noted() -> None:
    front_end, history, _ = noting()
    front_end.feed(EngineState(Health("degraded", "down", "model_missing", "Missing.", "Fetch.")))
    for error in (CameraLost(), CameraLost(), None):
        front_end.feed(DeviceState("camera", error))
    front_end.feed(Notice("save_failed", StickMissing()))
    front_end.feed(Notice("saved"))
    assert codes(history) == ["stick_missing", "camera_lost", "model_missing"]


def test_playing_is_passed_on(tmp_path: Path) -> None:
    front_end, _, seen = noting()
    front_end.start_playing(Visit())
    assert seen.playing
    front_end.stop_playing()
    assert not seen.playing
