"""Many clients at once: every job is made, the more important ones first, and nothing grows."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Dict, Iterator, List, Tuple

from ...engine.job import Job, Priority, State
from ...errors import SonicError
from ...files import sha256_of
from ..processes import resident
from .checks import decodes, faults
from .figure import Figure, megabytes
from .materials import SMALL, Materials
from .service import Service

CLIENTS = 8
JOBS, QUICK_JOBS = 200, 12
STEPS = (2, 3, 4, 5)
"""Options of the jobs, by turns; jobs of the same options must give the same video."""
SPEECH_S = 1.0
LOOK_S = 0.1
WINDOW = 20
"""The first and the last so many jobs are compared."""
FLAT = 0.05


@dataclass(frozen=True)
class Sample:
    """Resident memory in bytes when so many jobs were finished."""

    finished: int
    service: int
    worker: int


def measure(materials: Materials, folder: Path, quick: bool) -> Iterator[Figure]:
    """`JOBS` jobs of a second of speech, sent by `CLIENTS` clients as fast as they are taken."""
    count = QUICK_JOBS if quick else JOBS
    with Service(folder) as service:
        began = time.monotonic()
        sent, samples = _run(service, materials, count)
        seconds = time.monotonic() - began
        jobs = [view.job for view in service.jobs()]
        videos: Dict[str, set] = {}
        for job in jobs:
            videos.setdefault(str(job.options), set()).add(sha256_of(service.folders.job(job.id).video))
        whole = all(decodes(service.folders.job(job.id).video) for job in jobs)
        interruptions = service.said(": stopped after segment")
        status = service.stop()
        wrong = faults(service.folders)
    done = sum(job.state is State.DONE for job in jobs)
    yield Figure(
        f"{count} jobs by {CLIENTS} clients at once",
        f"{done} done in {seconds:.0f} s", "all", done == count and sorted(sent) == sorted(job.id for job in jobs),
    )  # fmt: skip
    same = all(len(hashes) == 1 for hashes in videos.values())
    yield Figure(
        "their videos",
        "all whole, equal jobs equal to the byte" if same and whole else "**damaged or different**",
        "whole and equal", same and whole and len(videos) == len(STEPS),
    )  # fmt: skip
    late = overtaken(jobs)
    yield Figure(
        "jobs begun while one that goes before them was waiting",
        f"{late} (a running job made room {interruptions} times)", "0", late == 0,
    )  # fmt: skip
    window = min(WINDOW, count // 4)
    for name in ("service", "worker"):
        first = _mean([getattr(sample, name) for sample in samples if 0 < sample.finished <= window])
        last = _mean([getattr(sample, name) for sample in samples if count - window <= sample.finished < count])
        yield Figure(
            f"memory of {name}, first and last {window} jobs",
            f"{megabytes(first)}, {megabytes(last)} ({last / first - 1:+.1%})",
            f"at most {FLAT:.0%} more", last / first - 1 <= FLAT,
        )  # fmt: skip
    yield Figure(
        "state folder and end",
        "; ".join(wrong) or f"in order, exit status {status}", "in order, 0", not wrong and status == 0,
    )  # fmt: skip


def overtaken(jobs: List[Job]) -> int:
    """How many jobs were begun for the first time while one that goes before them was in the queue."""

    def waited(job: Job, at: float) -> bool:
        return job.created < at < (job.started or float("inf"))

    def late(job: Job) -> bool:
        order = (job.priority, job.sequence)
        return any(waited(one, job.started or 0.0) for one in jobs if (one.priority, one.sequence) < order)

    return sum(map(late, jobs))


def _run(service: Service, materials: Materials, count: int) -> Tuple[List[str], List[Sample]]:
    """Numbers of the jobs, and the memory meanwhile."""
    sent: List[str] = []
    errors: List[Exception] = []
    photo, speech = materials.portrait, materials.speech(SPEECH_S)

    def submit(numbers: range) -> None:
        chance = random.Random(numbers.start)
        try:
            with service.client() as client:
                for number in numbers:
                    options = replace(SMALL, inference_steps=STEPS[number % len(STEPS)])
                    view = client.submit(photo, speech, options, chance.choice(list(Priority)))
                    sent.append(view.job.id)
        except SonicError as error:
            errors.append(error)

    clients = [
        threading.Thread(target=submit, args=(range(first, count, CLIENTS),), daemon=True) for first in range(CLIENTS)
    ]
    for thread in clients:
        thread.start()
    samples = [Sample(0, 0, 0)]
    while samples[-1].finished < count and service.alive:
        if errors:
            raise errors[0]
        samples.append(Sample(service.videos(), resident(service.pid), resident(service.worker or 0)))
        time.sleep(LOOK_S)
    for thread in clients:
        thread.join()
    for job_id in sent:
        service.finished(job_id)
    return sent, samples


def _mean(values: List[int]) -> float:
    return sum(values) / len(values)
