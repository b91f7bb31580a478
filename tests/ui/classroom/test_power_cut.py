"""The power goes in the middle of a lesson: the real engine, the classroom and all that they started are killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, Iterator

import psutil
import pytest

pytest.importorskip("PyQt5.QtWidgets")
pytest.importorskip("qtawesome")
pytest.importorskip("segno")
pytest.importorskip("fastapi")
pytest.importorskip("skimage")

from engine.services import Service
from helpers import REPOSITORY
from ui.classroom import lesson_process, rig

from appliance.models import ModelStore
from appliance.pipeline.video.probe import probe
from appliance.ui.classroom.lecture_view import KEEP_SECONDS

pytestmark = pytest.mark.slow

SECONDS = 30.0
WATCHED_SECONDS = 6.0
SLACK_SECONDS = 2.5
"""A loaded machine is late in remembering."""
ENGINE = (sys.executable, "-m", "appliance", "serve")


class Lesson:
    def __init__(self, folder: Path, engine: Service, how: str) -> None:
        paths = os.pathsep.join((str(REPOSITORY), str(REPOSITORY / "tests")))
        command = [sys.executable, lesson_process.__file__, str(folder), str(engine.socket), how]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": paths}
        )

    def says(self) -> Iterator[Dict[str, Any]]:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            yield json.loads(line)

    def end(self) -> None:
        if self.process.poll() is None:
            kill(self.process.pid)
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


def kill(pid: int) -> None:
    """It, and everything below it."""
    everything = psutil.Process(pid).children(recursive=True)
    os.kill(pid, signal.SIGKILL)
    for process in everything:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            pass


def hold_up(engine: Service) -> None:
    """No more of the video is made: a quick machine would be done before the power goes."""
    assert engine.process is not None
    for worker in psutil.Process(engine.process.pid).children():
        worker.suspend()


def test_job_and_position_come_back(tmp_path: Path, store: ModelStore) -> None:
    assert store.files()
    rig.furnish(tmp_path, SECONDS)
    stick = rig.plug_in_stick(tmp_path)
    with rig.service(ENGINE) as engine:
        lesson = Lesson(tmp_path, engine, "begin")
        try:
            for before in lesson.says():
                assert not before.get("finished"), "played only when it was made"
                if before["available"] > WATCHED_SECONDS:
                    hold_up(engine)
                if before["shown"] and before["position"] > WATCHED_SECONDS:
                    break
        finally:
            lesson.end()
        assert engine.process is not None
        kill(engine.process.pid)
        engine.process.wait()
        engine.start(command=ENGINE)

        lesson = Lesson(tmp_path, engine, "go-on")
        told = []
        try:
            for now in lesson.says():
                told.append(now)
            assert lesson.process.wait(60) == 0
        finally:
            lesson.end()
    seen = [now for now in told if now.get("shown")]
    assert {now["job"] for now in seen} == {before["job"]}
    assert seen[0]["position"] >= before["position"] - KEEP_SECONDS - SLACK_SECONDS > 0
    (saved,) = told[-1]["saved"]
    assert Path(saved).parent == stick
    assert probe(Path(saved))["video_duration"] == pytest.approx(SECONDS, abs=0.1)
