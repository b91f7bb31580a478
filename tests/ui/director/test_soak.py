"""Five hundred random events, told to a director whose devices, files and engine are real: nothing breaks or grows."""

from __future__ import annotations

import logging
import shutil
import tempfile
import threading
from pathlib import Path
from random import Random
from typing import Dict, List, Sequence, Tuple

import psutil
import pytest
from engine.services import Service
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from ui.director.stage import Stage

from appliance.engine.job import Failure
from appliance.models import ModelStore
from appliance.ui import events as on
from appliance.ui.events import Event
from appliance.ui.flow import Rules, State, activities

pytestmark = pytest.mark.slow

LESSON = Rules(consent=False, watch_early=True, keep=True, idle=False)
PROFILES = [Rules(link=True), Rules(consent=False, automatic=True, pick=False), LESSON]
RUNS, STEPS = 2, 84
"""Of each profile; together some five hundred events."""

WHY = Failure("video_unplayable", "It cannot be played.", "Make it again.")
NO_FILE = Path("/nowhere/at/all.jpg")

LIKELY: Dict[State, Sequence[Event]] = {
    State.ATTRACT: (on.Begin(),),
    State.CONSENT: (on.Agree(),),
    State.PHOTO: (on.Shoot(), on.Shoot(), on.Pick()),
    State.PHOTO_PICK: (on.Picked(NO_FILE), on.Pick()),
    State.PHOTO_REVIEW: (on.Accept(), on.Accept(), on.Retake()),
    State.VOICE: (on.Record(), on.Record(), on.Pick()),
    State.VOICE_RECORDING: (on.StopRecording(), on.Touched(), on.Touched()),
    State.VOICE_PICK: (on.Picked(NO_FILE), on.Pick()),
    State.VOICE_REVIEW: (on.Accept(), on.Accept(), on.Listen(), on.Retake()),
    State.REVIEW: (on.Accept(), on.Accept(), on.ChangePhoto(), on.ChangeVoice(), on.Adjust("seed", 1)),
    State.MAKING: (on.Touched(), on.Touched(), on.Touched(), on.Back()),
    State.PLAYING: (on.PlaybackEnded(), on.Replay(), on.Save(), on.ShowLink(), on.Done(), on.Delete()),
    State.THANKS: (on.Done(),),
    State.ERROR: (on.Accept(),),
    State.STAFF_PIN: (on.Back(),),
    State.STAFF: (on.LeaveStaff(), on.SetClosed(False)),
}
"""What people do; in other states they wait."""

ANYTHING: Sequence[Event] = (
    on.Begin(), on.Back(), on.Home(), on.Pick(), on.Retake(), on.Accept(), on.Idle(), on.Touched(), on.OpenStaffDoor(),
    on.ChooseLanguage("en"), on.CountdownOver(), on.StopRecording(), on.Listened(), on.PlaybackFailed(WHY), on.Wipe(),
    on.Broken(WHY), on.ServiceLost("engine"), on.ServiceBack(), on.JobWatchable(), on.PinAccepted(1),
)  # fmt: skip


class Faults(logging.Handler):
    """What went wrong without anybody being told."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: List[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info or record.levelno >= logging.ERROR:
            self.seen.append(self.format(record))


class Soak(RuleBasedStateMachine):
    service: Service
    store: ModelStore
    profile: Rules
    steps = 0

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="soak"))
        self.stage = Stage(self.folder, self.service.socket, self.store)
        (self.stage.gallery / "one.png").write_bytes(self.stage.face.read_bytes())
        self.stage.plug_in()
        if self.profile.keep:
            self.stage.leave_order(segments=3, delay=0.02)
        self.faults = Faults()
        logging.getLogger("appliance").addHandler(self.faults)
        self.running = self.stage.running(self.profile)
        self.running.__enter__()

    @initialize(random=st.randoms(use_true_random=True))
    def begin(self, random: Random) -> None:
        """Hypothesis itself would begin with what is simplest, and stay there."""
        self.random = random

    @rule()
    def something_happens(self) -> None:
        Soak.steps += 1
        (what,) = self.random.choices([self.people, self.wait, self.anything, self.unplug], [16, 8, 1, 1])
        what()

    def people(self) -> None:
        likely = LIKELY.get(self.stage.visit.state, (on.Touched(),))
        self.tell(self.random.choice(likely), self.random.choice([0.0, 0.01, 0.1]))

    def wait(self) -> None:
        before = self.stage.visit
        busy = bool(activities(before)) and before.state is not State.VOICE_RECORDING
        self.stage.run_for(1.0 if busy else 0.1, lambda: self.stage.visit != before)

    def anything(self) -> None:
        self.tell(self.random.choice(ANYTHING), 0.0)

    def unplug(self) -> None:
        """Or plug in again."""
        file = self.random.choice([self.stage.face, self.stage.voice])
        hidden = file.with_suffix(".hidden")
        (hidden if hidden.exists() else file).rename(file if hidden.exists() else hidden)

    def tell(self, event: Event, seconds: float) -> None:
        self.stage.tell(event)
        if isinstance(event, on.ServiceLost):
            self.stage.tell(on.ServiceBack())
        self.stage.run_for(seconds)
        why = self.stage.visit.why
        assert why is None or why.code != "internal"

    def teardown(self) -> None:
        self.stage.tell(on.Home())
        self.running.__exit__(None, None, None)
        logging.getLogger("appliance").removeHandler(self.faults)
        assert self.faults.seen == []
        assert self.stage.private_files() == []
        shutil.rmtree(str(self.folder))


def held() -> Tuple[int, int, int]:
    """Descriptors, threads and child processes of this one."""
    process = psutil.Process()
    return process.num_fds(), threading.active_count(), len(process.children(recursive=True))


@pytest.mark.parametrize("rules", PROFILES)
def test_five_hundred_events(rules: Rules, shared: Service, store: ModelStore, tmp_path: Path) -> None:
    with Stage(tmp_path / "before", shared.socket, store).running() as director:
        assert director.visit.state is State.ATTRACT  # what libraries open once is open now
    before, Soak.steps = held(), 0
    Soak.service, Soak.store, Soak.profile = shared, store, rules
    run_state_machine_as_test(
        Soak,
        settings=settings(
            max_examples=RUNS, stateful_step_count=STEPS, deadline=None, derandomize=True, database=None,
            phases=[Phase.generate], suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
    assert Soak.steps > RUNS * STEPS / 2
    assert all(now <= then for now, then in zip(held(), before))
    with shared.client() as client:
        assert [view for view in client.jobs() if not rules.keep] == []
        client.wipe()
