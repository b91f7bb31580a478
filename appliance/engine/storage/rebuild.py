"""What becomes of the jobs when their database is damaged or gone.

The appliance must not stand still until somebody comes with a keyboard, and no finished video may be lost. So a damaged
database is moved aside, never deleted, and a new one takes in the job folders: a folder with a video is a finished job,
any other a failed one, because nobody knows any more with which options and whose consent it was to be made.
"""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import List, Optional

from ..job import Failure
from .folders import Folders

RECORD_LOST = Failure(
    "engine",
    "The record of this job was damaged before its video was finished.",
    "Send photo and recording again.",
)


@dataclass(frozen=True)
class Found:
    """A job folder. ``modified``: seconds since the epoch. ``failure``: None where the video is finished."""

    job_id: str
    modified: float
    failure: Optional[Failure]


def move_aside(database: Path) -> Path:
    """Rename a database with its companion files; its new path."""
    aside = database.with_name(f"{database.name}.damaged-{time.time_ns()}")
    for suffix in ("-wal", "-shm", ""):
        try:
            os.replace(f"{database}{suffix}", f"{aside}{suffix}")
        except FileNotFoundError:
            pass  # The companions exist only while the database is open, or after a crash.
    return aside


def found_jobs(database: Path) -> List[Found]:
    """The jobs whose folders lie beside a database, oldest first."""
    folders = Folders(database.parent)
    names = os.listdir(str(folders.jobs)) if folders.jobs.is_dir() else []
    found = []
    for name in names:
        if re.fullmatch(r"[0-9a-f]{32}", name):
            folder = folders.job(name)
            finished = folder.video.is_file()
            modified = (folder.video if finished else folder.path).stat().st_mtime
            found.append(Found(name, modified, None if finished else RECORD_LOST))
    return sorted(found, key=lambda item: (item.modified, item.job_id))
