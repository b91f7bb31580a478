"""How soon an answer comes, how soon the first picture, how soon a job is given up."""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import Iterator, List

from ...engine.client import EngineClient
from ...engine.job import Priority
from ...engine.storage.folders import Folders
from ...errors import SonicError
from ...pipeline.video.segments import SegmentFolder
from ...settings import MakeOptions
from .figure import Figure, percentile
from .materials import SMALL, Materials
from .service import FINAL, Service

SPEECH_S = (10.0, 600.0, 3600.0)
QUICK_SPEECH_S = (4.0, 8.0)
STARTS, QUICK_STARTS = 9, 1
SUBMISSIONS, QUICK_SUBMISSIONS = 200, 10

FIRST_PICTURE_S = 1.5
SUBMIT_S = 0.1
"""What a person takes for at once."""
EVENT_S = 0.2
CANCEL_S = 0.5


def measure(materials: Materials, folder: Path, quick: bool) -> Iterator[Figure]:
    """With a warm worker, one thing at a time."""
    with Service(folder) as service, service.client() as client:
        service.finished(client.submit(materials.portrait, materials.speech(2.0), SMALL).job.id)
        cancels: List[float] = []
        for options in (SMALL, MakeOptions()):
            for seconds in QUICK_SPEECH_S if quick else SPEECH_S:
                runs = QUICK_STARTS if quick else STARTS
                yield _first_picture(client, materials, seconds, options, runs, cancels)
        yield Figure(
            f"a job is cancelled, median and longest of {len(cancels)}",
            f"{statistics.median(cancels):.2f} s, {max(cancels):.2f} s", f"<= {CANCEL_S} s", max(cancels) <= CANCEL_S,
        )  # fmt: skip
        yield _submissions(client, materials, QUICK_SUBMISSIONS if quick else SUBMISSIONS)
        client.wipe()
        yield _events(client, service.folders, materials, QUICK_SPEECH_S[-1])


def _first_picture(
    client: EngineClient, materials: Materials, seconds: float, options: MakeOptions, runs: int, cancels: List[float]
) -> Figure:
    """``cancels``: where to note the seconds that deleting the running job took."""
    after_start, after_sending = [], []
    for _ in range(runs):
        speech = materials.speech(seconds)
        sent = time.time()
        job_id = client.submit(materials.portrait, speech, options).job.id
        came = first_media(client, job_id)
        after_sending.append(came - sent)
        after_start.append(came - (client.job(job_id).job.started or 0.0))
        began = time.monotonic()
        client.delete(job_id)
        cancels.append(time.monotonic() - began)
    middle = statistics.median(after_start)
    return Figure(
        f"first picture of {_spoken(seconds)} of speech at {options.min_resolution} px, median and worst of {runs}",
        f"{middle:.2f} s, {max(after_start):.2f} s after the start; {statistics.median(after_sending):.2f} s, "
        f"{max(after_sending):.2f} s after sending",
        f"<= {FIRST_PICTURE_S} s after the start", max(after_start) <= FIRST_PICTURE_S,
    )  # fmt: skip


def first_media(client: EngineClient, job_id: str) -> float:
    """When the first frames of a job came out of its stream; seconds since the epoch."""
    received = b""
    for piece in client.stream(job_id):
        received += piece
        if b"moof" in received and b"mdat" in received:
            return time.time()
    raise SonicError(message="The stream ended without a picture.")


def _submissions(client: EngineClient, materials: Materials, count: int) -> Figure:
    """By one client, while a video is made."""
    photo, speech = materials.photograph, materials.speech(10.0, "wav")
    busy = client.submit(materials.portrait, materials.speech(600.0), SMALL, Priority.VISITOR).job.id
    first_media(client, busy)
    seconds = []
    for _ in range(count):
        began = time.monotonic()
        client.submit(photo, speech, SMALL)
        seconds.append(time.monotonic() - began)
    size = photo.stat().st_size / 1e3, speech.stat().st_size / 1e3
    return Figure(
        f"submitting {size[0]:.0f} kB of photo and {size[1]:.0f} kB of recording while a video is made, {count} times",
        f"p50 {1000 * percentile(seconds, 0.5):.0f} ms, p99 {1000 * percentile(seconds, 0.99):.0f} ms",
        f"p99 <= {1000 * SUBMIT_S:.0f} ms", percentile(seconds, 0.99) <= SUBMIT_S,
    )  # fmt: skip


def _events(client: EngineClient, folders: Folders, materials: Materials, seconds: float) -> Figure:
    """From the last byte of a finished segment to the event that tells of it."""
    job_id = client.submit(materials.portrait, materials.speech(seconds), SMALL).job.id
    segments = SegmentFolder(folders.job(job_id).segments)
    delays, known = [], 0
    for view in client.events(job_id):
        if view.job.state in FINAL:
            break
        if view.job.segments > known:
            known = view.job.segments
            delays.append(time.time() - segments.file(known - 1).stat().st_mtime)
    return Figure(
        f"a finished segment is told of, median and longest of {len(delays)}",
        f"{1000 * statistics.median(delays):.0f} ms, {1000 * max(delays):.0f} ms", f"<= {1000 * EVENT_S:.0f} ms",
        max(delays) <= EVENT_S,
    )  # fmt: skip


def _spoken(seconds: float) -> str:
    return f"{seconds / 60:g} min" if seconds >= 60 else f"{seconds:g} s"
