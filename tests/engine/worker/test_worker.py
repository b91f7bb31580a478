"""What the engine relies on in its worker; the toy that stands in for it keeps the same promises."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Callable, Iterator, List, Optional

import psutil
import pytest
from engine import toy_worker

from appliance.demo import RECORDINGS, write_portrait
from appliance.engine.storage.folders import JobFolder
from appliance.engine.worker.limits import NICE
from appliance.engine.worker.messages import Message, decode, encode
from appliance.models import ModelStore
from appliance.pipeline.ffmpeg import Ffmpeg, input_file, local_file
from appliance.pipeline.generate import STAGES, Result

PATIENCE_SECONDS = 120.0
REAL = (sys.executable, "-m", "appliance.engine.worker")
SPEECH_SECONDS = 2.4
"""Three segments, of which the first is soon there."""
QUICK = {"min_resolution": 384, "inference_steps": 2}


class Line:
    """A worker and its two pipes."""

    def __init__(self, command: Any, *arguments: str) -> None:
        report, theirs = os.pipe()
        self.process = subprocess.Popen(
            [*command, "--report", str(theirs), "--parent", str(os.getpid()), *arguments],
            stdin=subprocess.PIPE, pass_fds=(theirs,), start_new_session=True,
        )  # fmt: skip
        os.close(theirs)
        self._report = os.fdopen(report, "rb")
        self._heard: queue.Queue[Optional[Message]] = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def __enter__(self) -> Line:
        return self

    def __exit__(self, *error: Any) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.hang_up()
        self.process.wait()
        self._reader.join()
        self._report.close()

    def order(self, **order: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(encode(order))
        self.process.stdin.flush()

    def make(self, folder: Path, **more: Any) -> None:
        self.order(do="make", job=folder.name, folder=str(folder), **{"options": QUICK, "longest": 600.0, **more})

    def hang_up(self) -> None:
        """What happens when the engine dies."""
        assert self.process.stdin is not None
        self.process.stdin.close()

    def hear(self) -> Optional[Message]:
        """The next message; None after the last."""
        return self._heard.get(timeout=PATIENCE_SECONDS)

    def until(self, *tells: str) -> List[Message]:
        """All messages up to the first of these kinds."""
        heard = []
        while not heard or heard[-1]["tell"] not in tells:
            message = self.hear()
            assert message is not None, f"the worker ended after {heard[-3:]}"
            heard.append(message)
        return heard

    def drain(self) -> None:
        """Forget what has been said, by a worker that says nothing more."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._heard.get(timeout=0.5)

    def _read(self) -> None:
        for line in self._report:
            self._heard.put(decode(line))
        self._heard.put(None)


class Kind:
    """A worker, and jobs it can make."""

    def __init__(self, command: Any, job: Callable[..., JobFolder]) -> None:
        self.command = command
        self.job = job
        """By name; ``good``: whether its recording is one."""


@pytest.fixture(scope="session")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("photo") / "portrait.png"
    write_portrait(path)
    return path


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("speech") / "speech.wav"
    with Ffmpeg([*input_file(RECORDINGS[1]), "-t", str(SPEECH_SECONDS), local_file(path)]) as ffmpeg:
        assert ffmpeg.wait() == 0
    return path


@pytest.fixture(params=["toy", pytest.param("real", marks=pytest.mark.slow)])
def kind(request: pytest.FixtureRequest, tmp_path: Path) -> Kind:
    if request.param == "toy":

        def toy_job(name: str, good: bool = True) -> JobFolder:
            job = _folder(tmp_path / name)
            job.photo.write_bytes(b"photo")
            behaviour = {"segments": 4, "frames": 10, "delay": 0.01}
            job.speech.write_bytes(toy_worker.speech(**behaviour, **({} if good else {"fail": 0})))
            return job

        return Kind(toy_worker.COMMAND, toy_job)

    store: ModelStore = request.getfixturevalue("store")
    assert store.files()
    photo, recording = request.getfixturevalue("photo"), request.getfixturevalue("recording")

    def real_job(name: str, good: bool = True) -> JobFolder:
        job = _folder(tmp_path / name)
        shutil.copy(str(photo), str(job.photo))
        if good:
            shutil.copy(str(recording), str(job.speech))
        else:
            job.speech.write_bytes(b"no recording at all")
        return job

    return Kind(REAL, real_job)


