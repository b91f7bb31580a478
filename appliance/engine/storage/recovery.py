"""Putting the state folder in order after whatever ended the last run."""

from __future__ import annotations

import logging
import os
import shutil
from pathlib import Path
from typing import Iterator, List

from ...errors import EngineError
from ..job import Failure, Job, State
from .folders import Folders, JobFolder
from .guard import Removal
from .store import Store

log = logging.getLogger(__name__)

FILES_LOST = Failure("engine", "The files of this job are not complete any more.", "Send photo and recording again.")
PAGE = 500


def recover(folders: Folders, store: Store) -> List[Removal]:
    """Make store and folders agree: what was running is queued again, half-made files and what belongs to no job goes.

    Also the finished jobs whose video is gone, which only the caller can remove. Raises what the store raises.
    """
    for job in store.recover():
        log.info("job %s: goes on after segment %d", job.id, job.segments)
    for entry in _entries(folders.incoming):
        _remove(entry)
    known, hollow = set(), []
    for job in _jobs(store):
        known.add(job.id)
        _put_right(job, folders.job(job.id), store)
        if job.state is State.DONE and not folders.job(job.id).video.is_file():
            hollow.append(Removal(job, "its video is gone"))
    for entry in _entries(folders.jobs):
        if entry.name not in known:
            log.warning("%s: removed, it belongs to no job", entry.name)
            _remove(entry)
    return hollow


def remove_half_made(folder: JobFolder) -> None:
    """Remove what an interrupted worker left: everything in a job's folder but inputs, result and whole segments."""
    kept = {folder.photo, folder.speech, folder.video, folder.segments}
    for entry in _entries(folder.path):
        if entry not in kept:
            _remove(entry)
    for entry in _entries(folder.segments):
        if entry.name.startswith(".") or ".part" in entry.name:
            _remove(entry)


def _put_right(job: Job, folder: JobFolder, store: Store) -> None:
    inputs = folder.photo.is_file() and folder.speech.is_file()
    if job.state is State.QUEUED and not inputs:
        log.error("job %s: failed, its files are gone", job.id)
        store.failed(job.id, FILES_LOST)
    remove_half_made(folder)
    if job.state in (State.DONE, State.FAILED):
        _remove(folder.segments)


def _jobs(store: Store) -> Iterator[Job]:
    before = None
    while True:
        page = store.list(limit=PAGE, before=before)
        if not page:
            return
        yield from page
        before = page[-1].sequence


def _entries(folder: Path) -> List[Path]:
    try:
        return [folder / name for name in os.listdir(str(folder))]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _remove(path: Path) -> None:
    """Raises `EngineError` where it cannot be removed."""
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(str(path))
        elif path.exists() or path.is_symlink():
            path.unlink()
    except OSError as error:
        raise EngineError(str(error.strerror), message="A file of the engine cannot be removed.") from error
