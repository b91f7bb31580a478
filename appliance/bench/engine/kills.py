"""``kill -9`` at random moments, again and again: nothing may be lost, damaged or different."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sqlite3
import threading
import time
from pathlib import Path
from typing import Callable, Dict, Iterator, List

from ...engine.client import EngineClient
from ...engine.job import State
from ...errors import EngineUnavailable, SonicError
from ...files import sha256_of
from .checks import decodes, faults
from .figure import Figure
from .materials import SMALL, Materials
from .service import Service

KILLS, QUICK_KILLS = 50, 3
SPEECH_S = (10.0, 13.0, 16.0, 20.0)
QUICK_SPEECH_S = (3.0, 4.0)
LONGEST_LIFE = 1 / 6
"""Of the time that the undisturbed run takes: so every job is hit several times, on a slow machine as on a fast one."""
DURING_THE_START = 0.1
"""Share of the kills that come while the networks are loaded."""
WAITING = 3
"""Jobs not finished that are kept in the engine, so that each kill strikes work."""
PATIENCE_S = 600.0
LOOK_S = 0.02

Strike = Callable[[Service], None]
"""One kill, now."""
Hashes = Dict[float, str]
"""sha256 of the video of so many seconds of speech."""


def service_killed(materials: Materials, folder: Path, quick: bool) -> Iterator[Figure]:
    """Of the whole service: only its main process is hit, what it started has to notice by itself."""
    return _measure("service", _kill_service, materials, folder, quick)


def worker_killed(materials: Materials, folder: Path, quick: bool) -> Iterator[Figure]:
    """Of the worker; the service goes on and starts another."""
    return _measure("worker", _kill_worker, materials, folder, quick)


def _measure(name: str, strike: Strike, materials: Materials, folder: Path, quick: bool) -> Iterator[Figure]:
    """First an undisturbed run of every kind of job, then one under kills."""
    lengths = QUICK_SPEECH_S if quick else SPEECH_S
    count = QUICK_KILLS if quick else KILLS
    began = time.monotonic()
    undisturbed = _undisturbed(materials, folder / "undisturbed", lengths)
    longest_life = (time.monotonic() - began) * LONGEST_LIFE
    with Service(folder / "killed") as service:
        feeder = _Feeder(service, materials, lengths)
        chance = random.Random(name)
        for _ in range(count):
            if chance.random() > DURING_THE_START:
                service.wait_until_ready()
            time.sleep(chance.uniform(0.0, longest_life))
            strike(service)
        feeder.finish()
        yield from _figures(service, name, count, feeder.sent, undisturbed)


class _Feeder:
    """A client that always keeps some jobs in the engine, killed or not."""

    def __init__(self, service: Service, materials: Materials, lengths: tuple) -> None:
        self.sent: Dict[str, float] = {}
        """Seconds of speech by number of the job."""
        self._service, self._materials, self._lengths = service, materials, lengths
        self._enough = threading.Event()
        self._errors: List[SonicError] = []
        self._thread = threading.Thread(target=self._feed, daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """Send no more, wait for what was sent. Raises what the client met."""
        self._enough.set()
        self._thread.join()
        if self._errors:
            raise self._errors[0]
        self._service.wait_until_ready()
        for job_id in self.sent:
            self._service.finished(job_id)

    def _feed(self) -> None:
        try:
            with self._service.client(patience=PATIENCE_S) as client:
                while not self._enough.wait(LOOK_S):
                    if len(self.sent) - self._service.videos() < WAITING:
                        self._send(client)
        except SonicError as error:
            self._errors.append(error)

    def _send(self, client: EngineClient) -> None:
        """One more, under the same key until somebody is there to take it."""
        number = len(self.sent)
        seconds = self._lengths[number % len(self._lengths)]
        while True:
            try:
                speech = self._materials.speech(seconds)
                view = client.submit(self._materials.portrait, speech, SMALL, key=f"job-{number}")
            except EngineUnavailable:
                time.sleep(LOOK_S)
            else:
                self.sent[view.job.id] = seconds
                return


def _undisturbed(materials: Materials, folder: Path, lengths: tuple) -> Hashes:
    with Service(folder) as service, service.client() as client:
        ids = {s: client.submit(materials.portrait, materials.speech(s), SMALL).job.id for s in lengths}
        for job_id in ids.values():
            service.finished(job_id)
        return {seconds: sha256_of(service.folders.job(job_id).video) for seconds, job_id in ids.items()}


def _kill_service(service: Service) -> None:
    service.kill()
    service.start()


def _kill_worker(service: Service) -> None:
    """Never twice at one job without a new segment in between: that would be a job that crashes the worker."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        worker = service.worker
        if worker is not None and not _crashes(service):
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)
                return
        time.sleep(LOOK_S)
    raise SonicError(message="No worker came back that could be killed.")


def _crashes(service: Service) -> int:
    """Of the worker at unfinished jobs, since the last segment of each; what the API does not tell."""
    uri = f"{service.folders.database.as_uri()}?mode=ro"
    query = "SELECT coalesce(sum(crashes), 0) FROM jobs WHERE state IN ('queued', 'running')"
    with contextlib.closing(sqlite3.connect(uri, uri=True)) as database:
        count: int = database.execute(query).fetchone()[0]
    return count


def _figures(service: Service, name: str, count: int, sent: Dict[str, float], undisturbed: Hashes) -> Iterator[Figure]:
    jobs = {view.job.id: view.job for view in service.jobs()}
    resumed = service.said("goes on after segment" if name == "service" else ": begun after segment")
    done = {job_id for job_id in sent if job_id in jobs and jobs[job_id].state is State.DONE}
    codes = sorted({job.failure.code for job in jobs.values() if job.failure})
    yield Figure(
        f"{count} x kill -9 of the {name}: jobs lost",
        f"{', '.join([f'{len(sent) - len(done)} of {len(sent)}', *codes])}; "
        f"{len(set(jobs) - set(sent))} jobs too many; "
        f"{resumed} times a job was taken up again",
        "0", len(done) == len(sent) == len(jobs),
    )  # fmt: skip
    videos = {job_id: service.folders.job(job_id).video for job_id in done}
    broken = [job_id for job_id, video in videos.items() if not decodes(video)]
    service.stop()
    wrong = faults(service.folders)
    yield Figure(
        f"{count} x kill -9 of the {name}: corrupt files",
        "; ".join([f"{len(broken)} of {len(videos)} videos", *wrong]) + ("" if wrong else "; records in order"),
        "0", not broken and not wrong,
    )  # fmt: skip
    different = [job_id for job_id, video in videos.items() if sha256_of(video) != undisturbed[sent[job_id]]]
    yield Figure(
        f"{count} x kill -9 of the {name}: videos that differ from those of an undisturbed run",
        f"{len(different)} of {len(videos)}", "0", not different,
    )  # fmt: skip
