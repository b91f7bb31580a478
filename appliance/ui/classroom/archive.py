"""The lectures that the engine still has."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Iterator, List

from ...capture.picker.export import save_to_stick
from ...capture.picker.media import Media
from ...engine.client import EngineClient
from ...engine.job import State
from ..director.streams import Streams
from ..director.video import VideoSource

SHOWN = 30
NAME = "sonic.mp4"


@dataclass(frozen=True)
class Lecture:
    """``made``: when, in seconds since the epoch. ``seconds`` it lasts."""

    job: str
    made: float
    seconds: float


class Archive:
    """All methods wait for the engine, and raise what `EngineClient` raises: not for the thread that paints."""

    def __init__(self, engine: Callable[[], EngineClient], sticks: Media) -> None:
        self._engine, self._sticks = engine, sticks

    def lectures(self) -> List[Lecture]:
        """The newest first."""
        with self._engine() as client:
            views = client.jobs(State.DONE, SHOWN)
        found = [(view.job, (view.job.result or {}).get("duration", 0.0)) for view in views]
        return [Lecture(job.id, job.finished or job.created, float(seconds)) for job, seconds in found]

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
