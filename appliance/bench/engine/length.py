"""Ten minutes of speech and an hour: the memory must be the same, and the file one that can be watched anywhere."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, List

from ...engine.job import State
from ...errors import SonicError
from ...pipeline.video import probe
from ..processes import PeakMemory
from .checks import frame_at, is_seekable, seconds_of
from .figure import Figure, megabytes
from .materials import SMALL, Materials
from .service import Service

MINUTES = (10.0, 60.0)
QUICK_MINUTES = (0.05, 0.15)
LOOK_S = 0.1

HALF_A_FRAME = 0.02


@dataclass(frozen=True)
class Run:
    """Peak resident memory in bytes; ``ffmpeg``: of all that ran at one time. ``pace``: times real time."""

    minutes: float
    service: int
    worker: int
    ffmpeg: int
    pace: float
    faults: List[str]
    size: int


def measure(materials: Materials, folder: Path, quick: bool) -> Iterator[Figure]:
    """The same for a short and a long speech, each with a service of its own."""
    short, long = (
        _run(materials, folder / f"{minutes:g}", minutes) for minutes in (QUICK_MINUTES if quick else MINUTES)
    )
    for name in ("service", "worker", "ffmpeg"):
        before, after = getattr(short, name), getattr(long, name)
        yield Figure(
            f"peak memory of {name}, {short.minutes:g} and {long.minutes:g} min of speech",
            f"{megabytes(before)}, {megabytes(after)} ({after / before - 1:+.1%})", "within 5 %",
            abs(after / before - 1) <= 0.05,
        )  # fmt: skip
    for run in (short, long):
        yield Figure(
            f"{run.minutes:g} min of speech: the file",
            "; ".join(run.faults) or f"one seekable MP4, {run.minutes:g} min, {megabytes(run.size)}",
            "seekable, of the right length", not run.faults,
        )  # fmt: skip
    yield Figure(f"pace over {long.minutes:g} min", f"{long.pace:.2f} x real time")


def _run(materials: Materials, folder: Path, minutes: float) -> Run:
    with Service(folder) as service, service.client() as client:
        worker = service.worker
        if worker is None:
            raise SonicError("no worker")
        ends = client.submit(materials.portrait, materials.speech(2.0), SMALL).job.id
        service.finished(ends)
        memory = PeakMemory(worker, LOOK_S)
        main = PeakMemory(service.pid, LOOK_S)
        began = time.monotonic()
        speech = materials.speech(minutes * 60)
        job_id = client.submit(materials.portrait, speech, SMALL).job.id
        job = service.finished(job_id).job
        seconds = time.monotonic() - began
        memory.stop()
        main.stop()
        if job.state is not State.DONE:
            raise SonicError(message=f"The job of {minutes:g} min failed: {job.failure}")
        video = service.folders.job(job_id).video
        faults = list(_faults(video, seconds_of(speech)))
        pace = minutes * 60 / seconds
        return Run(minutes, main.own, memory.own, memory.children, pace, faults, video.stat().st_size)


def _faults(video: Path, seconds: float) -> Iterator[str]:
    facts = probe(video)
    for name in ("video_duration", "audio_duration"):
        if abs(facts[name] - seconds) > HALF_A_FRAME:
            yield f"{name} {facts[name]:.3f} s instead of {seconds:.3f} s"
    if not is_seekable(video):
        yield "no index at its beginning"
    for share in (0.1, 0.5, 0.95):
        if not frame_at(video, seconds * share):
            yield f"no picture at {share:.0%}"