@pytest.fixture()
def line(kind: Kind) -> Iterator[Line]:
    with Line(kind.command) as line:
        assert [message["tell"] for message in line.until("ready")] == ["ready"]
        yield line


def test_what_a_job_tells_on_its_way(kind: Kind, line: Line) -> None:
    job = kind.job("a")
    line.make(job.path)
    told = line.until("done", "failed")
    assert {message["job"] for message in told} == {"a"}
    segments = [message for message in told if message["tell"] == "segment"]
    assert [message["index"] for message in segments] == list(range(len(segments))) and len(segments) >= 2
    ends = [message["first_frame"] + message["frames"] for message in segments]
    assert [message["first_frame"] for message in segments] == [0, *ends[:-1]]
    result = told[-1]["result"]
    assert result.keys() == Result.__dataclass_fields__.keys() and result["frames"] == ends[-1]
    stages = [message["stage"] for message in told if message["tell"] == "progress"]
    assert set(stages) <= set(STAGES) and stages == sorted(stages, key=STAGES.index)
    assert stages.count("video") >= result["frames"]
    assert all(message["done"] <= message["total"] for message in told if message["tell"] == "progress")
    assert sorted(os.listdir(str(job.path))) == ["photo", "segments", "speech", "video.mp4"]
    assert sorted(os.listdir(str(job.segments))) == _names(len(segments))


def test_segments_are_complete_when_they_are_told_of(kind: Kind, line: Line) -> None:
    job = kind.job("a")
    line.make(job.path)
    line.until("segment")
    first = {name: (job.segments / name).read_bytes() for name in _names(1)}
    line.until("done")
    assert all((job.segments / name).read_bytes() == content for name, content in first.items())


def test_a_job_that_fails_leaves_the_worker_to_the_next_one(kind: Kind, line: Line) -> None:
    line.make(kind.job("bad", good=False).path)
    failed = line.until("failed", "done")[-1]
    assert failed["tell"] == "failed" and failed["job"] == "bad"
    assert failed["code"].startswith("speech") and failed["message"] and failed["action"]
    line.make(kind.job("good").path)
    assert line.until("failed", "done")[-1]["tell"] == "done"


@pytest.mark.parametrize("order", ["pause", "stop"])
def test_an_interrupted_job_goes_on_to_the_same_result(kind: Kind, line: Line, order: str) -> None:
    undisturbed, job = kind.job("undisturbed"), kind.job("interrupted")
    line.make(undisturbed.path)
    line.until("done")
    line.make(job.path)
    line.until("segment")
    line.order(do=order)
    told = line.until("stopped", "done")
    assert told[-1] == {"tell": "stopped", "job": "interrupted"}
    if order == "pause" and len(told) > 1:  # it may be heeded at the very segment that was told of before
        assert told[-2]["tell"] == "segment"
    kept = {path.name: path.stat().st_mtime_ns for path in job.segments.iterdir()}
    assert not job.video.exists() and set(kept) == set(_names(len(kept) - 1))
    line.make(job.path)
    line.until("done")
    assert kept.items() <= {path.name: path.stat().st_mtime_ns for path in job.segments.iterdir()}.items()
    assert job.video.read_bytes() == undisturbed.video.read_bytes()


def test_stopping_takes_no_more_than_a_frame(kind: Kind, line: Line) -> None:
    line.make(kind.job("a").path)
    line.until("segment")
    process = psutil.Process(line.process.pid)
    process.suspend()
    line.drain()
    line.order(do="stop")
    process.resume()
    # One frame is being made; another may begin before the order is read.
    assert len(line.until("stopped")) <= 4
    assert not process.children()


def test_an_order_for_the_job_before_does_not_touch_the_next(kind: Kind, line: Line) -> None:
    first, second = kind.job("first"), kind.job("second")
    line.make(first.path)
    line.until("done")
    line.order(do="pause")
    line.order(do="stop")
    line.make(second.path)
    assert line.until("done", "stopped", "failed")[-1]["tell"] == "done"


