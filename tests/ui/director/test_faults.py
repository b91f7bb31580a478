"""The engine killed, away, full and unheard; camera and microphone unplugged; files that nobody should open."""

from __future__ import annotations

import dataclasses
import signal
import sys
import threading
from pathlib import Path
from typing import Any, List, Optional

import pytest
from engine import toy_worker
from engine.engines import PATIENCE_SECONDS
from engine.services import Service
from ui.director.stage import QUICK, Stage

from appliance.engine.client import EngineClient
from appliance.engine.job import State as JobState
from appliance.engine.view import Health, JobView
from appliance.errors import EngineUnavailable, SonicError
from appliance.models import ModelStore
from appliance.settings import Settings
from appliance.ui.director.inspector import Inspector
from appliance.ui.director.ledger import Ledger
from appliance.ui.events import Accept, Agree, Back, Begin, Delete, Home, Record, Shoot, StopRecording, Wipe
from appliance.ui.feeds import DeviceState, EngineState, Level, Making, Preview
from appliance.ui.flow import Rules, State

LESSON = Rules(consent=False, keep=True, idle=False)
EARLY = dataclasses.replace(LESSON, watch_early=True)


@pytest.fixture()
def own(tmp_path: Path, service: Service, store: ModelStore) -> Stage:
    """With an engine of its own."""
    return Stage(tmp_path / "stage", service.socket, store)


def jobs_of(service: Service) -> List[JobView]:
    with service.client() as client:
        return client.jobs()


def impatient(stage: Stage) -> Stage:
    stage.parts = dataclasses.replace(stage.parts, times=dataclasses.replace(QUICK, patience=0.2))
    return stage


# --- the engine -------------------------------------------------------------------------------------------------------


def test_a_job_is_taken_up_again_after_a_power_cut_and_an_engine_killed_in_the_middle(
    own: Stage, service: Service
) -> None:
    recording = own.leave_order(segments=3, gate=1)
    with own.running(LESSON):
        own.until_that(lambda: bool(own.visit.job))
        own.until_that(lambda: getattr(own.screen.newest(Making), "available", 0) > 0)
        job = own.visit.job
        assert job is not None
        service.stop(signal.SIGKILL)
    with own.running(LESSON) as director:  # the job was accepted, its video is half made, nobody is there
        assert own.visit.state is State.MAKING
        service.start()
        service.open_gate(job)
        visit = own.until(State.PLAYING)
        assert visit.job == job
        video = director.video().path
        assert video is not None and video.read_bytes() == toy_worker.video(recording)
    assert len(jobs_of(service)) == 1


def test_a_visitor_is_told_kindly_when_the_engine_stays_away(own: Stage, service: Service) -> None:
    own.leave_order(segments=2, gate=1)
    with impatient(own).running(LESSON):
        own.until_that(lambda: bool(own.visit.job))
        service.stop(signal.SIGKILL)
        visit = own.until(State.ERROR)
        assert visit.why is not None and visit.why.code == EngineUnavailable.code
        assert visit.photo is not None and visit.photo.exists()
        own.tell(Home())
        assert own.visit.state in (State.ATTRACT, State.OUT_OF_SERVICE)
        service.start()
        own.until_that(lambda: not jobs_of(service))


def test_a_job_that_could_not_be_deleted_is_deleted_after_a_restart_of_both(own: Stage, service: Service) -> None:
    own.leave_order(gate=0)
    with own.running(LESSON):
        own.until_that(lambda: bool(own.visit.job))
        service.stop(signal.SIGKILL)
        own.tell(Back())
        own.tell(Home())
    assert not own.private_files()
    service.start()
    assert len(jobs_of(service)) == 1
    with own.running():
        own.until_that(lambda: not jobs_of(service))
        own.until_that(lambda: Ledger(own.parts.ledger).settled)


def test_the_emergency_button_is_remembered_until_the_engine_is_back(own: Stage, service: Service) -> None:
    service.submit(gate=0)
    with own.running() as director:
        own.until_that(lambda: director.health() is not None)
        service.stop(signal.SIGKILL)
        own.tell(Wipe())
    service.start()
    assert len(jobs_of(service)) == 1
    with own.running():
        own.until_that(lambda: not jobs_of(service))
        own.until_that(lambda: Ledger(own.parts.ledger).settled)


def test_a_job_that_fails_leaves_photo_and_recording(own: Stage, service: Service) -> None:
    own.leave_order(fail=0)
    with own.running(LESSON):
        visit = own.until(State.ERROR)
        assert visit.why is not None and visit.why.code == "speech_silent"
        own.tell(Accept())
        assert own.visit.state is State.REVIEW
        assert own.visit.photo is not None and own.visit.photo.exists()
        own.until_that(lambda: not jobs_of(service))


