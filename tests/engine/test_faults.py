"""The real service and the real worker, disturbed while a video is made: nothing is lost, nothing is different."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import subprocess
import sys
import time
import wave
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, Tuple

import numpy as np
import pytest
from helpers import REPOSITORY
from media import sound_of, write_wav

from appliance.bench.engine.checks import decodes, faults
from appliance.bench.engine.materials import Materials
from appliance.bench.engine.service import Service, stopped
from appliance.bench.processes import children
from appliance.engine.client import EngineClient
from appliance.engine.job import Priority, State
from appliance.engine.storage.folders import JobFolder
from appliance.engine.worker.messages import decode, encode
from appliance.errors import JobNotFound
from appliance.models import ModelStore
from appliance.settings import MakeOptions

pytestmark = pytest.mark.slow

QUICK = MakeOptions(min_resolution=384, inference_steps=2)
SPEECH_S = 7.0
"""175 frames in five segments, the last of them short."""
COPIES = 2
PATIENCE_S = 240.0


@pytest.fixture(scope="module")
def materials(tmp_path_factory: pytest.TempPathFactory, store: ModelStore) -> Materials:
    assert store.files()
    return Materials(tmp_path_factory.mktemp("materials"))


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, materials: Materials) -> Iterator[Service]:
    """One that is disturbed by nothing but its clients."""
    with running(tmp_path_factory.mktemp("service") / "shared") as shared:
        yield shared


@pytest.fixture(scope="module")
def expected(service: Service, materials: Materials) -> bytes:
    """The video of an undisturbed run."""
    with service.client() as client:
        return video(service, submit(client, materials))


@contextlib.contextmanager
def running(folder: Path, **how: Any) -> Iterator[Service]:
    with Service(folder, RETENTION_KEEP_FREE_MEGABYTES="0", ENGINE_HANG_SECONDS="120", **how) as service:
        yield service


def submit(
    client: EngineClient, materials: Materials, priority: Priority = Priority.NORMAL, s: float = SPEECH_S
) -> str:
    return client.submit(materials.portrait, materials.speech(s), QUICK, priority).job.id


def video(service: Service, job_id: str) -> bytes:
    job = service.finished(job_id).job
    assert job.state is State.DONE, job.failure
    return service.folders.job(job_id).video.read_bytes()


def wait_for_segments(client: EngineClient, job_id: str, count: int) -> None:
    for view in client.events(job_id):
        if view.job.segments >= count:
            return
        assert view.job.state in (State.QUEUED, State.RUNNING)


def everybody(service: Service) -> Tuple[int, ...]:
    """The service, its worker and the worker's ffmpegs."""
    worker = service.worker
    assert worker is not None
    return (service.pid, worker, *children(worker))


def files_of_segments(folder: JobFolder) -> Dict[str, Tuple[int, int]]:
    """Inode and time of change of each finished segment."""
    found = {path.name: path.stat() for path in folder.segments.glob("*.m4s")}
    return {name: (stat.st_ino, stat.st_mtime_ns) for name, stat in found.items()}


def test_after_a_kill_the_job_goes_on_at_its_last_finished_segment(
    tmp_path: Path, materials: Materials, expected: bytes
) -> None:
    with running(tmp_path / "service") as service:
        with service.client() as client:
            job_id = submit(client, materials)
            wait_for_segments(client, job_id, 2)
        service.kill()
        before = files_of_segments(service.folders.job(job_id))
        assert len(before) >= 2
        service.start()
        service.wait_until_ready()
        with service.client() as client:
            stream = client.stream(job_id)
            first = next(stream)  # as long as somebody watches, segments are not removed
            assert video(service, job_id) == expected
            after = files_of_segments(service.folders.job(job_id))
            assert len(after) == 5 and before.items() <= after.items()
            watched = tmp_path / "watched.mp4"
            watched.write_bytes(first + b"".join(stream))
            assert decodes(watched)
        assert service.stop() == 0
        assert faults(service.folders) == []


def test_what_lies_on_the_disk_at_any_moment_is_enough_to_go_on(
    tmp_path: Path, materials: Materials, expected: bytes
) -> None:
    """As after a power cut, but that all that was written has reached the disk."""
    chance = random.Random(0)
    with running(tmp_path / "service") as service, service.client() as client:
        job_id = submit(client, materials)
        for number in range(COPIES):
            wait_for_segments(client, job_id, number)
            time.sleep(chance.uniform(0.0, 0.5))
            with stopped(*everybody(service)):
                shutil.copytree(str(service.folders.state), str(tmp_path / f"copy {number}"))
        assert video(service, job_id) == expected
    for number in range(COPIES):
        with running(tmp_path / f"service {number}", state=tmp_path / f"copy {number}") as service:
            assert video(service, job_id) == expected
            assert service.stop() == 0
            assert faults(service.folders) == []


