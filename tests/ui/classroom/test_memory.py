"""Where lectures were left: through restarts, damage and full disks."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from helpers import REPOSITORY

from appliance.ui.classroom import memory as rooms
from appliance.ui.classroom.memory import Bookmark, Memory

JOB, OTHER = "a" * 32, "b" * 32


def test_it_is_there_again_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "kiosk" / "lectures.json"
    memory = Memory(path)
    memory.keep_position(JOB, 754.3219)
    memory.keep_chapters(JOB, (0.0, 290.5))
    memory.keep_position(OTHER, 3.0)
    memory.forget(OTHER)
    assert memory.flush(60)
    again = Memory(path)
    assert again.recall(JOB) == Bookmark(754.32, (0.0, 290.5))
    assert again.recall(OTHER) == Bookmark()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(str(path.parent)) == ["lectures.json"]


DAMAGED = (b"", b"{", b"[]", b'{"a": 1}', b'{"a": {"position": "x", "chapters": []}}', b"\xff")


@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_file_is_as_good_as_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "lectures.json").write_bytes(content)
    memory = Memory(tmp_path / "lectures.json")
    assert memory.recall(JOB) == Bookmark()
    memory.keep_position(JOB, 5.0)
    assert memory.flush(60)
    assert Memory(tmp_path / "lectures.json").recall(JOB).position == 5.0


def test_the_oldest_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms, "REMEMBERED", 3)
    memory = Memory(tmp_path / "lectures.json")
    for number in range(4):
        memory.keep_position(str(number), 1.0)
        memory.keep_position("0", 2.0)
    assert memory.flush(60)
    assert sorted(json.loads((tmp_path / "lectures.json").read_text())) == ["0", "2", "3"]


def test_a_full_disk_is_survived(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(rooms, "write_atomically", full)
    memory = Memory(tmp_path / "lectures.json")
    memory.keep_position(JOB, 5.0)
    assert memory.flush(60) and memory.recall(JOB).position == 5.0


WRITER = """
import sys
from pathlib import Path
from appliance.ui.classroom.memory import Memory
memory = Memory(Path(sys.argv[1]))
for second in range(10**9):
    memory.keep_position("a" * 32, second)
    memory.flush()
    print(second, flush=True)
"""


def test_the_power_goes_while_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "lectures.json"
    for _ in range(5):
        command = [sys.executable, "-c", WRITER, str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=str(REPOSITORY)) as writer:
            assert writer.stdout is not None
            for _ in range(20):
                told = int(writer.stdout.readline())
            writer.kill()
        assert Memory(path).recall(JOB).position >= told