def test_a_cancelled_job_is_deleted_and_the_next_one_is_another(own: Stage, service: Service) -> None:
    own.leave_order(gate=0)
    with own.running(LESSON):
        own.until_that(lambda: bool(own.visit.job))
        first = own.visit.job
        own.tell(Back())
        assert (own.visit.state, own.visit.job) == (State.REVIEW, None)
        own.until_that(lambda: not jobs_of(service))
        own.tell(Accept())
        own.until_that(lambda: bool(own.visit.job))
        second = own.visit.job
        assert second != first
        own.tell(Home())
        own.until_that(lambda: not own.private_files())
        own.until_that(lambda: Ledger(own.parts.ledger).settled)
    assert [view.job.id for view in jobs_of(service)] == [second], "a lesson that is left goes on being made"


class Deaf(EngineClient):
    """Puts jobs in, and never hears that they are accepted. ``ears``: set once it hears again."""

    ears: threading.Event
    submitted: threading.Event

    def submit(self, *arguments: Any, **options: Any) -> JobView:
        super().submit(*arguments, **options)
        self.submitted.set()
        raise EngineUnavailable("the answer was lost")

    def find(self, key: str) -> Optional[JobView]:
        if self.submitted.is_set() and not self.ears.is_set():
            raise EngineUnavailable("the answer was lost")
        return super().find(key)


class Deafness:
    """Afflicts all clients of a stage but that of the watch, which is the first."""

    def __init__(self, stage: Stage, service: Service) -> None:
        self.ears, self.submitted = threading.Event(), threading.Event()
        self._first = True

        def connect() -> EngineClient:
            kind, self._first = EngineClient if self._first else Deaf, False
            client = kind(service.socket, patience=0.0)
            client.__dict__.update(ears=self.ears, submitted=self.submitted)
            return client

        stage.parts = dataclasses.replace(stage.parts, engine=connect)


def test_a_job_whose_acceptance_was_not_heard_is_found(own: Stage, service: Service) -> None:
    deafness = Deafness(own, service)
    own.leave_order()
    with own.running(LESSON):
        own.until_that(deafness.submitted.is_set)
        assert own.visit.job is None
        deafness.ears.set()
        own.until(State.PLAYING)
        assert [view.job.id for view in jobs_of(service)] == [own.visit.job]


def test_a_job_whose_acceptance_was_not_heard_is_deleted(own: Stage, service: Service) -> None:
    deafness = Deafness(own, service)
    own.leave_order(gate=0)
    with own.running(LESSON):
        own.until_that(deafness.submitted.is_set)
        assert own.visit.job is None and len(jobs_of(service)) == 1
        own.tell(Home())
        own.until_that(lambda: not jobs_of(service))


def test_a_job_is_looked_for_as_long_as_it_may_still_be_accepted(tmp_path: Path, shared: Service) -> None:
    now = [1000.0]
    ledger = Ledger(tmp_path / "jobs.json", lambda: now[0])
    photo, recording = shared.inputs()
    with shared.client() as client:
        ledger.enter("key")
        ledger.drop("key")
        for _ in range(3):
            ledger.settle(client)
            assert not ledger.settled
            now[0] += 10
        client.submit(photo, recording, key="key")
        ledger.settle(client)
        assert ledger.settled and client.find("key") is None
        ledger.drop("another")
        ledger.settle(client)
        now[0] += 3600
        ledger.settle(client)
        assert ledger.settled


def test_the_video_is_seen_while_it_is_made_and_ends_with_the_visit(own: Stage, service: Service) -> None:
    own.leave_order(segments=3, gate=1)
    with own.running(EARLY) as director:
        own.until(State.PLAYING)
        assert own.screen.plays is not None
        source = director.video()
        assert source.path is None
        pieces: List[bytes] = []
        errors: List[BaseException] = []

        def read() -> None:
            try:
                for piece in source.stream():
                    pieces.append(piece)
            except SonicError as error:
                errors.append(error)

        reader = threading.Thread(target=read)
        reader.start()
        own.until_that(lambda: len(b"".join(pieces)) > 36)
        assert b"".join(pieces).startswith(b"init")
        own.tell(Delete())
        reader.join(PATIENCE_SECONDS)
        assert [type(error) for error in errors] == [EngineUnavailable]
        with pytest.raises(EngineUnavailable):
            next(source.stream())
        own.until_that(lambda: not jobs_of(service))


def test_a_finished_lesson_stays_with_the_engine(own: Stage, service: Service) -> None:
    own.leave_order()
    with own.running(LESSON):
        own.until_that(lambda: own.visit.state is State.PLAYING and own.visit.finished)
        own.tell(Home())
        own.until_that(lambda: not own.private_files())
    with own.running(LESSON):
        own.until_that(lambda: own.screen.newest(EngineState) is not None)
        assert own.visit.state is State.ATTRACT
    assert [view.job.state for view in jobs_of(service)] == [JobState.DONE]


