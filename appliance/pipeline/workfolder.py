"""A private folder beside the output that never outlives its run.

Everything unfinished lives in it, on the same file system as the output, so that the last step is one rename. A killed
run cannot clean up; the next run in that folder recognises what it left by the lock that died with it, and removes it.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import tempfile
from pathlib import Path
from typing import Iterator, Tuple

from ..errors import DiskFull, OutputError

PREFIX = ".sonic-work-"


@contextlib.contextmanager
def work_folder(beside: Path) -> Iterator[Path]:
    """A folder (mode 0700) in the folder of ``beside``, removed at the end; removes those of dead runs first.

    Raises `OutputError` where the folder cannot be written; `DiskFull` too for anything inside the block.
    """
    with _output_errors(beside.parent):
        if not beside.parent.is_dir():
            raise OutputError(message=f"The folder {beside.parent} does not exist.", action="Create it first.")
        if beside.is_dir():
            raise OutputError(message=f"{beside} is a folder.", action="Name a file, such as talk.mp4.")
        remove_leftovers(beside.parent)
        folder, lock = _locked_folder(beside.parent)
    try:
        with _output_errors(beside.parent):
            yield folder
    finally:
        shutil.rmtree(str(folder), ignore_errors=True)
        os.close(lock)


def remove_leftovers(parent: Path) -> None:
    """Remove the work folders in ``parent`` whose run is dead."""
    for folder in parent.glob(PREFIX + "*"):
        with contextlib.suppress(OSError):  # gone, another user's, or in use
            lock = _lock(folder)
            try:
                shutil.rmtree(str(folder), ignore_errors=True)
            finally:
                os.close(lock)


def publish(finished: Path, out_path: Path) -> None:
    """Make a finished and synced file of the work folder appear as ``out_path``, at once and for good."""
    os.replace(str(finished), str(out_path))
    directory = os.open(str(out_path.parent), os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _locked_folder(parent: Path) -> Tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=str(parent)))
        with contextlib.suppress(OSError):  # another run took it for a leftover before it was locked
            lock = _lock(folder)
            if folder.is_dir():
                return folder, lock
            os.close(lock)


def _lock(folder: Path) -> int:
    """A descriptor that holds the folder's lock; the kernel drops it when the process dies. Raises OSError if taken."""
    descriptor = os.open(str(folder), os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


@contextlib.contextmanager
def _output_errors(parent: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull(str(error)) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise OutputError(str(error), message=f"The folder {parent} cannot be written.") from error
        raise
