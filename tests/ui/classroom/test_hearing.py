"""Chapters of a real recording, found by the real detector of voices."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import List

import pytest
from media import ffmpeg
from ui.player.patience import until

from appliance.demo import RECORDINGS
from appliance.models import ModelStore
from appliance.pipeline.ffmpeg import local_file
from appliance.ui.classroom import hearing as rooms
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


def test_stopped_in_the_middle(
    lecture: Path, tmp_path: Path, store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rooms, "REST_SECONDS", 30.0)
    found: List[List[float]] = []
    hearing = Hearing(lecture, tmp_path, store, found.append)
    time.sleep(0.2)
    hearing.stop()
    until(lambda: not [thread for thread in threading.enumerate() if thread.name == "chapters"])
    assert found == [] and list(tmp_path.iterdir()) == []


def test_what_cannot_be_heard_has_no_chapters(tmp_path: Path, store: ModelStore) -> None:
    (tmp_path / "lecture.mp3").write_bytes(b"nothing to be heard")
    found: List[List[float]] = []
    hearing = Hearing(tmp_path / "lecture.mp3", tmp_path, store, found.append)
    until(lambda: not hearing._thread.is_alive())
    assert found == []
