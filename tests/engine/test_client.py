"""The client: typed answers, typed errors, and patience with an engine that is started again."""

from __future__ import annotations

import signal
import threading
import time
from pathlib import Path
from typing import Any, Callable, Iterator, List

import pytest
from engine import toy_worker
from engine.engines import PATIENCE_SECONDS
from engine.services import Service

from appliance.engine.client import EngineClient, error_of
from appliance.engine.job import Failure, Priority, State
from appliance.errors import (
    EngineError,
    EngineUnavailable,
    IdempotencyConflict,
    JobNotFound,
    OutputError,
    PhotoNotFound,
    SpeechNotFound,
    SpeechSilent,
    UploadTooLarge,
    UsageError,
    VideoNotReady,
)
from appliance.settings import MakeOptions

NOBODY = "0" * 32


@pytest.fixture()
def client(shared: Service) -> Iterator[EngineClient]:
    with shared.client() as own:
        yield own


def test_a_job_from_submission_to_file(shared: Service, client: EngineClient, tmp_path: Path) -> None:
    photo, speech = shared.inputs(segments=3, wide=1 << 18)
    view = client.submit(photo, speech, MakeOptions(seed=3), Priority.VISITOR, consent=True)
    assert (view.job.priority, view.job.options, view.job.consent) == (Priority.VISITOR, {"seed": 3}, True)
    states = [seen.job.state for seen in client.events(view.job.id)]
    assert states[-1] is State.DONE
    client.save(view.job.id, tmp_path / "o.mp4")
    whole = toy_worker.video(speech.read_bytes())
    assert (tmp_path / "o.mp4").read_bytes() == whole == b"".join(client.stream(view.job.id))
    done = client.job(view.job.id)
    assert (done.job.frames, done.job.segments) == (15, 3)
    assert done.job.result is not None and done.job.result["frames"] == 15
    assert done.job.created <= (done.job.started or 0) <= (done.job.finished or 0)
    assert client.jobs(State.DONE, limit=1) == [done]
    client.delete(view.job.id)
    assert client.jobs(before=view.job.sequence + 1, limit=1) != [done]


def test_a_second_call_with_the_same_key_finds_the_first_job(shared: Service, client: EngineClient) -> None:
    photo, speech = shared.inputs()
    first = client.submit(photo, speech, key="mine")
    assert client.submit(photo, speech, key="mine").job.id == first.job.id
    assert client.submit(photo, speech).job.id != first.job.id
    with pytest.raises(IdempotencyConflict):
        client.submit(photo, speech, MakeOptions(seed=1), key="mine")


