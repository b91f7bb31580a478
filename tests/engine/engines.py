"""An engine with a toy for a worker, and what tests do with it."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
from pathlib import Path
from typing import Any, AsyncIterator, Awaitable, Callable, List, Optional, Sequence

from engine import toy_worker

from appliance.engine.engine import Engine
from appliance.engine.job import Job, Priority, State
from appliance.engine.storage.folders import Folders
from appliance.engine.view import JobView
from appliance.settings import EngineSettings, LimitSettings, MakeOptions, RetentionSettings, Settings

PATIENCE_SECONDS = 60.0
"""For what is bound to happen; no test waits that long unless it fails."""


def toy_settings(state: Path, hang_seconds: float = 30.0, **sections: Any) -> Settings:
    """Settings that keep everything below ``state`` and ask for no free space."""
    engine = EngineSettings(state=state, socket=state / "engine.sock", hang_seconds=hang_seconds)
    return Settings(**{"engine": engine, "retention": RetentionSettings(keep_free_megabytes=0), **sections})


def with_limits(settings: Settings, **limits: Any) -> Settings:
    return dataclasses.replace(settings, limits=LimitSettings(**limits))


@contextlib.asynccontextmanager
async def running(settings: Settings, worker: Sequence[str] = toy_worker.COMMAND) -> AsyncIterator[Engine]:
    engine = Engine(settings, worker)
    await engine.start()
    try:
        yield engine
    finally:
        await engine.stop()


async def submit(
    engine: Engine,
    speech: bytes = b"",
    priority: Priority = Priority.NORMAL,
    key: Optional[str] = None,
    photo: bytes = b"photo",
    consent: bool = False,
    **options: Any,
) -> Job:
    upload = await engine.begin_upload(None, key)
    upload.photo.write_bytes(photo)
    upload.speech.write_bytes(speech or toy_worker.speech())
    view, _ = await engine.submit(upload, MakeOptions(**options), priority, consent, key)
    return view.job


async def until(engine: Engine, job_id: str, holds: Callable[[JobView], bool]) -> JobView:
    """The first view of the job of which that holds; the test fails if it ends before."""

    async def look() -> JobView:
        async for view in engine.watch(job_id):
            if holds(view):
                return view
        raise AssertionError(f"the job has ended: {view}")

    return await asyncio.wait_for(look(), PATIENCE_SECONDS)


def at_segment(count: int) -> Callable[[JobView], bool]:
    """Whether so many segments are finished."""
    return lambda view: view.job.segments >= count


async def finished(engine: Engine, job_id: str) -> Job:
    return (await until(engine, job_id, lambda view: view.job.state in (State.DONE, State.FAILED))).job


async def eventually(holds: Callable[[], bool]) -> None:
    async def look() -> None:
        while not holds():
            await asyncio.sleep(0.01)

    await asyncio.wait_for(look(), PATIENCE_SECONDS)


def open_gate(state: Path, job_id: str) -> None:
    """Let a toy that waits at its gate go on."""
    segments = Folders(state).job(job_id).segments
    segments.mkdir(exist_ok=True)
    (segments / "go").touch()


def video_of(state: Path, job_id: str) -> bytes:
    return Folders(state).job(job_id).video.read_bytes()


def files_below(folder: Path) -> List[str]:
    # `os.walk` forgives folders that go meanwhile.
    files = [os.path.join(root, name) for root, _, names in os.walk(str(folder)) for name in names]
    return sorted(os.path.relpath(file, str(folder)) for file in files)


def run(test: Awaitable[None]) -> None:
    """An asynchronous test, on a loop of its own."""
    asyncio.run(test)  # type: ignore[arg-type]