def test_a_killed_worker_leaves_what_another_one_finishes_alike(kind: Kind, line: Line) -> None:
    undisturbed, job = kind.job("undisturbed"), kind.job("killed")
    line.make(undisturbed.path)
    line.until("done")
    line.make(job.path)
    line.until("segment")
    os.kill(line.process.pid, signal.SIGKILL)
    line.process.wait()
    with Line(kind.command) as other:
        other.until("ready")
        other.make(job.path)
        other.until("done")
    assert job.video.read_bytes() == undisturbed.video.read_bytes()
    assert sorted(os.listdir(str(job.path))) == ["photo", "segments", "speech", "video.mp4"]


def test_an_idle_worker_gives_signs_of_life(line: Line) -> None:
    assert [message["tell"] for message in line.until("beat")] == ["beat"]


def test_a_worker_ends_with_its_engine_also_in_mid_job(kind: Kind, line: Line) -> None:
    line.make(kind.job("a").path)
    line.until("segment")
    children = psutil.Process(line.process.pid).children(recursive=True)
    line.hang_up()
    assert line.process.wait(PATIENCE_SECONDS) == 0
    assert not any(child.is_running() for child in children)


def test_a_worker_leaves_the_processor_to_those_who_answer_people(line: Line) -> None:
    line.until("beat")
    assert os.getpriority(os.PRIO_PROCESS, line.process.pid) == max(NICE, os.getpriority(os.PRIO_PROCESS, 0))


def test_a_worker_leaves_when_it_is_told_to(line: Line) -> None:
    line.order(do="exit")
    assert line.process.wait(PATIENCE_SECONDS) == 0


def test_a_hang_shows(kind: Kind, line: Line) -> None:
    """No thread gives signs of life in the name of a loop that stands still."""
    line.make(kind.job("a").path)
    line.until("segment")
    psutil.Process(line.process.pid).suspend()
    with pytest.raises(queue.Empty):
        while True:
            line._heard.get(timeout=3.0)


def test_a_recording_longer_than_allowed_is_refused(kind: Kind, line: Line) -> None:
    line.make(kind.job("a").path, longest=1.0)
    assert line.until("failed", "done")[-1]["code"] == "speech_too_long"


def test_signals_for_the_whole_group_do_not_end_it(line: Line) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        os.kill(line.process.pid, number)
    line.until("beat")
    line.until("beat")


@pytest.mark.slow
def test_networks_of_another_precision_are_loaded_when_a_job_asks_for_them(
    store: ModelStore, photo: Path, recording: Path, tmp_path: Path
) -> None:
    job = _folder(tmp_path / "a")
    shutil.copy(str(photo), str(job.photo))
    shutil.copy(str(recording), str(job.speech))
    with Line(REAL, "--runtime=onnx") as line:
        line.until("ready")
        used = []
        for options in ({"precision": "fp32"}, {}, {"runtime": "acl"}, {}):
            line.make(job.path, options={**QUICK, **options})
            told = line.until("done", "failed")
            used.append(told[-1]["result"]["precision"] if told[-1]["tell"] == "done" else told[-1]["code"])
            loaded = any(message.get("stage") == "models" for message in told)
            assert loaded or used[-1] == "runtime_unavailable"
            shutil.rmtree(str(job.segments), ignore_errors=True)
        assert used == ["fp32", "int8", "runtime_unavailable", "int8"]


@pytest.mark.slow
def test_a_worker_without_models_says_so_and_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SONIC_MODELS", str(tmp_path / "nothing"))
    with Line(REAL) as line:
        failed = line.until("failed")[-1]
        assert (failed["job"], failed["code"]) == ("", "model_missing") and failed["message"]
        assert line.hear() is None and line.process.wait(PATIENCE_SECONDS) != 0


def test_whoever_sends_nonsense_is_not_obeyed(tmp_path: Path) -> None:
    with Line(toy_worker.COMMAND) as line:
        line.until("ready")
        assert line.process.stdin is not None
        line.process.stdin.write(b"nonsense\n[1, 2]\n{}\n" + json.dumps({"do": "dance"}).encode() + b"\n")
        line.process.stdin.flush()
        line.until("beat")


def _folder(path: Path) -> JobFolder:
    path.mkdir()
    return JobFolder(path)


def _names(segments: int) -> List[str]:
    return [*(f"{index:06d}.m4s" for index in range(segments)), "init.mp4"]
