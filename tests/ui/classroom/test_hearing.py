"""Chapters of a real recording, found by the real detector of voices."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from typing import List

import psutil
import pytest
from helpers import REPOSITORY
from media import ffmpeg
from ui.player.patience import until

from appliance.demo import RECORDINGS
from appliance.models import ModelStore
from appliance.pipeline.ffmpeg import local_file
from appliance.ui.classroom.hearing import Hearing

pytestmark = pytest.mark.slow

SENTENCES_SECONDS, PAUSE_SECONDS = 75.0, 3.0


@pytest.fixture(scope="module")
def lecture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Somebody speaks for 75 s, is silent for 3 s, and speaks on as long."""
    path = tmp_path_factory.mktemp("lecture") / "lecture.m4a"
    speech = ["-stream_loop", "-1", "-t", str(SENTENCES_SECONDS), "-i", local_file(RECORDINGS[1])]
    silence = ["-f", "lavfi", "-t", str(PAUSE_SECONDS), "-i", "anullsrc=r=16000:cl=mono"]
    joined = "[0:a]aresample=16000[a];[2:a]aresample=16000[b];[a][1:a][b]concat=n=3:v=0:a=1"
    return ffmpeg(*speech, *silence, *speech, "-filter_complex", joined, local_file(path), target=path)


def test_a_chapter_begins_after_the_pause(lecture: Path, tmp_path: Path, store: ModelStore) -> None:
    found: List[List[float]] = []
    hearing = Hearing(lecture, tmp_path, store, found.append)
    until(lambda: found)
    assert found[0][0] == 0.0
    assert found[0][1] == pytest.approx(SENTENCES_SECONDS + PAUSE_SECONDS, abs=1.0)
    hearing.stop()


@pytest.mark.parametrize("begun", [False, True])
def test_stopped_in_the_middle(lecture: Path, tmp_path: Path, store: ModelStore, begun: bool) -> None:
    before = psutil.Process().children(recursive=True)
    hearing = Hearing(lecture, tmp_path, store, lambda _starts: None)
    if begun:
        until(lambda: psutil.Process().children(recursive=True) != before)
    hearing.stop()
    hearing.stop()
    until(lambda: not [thread for thread in threading.enumerate() if thread.name == "chapters"])
    until(lambda: psutil.Process().children(recursive=True) == before)
    assert list(tmp_path.iterdir()) == []


WATCHER = """
import sys, time
from pathlib import Path
from appliance.models import ModelStore
from appliance.ui.classroom.hearing import Hearing
Hearing(Path(sys.argv[1]), Path(sys.argv[2]), ModelStore(), print)
time.sleep(1000)
"""


def test_killed_with_whoever_wants_the_chapters(lecture: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", WATCHER, str(lecture), str(tmp_path)]
    with subprocess.Popen(command, cwd=str(REPOSITORY)) as watcher:
        everything = until(lambda: psutil.Process(watcher.pid).children(recursive=True))
        watcher.kill()
    _, alive = psutil.wait_procs(everything, timeout=60)
    assert alive == []


def test_what_cannot_be_heard_has_no_chapters(tmp_path: Path, store: ModelStore) -> None:
    (tmp_path / "lecture.mp3").write_bytes(b"nothing to be heard")
    found: List[List[float]] = []
    hearing = Hearing(tmp_path / "lecture.mp3", tmp_path, store, found.append)
    until(lambda: not hearing._thread.is_alive())
    assert found == []
