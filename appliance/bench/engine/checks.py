"""Whether a video, and a state folder, are as they should be."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import struct
from pathlib import Path
from typing import Dict, Iterator, List

from ...engine.job import State
from ...engine.storage.audit import verify
from ...engine.storage.folders import Folders
from ...engine.storage.store import Store
from ...pipeline.ffmpeg import Ffmpeg, input_file


def decodes(video: Path) -> bool:
    """Every packet of picture and sound, without one complaint."""
    with Ffmpeg(["-xerror", "-err_detect", "explode", *input_file(video), "-f", "null", "-"]) as ffmpeg:
        return ffmpeg.wait() == 0 and not ffmpeg.complaints()


def seconds_of(recording: Path) -> float:
    """Its length, counted in decoded samples: what a file declares, and was asked of ffmpeg, may be a packet off."""
    rate, count = 16_000, 0
    arguments = [*input_file(recording), "-ac", "1", "-ar", str(rate), "-f", "s16le", "-"]
    with Ffmpeg(arguments, collect=True) as ffmpeg:
        for block in iter(lambda: ffmpeg.stdout.read(1 << 20), b""):
            count += len(block)
    return count / 2 / rate


def is_seekable(video: Path) -> bool:
    """One MP4 whose index is whole and comes first: what a player needs to jump anywhere in it."""
    kinds = [kind for kind, _ in _boxes(video)]
    return kinds.count(b"moov") == 1 and b"moof" not in kinds and kinds.index(b"moov") < kinds.index(b"mdat")


def frame_at(video: Path, seconds: float) -> bool:
    """Whether there is a picture where a player jumps to."""
    arguments = ["-ss", f"{seconds:.3f}", *input_file(video), "-frames:v", "1", "-an", "-f", "framecrc", "-"]
    with Ffmpeg(arguments, collect=True) as ffmpeg:
        lines = [line for line in ffmpeg.stdout.read().splitlines() if line and not line.startswith(b"#")]
        return ffmpeg.wait() == 0 and len(lines) == 1


def faults(folders: Folders) -> List[str]:
    """What is wrong with the state folder of a service that has ended; in words."""
    found = []
    with contextlib.closing(sqlite3.connect(str(folders.database))) as database:
        (verdict,) = database.execute("PRAGMA integrity_check").fetchone()
    if verdict != "ok":
        found.append(f"database: {verdict}")
    report = verify(folders.audit)
    if report.broken or report.unfinished:
        found.append(f"audit trail: {report.broken or 'unfinished'}")
    with contextlib.closing(Store(folders.database)) as store:
        states = {job.id: job.state for job in store.list(limit=1_000_000)}
    found += _strays(folders, states)
    return found


def _strays(folders: Folders, states: Dict[str, State]) -> Iterator[str]:
    """Files of no job, jobs without files, and what should have gone when a job ended."""
    if os.listdir(str(folders.incoming)):
        yield "an upload was left"
    names = set(os.listdir(str(folders.jobs)))
    if names != set(states):
        yield f"{len(names - set(states))} folders without job, {len(set(states) - names)} jobs without folder"
    for job_id, state in states.items():
        expected = {"photo", "speech"} | ({"video.mp4"} if state is State.DONE else set())
        present = set(os.listdir(str(folders.job(job_id).path))) if job_id in names else expected
        if state in (State.DONE, State.FAILED) and present != expected:
            yield f"a job that is {state.value} holds {sorted(present)}"


def _boxes(video: Path) -> Iterator[tuple]:
    """Type and size of the boxes of an MP4 (ISO/IEC 14496-12, 4.2), without reading what is in them."""
    with video.open("rb") as file:
        while True:
            head = file.read(8)
            if len(head) < 8:
                return
            size, kind = struct.unpack(">I4s", head)
            skipped = 8
            if size == 1:
                (size,) = struct.unpack(">Q", file.read(8))
                skipped = 16
            yield kind, size
            file.seek(size - skipped, os.SEEK_CUR)
