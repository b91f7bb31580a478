from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any, Dict, List

import psutil
import pytest
from engine.engines import PATIENCE_SECONDS, eventually, run, toy_settings
from engine.toy_worker import COMMAND, speech

from appliance.engine.storage.folders import JobFolder
from appliance.engine.worker.messages import Message
from appliance.engine.worker.supervisor import Supervisor, WorkerLost, WorkerProcess


def make(folder: Path, recording: bytes, **options: Any) -> Message:
    """The order to make a video of that recording in that folder."""
    job = JobFolder(folder)
    job.path.mkdir(exist_ok=True)
    job.photo.write_bytes(b"photo")
    job.speech.write_bytes(recording)
    return {"do": "make", "job": folder.name, "folder": str(folder), "options": options, "longest": 100.0}


class Line:
    """A worker that is ready, and what it says, one message after another."""

    def __init__(self, command: Any = COMMAND, hang_seconds: float = 30.0, **more: Any) -> None:
        self.worker = WorkerProcess(command, hang_seconds, **more)
        self._heard: List[Message] = []

    async def __aenter__(self) -> Line:
        assert (await self.next())["tell"] == "ready"
        return self

    async def __aexit__(self, *error: Any) -> None:
        self.worker.kill()
        await self.worker.ended()

    async def next(self) -> Message:
        while not self._heard:
            self._heard = await asyncio.wait_for(self.worker.hear(), PATIENCE_SECONDS)
        return self._heard.pop(0)


def test_progress_comes_at_once_and_the_rest_when_asked_for(tmp_path: Path) -> None:
    async def go() -> None:
        progress: List[Message] = []
        async with Line(progress=progress.append) as line:
            line.worker.order(make(tmp_path / "a", speech(segments=2, frames=3)))
            assert line.worker.busy
            assert [(await line.next())["index"] for _ in range(2)] == [0, 1]
            assert (await line.next())["tell"] == "done"
            assert not line.worker.busy
            assert [message["done"] for message in progress if message["stage"] == "video"] == [1, 2, 3, 4, 5, 6]
            line.worker.order({"do": "exit"})
            assert await line.worker.ended() == 0

    run(go())


def test_a_nudge_ends_the_waiting() -> None:
    async def go() -> None:
        async with Line() as line:
            asyncio.get_event_loop().call_later(0.01, line.worker.nudge)
            assert await line.worker.hear() == []

    run(go())


def test_what_a_worker_said_before_its_death_is_heard_first(tmp_path: Path) -> None:
    async def go() -> None:
        async with Line() as line:
            line.worker.order(make(tmp_path / "a", speech(segments=2, crash=1)))
            assert (await line.next())["index"] == 0
            with pytest.raises(WorkerLost, match="signal 9"):
                await line.next()
            line.worker.order({"do": "pause"})  # to the dead: no harm

    run(go())


def test_silence_is_the_end_of_a_worker_and_of_what_it_started(tmp_path: Path) -> None:
    async def go() -> None:
        async with Line(hang_seconds=2.0) as line:
            line.worker.order(make(tmp_path / "a", speech(child=0, hang=0)))
            await eventually(lambda: len(psutil.Process(line.worker.pid).children()) == 1)
            (child,) = psutil.Process(line.worker.pid).children()
            with pytest.raises(WorkerLost, match="no sign of life"):
                await line.next()
            assert not psutil.pid_exists(line.worker.pid)
            await eventually(lambda: not child.is_running())

    run(go())


@pytest.mark.parametrize("behaviour", ["crash", "hang"])
def test_what_a_worker_started_does_not_outlive_it(tmp_path: Path, behaviour: str) -> None:
    async def go() -> None:
        async with Line() as line:
            line.worker.order(make(tmp_path / "a", speech(segments=2, child=0, gate=0, **{behaviour: 1})))
            await eventually(lambda: len(psutil.Process(line.worker.pid).children()) == 1)
            (child,) = psutil.Process(line.worker.pid).children()
            (tmp_path / "a" / "segments" / "go").touch()
            assert (await line.next())["index"] == 0
            if behaviour == "hang":
                os.kill(line.worker.pid, signal.SIGKILL)  # itself alone
            with pytest.raises(WorkerLost):
                await line.next()
            await eventually(lambda: not child.is_running())

    run(go())


def test_a_busy_worker_is_not_taken_for_a_silent_one(tmp_path: Path) -> None:
    async def go() -> None:
        async with Line(hang_seconds=2.0) as line:
            line.worker.order(make(tmp_path / "a", speech(segments=2, frames=30, delay=0.05)))
            assert [(await line.next())["tell"] for _ in range(3)] == ["segment", "segment", "done"]

    run(go())


def test_a_service_that_was_frozen_does_not_blame_its_worker() -> None:
    """Time in which nobody listened is no silence."""

    async def go() -> None:
        async with Line(hang_seconds=3.0) as line:
            waiting = asyncio.ensure_future(line.worker.hear())
            await asyncio.sleep(0)
            worker = psutil.Process(line.worker.pid)
            worker.suspend()
            time.sleep(5.0)  # the loop stands still with it
            worker.resume()
            asyncio.get_event_loop().call_later(1.2, line.worker.nudge)
            assert await waiting == []

    run(go())


def test_limits_hold_for_the_worker(tmp_path: Path) -> None:
    async def go() -> None:
        limits = {"--memory-megabytes": "600", "--file-megabytes": "77"}
        async with Line([*COMMAND, *(f"{name}={value}" for name, value in limits.items())]) as line:
            pid = line.worker.pid
            found = _limits(pid)
            assert found["Max data size"] == str(600 << 20)
            assert found["Max file size"] == str(77 << 20)
            assert found["Max core file size"] == "0"
            status = Path(f"/proc/{pid}/status").read_text()
            assert "NoNewPrivs:\t1" in status and "Umask:\t0077" in status
            assert os.getsid(pid) == pid

    run(go())


def test_a_worker_that_cannot_start_is_tried_again_until_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "broken"
    broken.touch()
    monkeypatch.setenv("TOY_BROKEN", str(broken))

    async def go() -> None:
        changes: List[str] = []
        supervisor = Supervisor(
            COMMAND, toy_settings(tmp_path), lambda message: None, lambda: changes.append("changed")
        )
        waiting = asyncio.ensure_future(supervisor.ready())
        await eventually(lambda: supervisor.trouble is not None and supervisor.state == "down")
        assert supervisor.trouble is not None and supervisor.trouble.code == "model_missing"
        broken.unlink()
        worker = await asyncio.wait_for(waiting, 60)
        assert worker.ready and supervisor.trouble is None and supervisor.state == "ready"
        assert len(changes) >= 2
        await supervisor.stop(10.0)
        assert not psutil.pid_exists(worker.pid)

    run(go())


def test_one_that_dies_without_a_word_is_trouble_too(tmp_path: Path) -> None:
    async def go() -> None:
        command = (sys.executable, "-c", "import os; os.abort()")
        supervisor = Supervisor(command, toy_settings(tmp_path), lambda message: None, lambda: None)
        waiting = asyncio.ensure_future(supervisor.ready())
        await eventually(lambda: supervisor.trouble is not None)
        assert supervisor.trouble is not None and supervisor.trouble.message and supervisor.trouble.action
        waiting.cancel()
        await asyncio.wait([waiting])
        await supervisor.stop(10.0)

    run(go())


def _limits(pid: int) -> Dict[str, str]:
    lines = Path(f"/proc/{pid}/limits").read_text().splitlines()[1:]
    return {line[:25].strip(): line[26:46].strip() for line in lines}
