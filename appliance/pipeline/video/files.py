"""Files that are whole or not there: temporary name, fsync, rename; and what a refusal of the disk means."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
from pathlib import Path
from typing import Iterator, Sequence

from ...errors import DiskFull, OutputError, UsageError
from ...files import NO_SPACE


def check_output(path: Path, inputs: Sequence[Path] = ()) -> None:
    """Make sure that a video can be written to `path`, before any work is done.

    Raises `UsageError` if it is one of the `inputs`, `OutputError` if the folder is missing or cannot be written to or
    if `path` is something else than a plain file, `DiskFull` if not even an empty file fits.
    """
    for source in inputs:
        if os.path.exists(str(path)) and os.path.exists(str(source)) and os.path.samefile(str(path), str(source)):
            raise UsageError(message="The video would overwrite one of its own inputs.", action="Choose another name.")
    if not path.name:
        raise OutputError("no file name")
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise OutputError(message="The name of the video belongs to something that is not a plain file.")
    except FileNotFoundError:
        pass
    except OSError as error:
        raise refusal(error) from error
    folder = work_folder(path)
    try:
        folder.mkdir(mode=0o700)
        folder.rmdir()
    except FileExistsError:
        pass
    except OSError as error:
        raise refusal(error) from error


def work_folder(path: Path) -> Path:
    """Where this process makes the video that will be `path`: hidden beside it, so that a rename is all it takes."""
    return path.with_name(f".{path.name}.part-{os.getpid()}")


@contextlib.contextmanager
def workshop(path: Path, inputs: Sequence[Path]) -> Iterator[Path]:
    """A folder in which the video `path` is made, gone afterwards, however that ends. Raises as `check_output`."""
    check_output(path, inputs)
    remove_leftovers(path)
    folder = work_folder(path)
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        yield folder
    except OSError as error:
        raise refusal(error) from error
    finally:
        shutil.rmtree(str(folder), ignore_errors=True)


def remove_leftovers(path: Path) -> None:
    """Work folders of runs for the same target whose process is gone."""
    name = re.compile(r"\." + re.escape(path.name) + r"\.part-(\d+)")
    for entry in os.listdir(str(path.absolute().parent)):
        match = name.fullmatch(entry)
        if match and not _alive(int(match.group(1))):
            shutil.rmtree(str(path.with_name(entry)), ignore_errors=True)  # Another run may be faster.


def write_synced(path: Path, content: bytes) -> None:
    """A new file that is whole or not there. After a power cut it may be gone, never damaged.

    Raises `DiskFull`, `OutputError`.
    """
    temporary = path.with_name(f".{path.name}")
    try:
        with open(str(temporary), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(str(temporary), str(path))
    except OSError as error:
        raise refusal(error) from error


def refusal(error: OSError) -> OutputError:
    """`DiskFull` or `OutputError`, without the path."""
    return DiskFull(str(error.strerror)) if error.errno in NO_SPACE else OutputError(str(error.strerror))


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
