"""The lectures that the engine has: made, being made, waiting, failed."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Iterator, List, Optional

from ...capture.picker.export import save_to_stick
from ...capture.picker.media import Media
from ...engine.client import EngineClient
from ...engine.job import Failure, Job, State
from ...engine.view import JobView
from ...errors import JobNotFound, SonicError
from ...settings import FRAME_RATE
from ..director.streams import Streams
from ..director.video import VideoSource
from ..director.work import failure_of

SHOWN = 30
NAME = "sonic.mp4"


@dataclass(frozen=True)
class Lecture:
    """``made``: when, in seconds since the epoch; until then, when it was asked for. ``seconds`` it lasts, 0 while
    nobody knows. ``share``: how much of it is made, 0 … 1; None while it waits for its turn. ``begun``: its first
    picture is there. ``failure``: why it will never be.
    """

    job: str
    made: float
    seconds: float
    share: Optional[float] = 1.0
    begun: bool = True
    failure: Optional[Failure] = None

    @property
    def finished(self) -> bool:
        return self.share == 1.0 and self.failure is None


class Archive:
    """All methods wait for the engine, and raise what `EngineClient` raises: not for the thread that paints."""

    def __init__(self, engine: Callable[[], EngineClient], sticks: Media) -> None:
        self._engine, self._sticks = engine, sticks

    def lectures(self) -> List[Lecture]:
        """The newest first."""
        with self._engine() as client:
            return [_lecture(view) for view in client.jobs(limit=SHOWN)]

    def delete(self, job: str) -> None:
        """For good, also one that is being made."""
        with self._engine() as client, contextlib.suppress(JobNotFound):
            client.delete(job)

    def save(self, job: str) -> Path:
        """Onto a stick; where it is. Raises what `save_to_stick` raises, too."""

        def produce(path: Path) -> None:
            with self._engine() as client:
                client.save(job, path)

        return save_to_stick(self._sticks, produce, NAME)

    def open(self, job: str) -> OpenLecture:
        """At once."""
        return OpenLecture(self._engine, job)


class OpenLecture:
    """A lecture to be played. Its source has no file: what the engine has is copied."""

    def __init__(self, engine: Callable[[], EngineClient], job: str) -> None:
        self.job = job
        self._streams = Streams(engine)

    @property
    def source(self) -> VideoSource:
        return VideoSource(None, self._read)

    def close(self) -> None:
        """It is not read any more."""
        self._streams.cut()

    def _read(self) -> Iterator[bytes]:
        return self._streams.read(self.job)


def _lecture(view: JobView) -> Lecture:
    job = view.job
    begun = job.state is State.DONE or (job.segments > 0 and job.state is not State.FAILED)
    return Lecture(job.id, job.finished or job.created, _seconds(job), _share(job), begun, _failure(job))


def _seconds(job: Job) -> float:
    if job.state is State.DONE:
        return float((job.result or {}).get("duration", 0.0))
    return (job.frames or 0) / FRAME_RATE


def _share(job: Job) -> Optional[float]:
    """What is finished is less than the whole until the job is done: the length is an estimate."""
    if job.state is State.DONE:
        return 1.0
    if job.state is State.QUEUED and not job.frames_done:
        return None
    return min(job.frames_done / job.frames, 0.99) if job.frames else 0.0


def _failure(job: Job) -> Optional[Failure]:
    if job.state is not State.FAILED:
        return None
    return job.failure or failure_of(SonicError())