def test_the_appliance_closes_when_the_engine_is_away_and_opens_again(own: Stage, service: Service) -> None:
    with own.running() as director:
        own.until_that(lambda: director.health() is not None)
        service.stop(signal.SIGKILL)
        assert own.until(State.OUT_OF_SERVICE).outage == "engine"
        assert director.health() is None
        service.start()
        own.until(State.ATTRACT)
        health = director.health()
        assert health is not None and health.status == "ok"
        assert service.process is not None
        service.process.send_signal(signal.SIGSTOP)  # one that hangs is away too
        try:
            assert own.until(State.OUT_OF_SERVICE).outage == "engine"
        finally:
            director.close()
            service.process.send_signal(signal.SIGCONT)


class Full(EngineClient):
    """As an engine whose disk is full says."""

    def health(self) -> Health:
        return Health("degraded", "ready", "storage_full", "There is not enough free space.", "Delete something.")


def test_the_appliance_closes_when_the_disk_is_full(own: Stage, service: Service) -> None:
    own.parts = dataclasses.replace(own.parts, engine=lambda: Full(service.socket, patience=0.0))
    with own.running():
        assert own.until(State.OUT_OF_SERVICE).outage == "storage"


# --- devices ----------------------------------------------------------------------------------------------------------


def test_a_camera_unplugged_at_every_step_comes_back(stage: Stage) -> None:
    hidden = stage.face.with_suffix(".hidden")
    with stage.running():
        stage.face.rename(hidden)
        stage.tell(Begin(), Agree())
        stage.until_that(lambda: getattr(stage.screen.newest(DeviceState), "error", None) is not None)
        assert stage.visit.state is State.PHOTO
        hidden.rename(stage.face)
        stage.until_that(lambda: getattr(stage.screen.newest(DeviceState), "error", "no") is None)
        stage.tell(Shoot())
        stage.face.rename(hidden)
        stage.until_that(lambda: getattr(stage.screen.newest(DeviceState), "error", None) is not None)
        stage.until(State.PHOTO)
        hidden.rename(stage.face)
        stage.until_that(lambda: getattr(stage.screen.newest(DeviceState), "error", "no") is None)
        stage.tell(Shoot())
        stage.until(State.PHOTO_REVIEW)
        assert stage.screen.newest(Preview) is not None


def test_a_microphone_unplugged_at_every_step_comes_back(stage: Stage) -> None:
    hidden = stage.voice.with_suffix(".hidden")
    with stage.running():
        stage.take_photo()
        stage.voice.rename(hidden)
        stage.tell(Accept())
        stage.until_that(lambda: getattr(stage.screen.newest(DeviceState), "device", "") == "microphone")
        stage.tell(Record())
        stage.until(State.VOICE_RECORDING, State.VOICE)
        if stage.visit.state is State.VOICE_RECORDING:
            assert getattr(stage.until(State.ERROR).why, "code", "") == "microphone_missing"
            stage.tell(Accept())
        hidden.rename(stage.voice)
        stage.until_that(lambda: stage.screen.newest(DeviceState) == DeviceState("microphone", None))
        stage.tell(Record())
        stage.until(State.VOICE_RECORDING)
        stage.until_that(lambda: getattr(stage.screen.newest(Level), "seconds", 0) > 1.5)
        stage.voice.rename(hidden)
        stage.until(State.VOICE_REVIEW)  # what was recorded is kept
        hidden.rename(stage.voice)
        stage.tell(Accept())
        assert stage.visit.state is State.REVIEW


def test_a_recording_without_a_voice_is_refused(stage: Stage) -> None:
    with stage.running():
        stage.take_photo()
        stage.tell(Accept(), Record())
        stage.until(State.VOICE_RECORDING)
        stage.tell(StopRecording())
        visit = stage.until(State.ERROR)
        assert visit.why is not None and visit.why.code in ("speech_too_short", "speech_silent")
        stage.tell(Accept())
        assert stage.visit.state is State.VOICE


# --- files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("program", ["import time; time.sleep(1000)", "import os; os.abort()"])
def test_a_file_that_hangs_or_crashes_its_decoder_is_refused(program: str, tmp_path: Path, store: ModelStore) -> None:
    inspector = Inspector(Settings(), store, seconds=1, command=(sys.executable, "-c", program))
    (tmp_path / "photo.jpg").write_bytes(b"evil")
    for kind, code in (("photo", "photo_unreadable"), ("speech", "speech_unreadable")):
        failure = inspector.inspect(kind, tmp_path / "photo.jpg")
        assert failure is not None and failure.code == code
    inspector.end()


def test_a_check_that_nobody_waits_for_is_ended(tmp_path: Path, store: ModelStore) -> None:
    inspector = Inspector(Settings(), store, command=(sys.executable, "-c", "import time; time.sleep(1000)"))
    checking = threading.Thread(target=inspector.inspect, args=("photo", tmp_path / "photo.jpg"))
    checking.start()
    while checking.is_alive():
        inspector.end()
        checking.join(0.05)