def test_a_visitor_goes_first_and_the_lecture_is_the_same_after_all(
    service: Service, materials: Materials, expected: bytes
) -> None:
    interruptions = service.said(": stopped after segment")
    with service.client() as client:
        lecture = submit(client, materials, Priority.LECTURE)
        wait_for_segments(client, lecture, 1)
        visitor = submit(client, materials, Priority.VISITOR, 1.0)
        visitors = service.finished(visitor).job
        assert video(service, lecture) == expected
        lectures = client.job(lecture).job
    assert visitors.finished is not None and lectures.finished is not None and visitors.finished < lectures.finished
    assert service.said(": stopped after segment") == interruptions + 1


def test_an_hour_of_speech_is_watched_from_its_first_seconds(
    tmp_path: Path, service: Service, materials: Materials
) -> None:
    hour = write_wav(tmp_path / "hour.wav", np.tile(sound_of(materials.speech(10.0)), 360))
    with service.client() as client, contextlib.closing(wave.open(str(hour))) as speech:
        assert speech.getnframes() == 3600 * speech.getframerate()
        worker = service.worker
        job_id = client.submit(materials.portrait, hour, QUICK).job.id
        watched = b""
        with contextlib.closing(client.stream(job_id)) as stream:  # type: ignore[type-var]
            while watched.count(b"moof") < 3:
                watched += next(stream)
        job = client.job(job_id).job
        assert job.frames is not None and job.frames > 89_000 and job.frames_done < job.frames / 10
        client.delete(job_id)
        with pytest.raises(JobNotFound):
            client.job(job_id)
        assert not service.folders.job(job_id).path.exists()
        beginning = tmp_path / "beginning.mp4"
        beginning.write_bytes(watched[: watched.rindex(b"moof") - 4])
        assert decodes(beginning)
        assert video(service, submit(client, materials, s=1.0))
        assert service.worker == worker


def test_a_job_is_cancelled_within_a_frame(tmp_path: Path, materials: Materials) -> None:
    folder = JobFolder(tmp_path)
    shutil.copy(str(materials.portrait), str(folder.photo))
    shutil.copy(str(materials.speech(SPEECH_S)), str(folder.speech))
    with worker_process() as (process, hear):
        assert hear()["tell"] == "ready"
        knobs = {"min_resolution": 384, "inference_steps": 2}
        order = {"do": "make", "job": "j", "folder": str(tmp_path), "options": knobs, "longest": 60.0}
        process.stdin.write(encode(order))
        while not is_frame(hear(), 30):
            pass
        with stopped(process.pid):
            while hear(wait=False):
                pass
            process.stdin.write(encode({"do": "stop"}))
        frames_after = 0
        while True:
            message = hear()
            if message["tell"] == "stopped":
                break
            frames_after += is_frame(message, 0)
        # The one being made; and one more, if that was at its very end when the order came.
        assert frames_after <= 2
        assert not children(process.pid)


def is_frame(message: Dict[str, Any], least: int) -> bool:
    return message["tell"] == "progress" and message["stage"] == "video" and message["done"] >= least


@contextlib.contextmanager
def worker_process() -> Iterator[Tuple[Any, Callable[..., Dict[str, Any]]]]:
    """A real worker, and what it says; ``hear(wait=False)`` gives nothing where nothing was said."""
    ours, theirs = os.pipe()
    command = [sys.executable, "-m", "appliance.engine.worker", "--report", str(theirs), "--parent", str(os.getpid())]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    process = subprocess.Popen(command, stdin=subprocess.PIPE, bufsize=0, pass_fds=(theirs,), env=environment)
    os.close(theirs)
    unread = b""

    def hear(wait: bool = True) -> Dict[str, Any]:
        nonlocal unread
        deadline = time.monotonic() + PATIENCE_S
        os.set_blocking(ours, False)
        while b"\n" not in unread:
            try:
                piece = os.read(ours, 1 << 16)
                assert piece, "the worker has ended"
                unread += piece
            except BlockingIOError:
                if not wait:
                    return {}
                assert time.monotonic() < deadline
                time.sleep(0.001)
        line, unread = unread.split(b"\n", 1)
        return decode(line) or {}

    try:
        yield process, hear
    finally:
        process.kill()
        process.wait()
        assert process.stdin is not None
        process.stdin.close()
        os.close(ours)