def test_errors_of_the_engine_come_back_as_themselves(shared: Service, client: EngineClient, tmp_path: Path) -> None:
    photo, speech = shared.inputs(segments=2, gate=1)
    running = client.submit(photo, speech).job.id
    with pytest.raises(VideoNotReady, match="not finished"):
        client.save(running, tmp_path / "o.mp4")
    client.delete(running)
    for call in (client.job, client.delete, lambda job_id: list(client.events(job_id))):
        for job_id in (NOBODY, "../../etc/passwd", "A" * 32, ""):
            with pytest.raises(JobNotFound):
                call(job_id)
    large = tmp_path / "large"
    large.write_bytes(b"x" * 1_500_000)
    with pytest.raises(UploadTooLarge, match="photo"):
        client.submit(large, speech)
    with pytest.raises(PhotoNotFound):
        client.submit(tmp_path / "none", speech)
    with pytest.raises(SpeechNotFound):
        client.submit(photo, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["large"]


def test_a_failure_becomes_the_error_it_was() -> None:
    error = error_of(Failure("speech_silent", "Nothing was heard.", "Speak."))
    assert type(error) is SpeechSilent
    assert (error.message, error.action, error.exit_code) == ("Nothing was heard.", "Speak.", 4)
    assert type(error_of(Failure("usage", "No.", ""))) is UsageError
    unknown = error_of(Failure("of_the_future", "What?", "Wait."))
    assert (type(unknown), unknown.message) == (EngineError, "What?")


def test_without_an_engine_a_call_fails_at_once(tmp_path: Path) -> None:
    began = time.monotonic()
    with EngineClient(tmp_path / "none") as client:
        with pytest.raises(EngineUnavailable, match="appliance serve"):
            client.jobs()
        with pytest.raises(EngineUnavailable):
            client.health()
    assert time.monotonic() - began < 10


def test_no_video_is_saved_where_there_is_no_folder(shared: Service, client: EngineClient, tmp_path: Path) -> None:
    job_id = shared.submit()
    shared.wait_for(job_id, State.DONE)
    with pytest.raises(OutputError):
        client.save(job_id, tmp_path / "none" / "o.mp4")


def test_a_deleted_job_ends_its_events(shared: Service, client: EngineClient) -> None:
    job_id = shared.submit(segments=2, gate=1)
    with pytest.raises(JobNotFound):
        for _ in client.events(job_id):
            with shared.client() as other:
                if not other.jobs() or job_id in {view.job.id for view in other.jobs()}:
                    other.delete(job_id)


# --- an engine that goes and comes back -------------------------------------------------------------------------------

# Where nobody listens, httpcore leaves its socket to the garbage collector, which closes it.
goes_and_comes = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@goes_and_comes
def test_events_go_on_after_the_engine_was_killed(service: Service) -> None:
    job_id = service.submit(segments=3, gate=1)
    seen: List[State] = []
    with service.client() as client:
        for view in client.events(job_id):
            if not seen:
                service.stop(signal.SIGKILL)
                service.start(wait=False)
            seen.append(view.job.state)
            if view.job.state is State.RUNNING and view.job.segments:
                service.open_gate(job_id)
    assert seen[-1] is State.DONE


@goes_and_comes
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_submission_outlives_a_restart_and_is_made_once(service: Service, number: int) -> None:
    """The engine goes while the recording is being sent; the same call brings the job home."""
    photo, speech = service.inputs()
    with speech.open("ab") as file:
        file.write(bytes(200 << 20))
    errors: List[BaseException] = []
    ids: List[str] = []

    def submit() -> None:
        try:
            with service.client() as client:
                ids.append(client.submit(photo, speech).job.id)
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=submit)
    thread.start()
    while not service.uploads() and thread.is_alive():
        time.sleep(0.001)
    service.stop(number)
    service.start()
    thread.join(60)
    assert errors == []
    with service.client() as client:
        assert [view.job.id for view in client.jobs()] == ids
    assert service.uploads() == []


@goes_and_comes
def test_a_download_goes_on_where_it_was_cut(service: Service, tmp_path: Path) -> None:
    job_id = service.submit(segments=64, wide=1 << 20)
    service.wait_for(job_id, State.DONE)
    target = tmp_path / "o.mp4"
    errors: List[BaseException] = []

    def save() -> None:
        try:
            with service.client() as client:
                client.save(job_id, target)
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=save)
    thread.start()
    while not any(tmp_path.iterdir()) and thread.is_alive():
        time.sleep(0.001)
    assert not target.exists()
    service.stop(signal.SIGKILL)
    service.start()
    thread.join(60)
    assert errors == []
    assert target.read_bytes() == toy_worker.video(toy_worker.speech(segments=64, wide=1 << 20))
    assert [path.name for path in tmp_path.iterdir()] == ["o.mp4"]


@goes_and_comes
def test_patience_has_an_end(service: Service) -> None:
    job_id = service.submit(segments=2, gate=1)
    with service.client(patience=0.3) as client:
        events = client.events(job_id)
        next(events)
        service.stop(signal.SIGKILL)
        with pytest.raises(EngineUnavailable):
            for _ in events:
                pass


@pytest.mark.parametrize("watch", [EngineClient.events, EngineClient.stream])
def test_a_call_that_waits_is_interrupted_by_another_thread(
    service: Service, watch: Callable[[EngineClient, str], Iterator[Any]]
) -> None:
    job = service.submit(gate=1)
    begun = threading.Event()
    failures: List[BaseException] = []
    with service.client() as client:

        def read() -> None:
            try:
                for _ in watch(client, job):
                    begun.set()
            except EngineUnavailable as error:
                failures.append(error)

        thread = threading.Thread(target=read)
        thread.start()
        assert begun.wait(PATIENCE_SECONDS)
        client.interrupt()
        thread.join(PATIENCE_SECONDS)
        assert failures
        with pytest.raises(EngineUnavailable):
            client.health()
