"""What the folder cannot show by itself, kept in a hidden subfolder of it: which results are ours, which job is whose.

One small file a name, so that none has to be rewritten for another's sake. Losing them loses no video: at worst a
finished one is taken for somebody else's and not replaced.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import fcntl
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List, Optional

from ...errors import OutputError, UsageError
from .inputs import digest

FOLDER = ".sonic-spool"


@dataclass(frozen=True)
class Record:
    """``signature``, ``content``: of the inputs last seen to. ``job``: theirs, until it is wiped from the engine.
    ``failed``: the error file was written. ``video``: sha256 of the video we made under this name, out of inputs of
    ``video_content``; ``earlier``: of the one it takes the place of. ``spent``: the fields of the
    photo that is to go with its recording. ``kept``: the inputs could not be removed."""

    name: str
    signature: str = ""
    content: str = ""
    job: Optional[str] = None
    failed: bool = False
    video: Optional[str] = None
    video_content: Optional[str] = None
    earlier: Optional[str] = None
    spent: List[List[Any]] = field(default_factory=list)
    kept: bool = False


class Records:
    """All records of one folder; held by one process at a time. Used from several threads, each at its own name."""

    def __init__(self, folder: Path) -> None:
        """Raises `UsageError` if another process watches this folder, `OutputError` if it cannot be written to."""
        self.path = folder / FOLDER
        try:
            self.path.mkdir(mode=0o700, exist_ok=True)
            self._lock = os.open(str(self.path), os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._clear()
                self._identity = _identity(self.path)
                self._records = self._load()
            except BaseException:
                os.close(self._lock)
                raise
        except OSError as error:
            if error.errno == errno.EWOULDBLOCK:
                raise UsageError(
                    message="This folder is already watched by another `appliance spool`.",
                    action="Stop that one first.",
                ) from error
            raise OutputError(
                str(error.strerror),
                message="The spool folder cannot be read or written to.",
                action="Check that it is there, its permissions and the free space.",
            ) from error

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._clear()
        os.close(self._lock)

    def in_place(self) -> bool:
        """Whether the folder is still the one that was opened (a stick may have been pulled out)."""
        try:
            return _identity(self.path) == self._identity
        except OSError:
            return False

    def all(self) -> List[Record]:
        return list(self._records.values())

    def get(self, name: str) -> Record:
        return self._records.get(name, Record(name))

    def put(self, record: Record) -> Record:
        """Keep it, on the disk as well; returns it."""
        temporary = self.temporary(record.name + ".record")
        with open(str(temporary), "w", encoding="ascii") as file:
            json.dump(dataclasses.asdict(record), file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(str(temporary), str(self._file(record.name)))
        os.fsync(self._lock)
        self._records[record.name] = record
        return record

    def forget(self, name: str) -> None:
        if self._records.pop(name, None) is not None:
            with contextlib.suppress(FileNotFoundError):
                self._file(name).unlink()

    def temporary(self, name: str) -> Path:
        """Where a file of that name is written before it appears; cleared at the next start."""
        return self.path / f"{digest(name)}.part"

    def _clear(self) -> None:
        for part in self.path.glob("*.part*"):
            with contextlib.suppress(FileNotFoundError):
                part.unlink()

    def _file(self, name: str) -> Path:
        return self.path / f"{digest(name)}.json"

    def _load(self) -> Dict[str, Record]:
        found = {}
        for file in self.path.glob("*.json"):
            try:
                record = Record(**json.loads(file.read_text("ascii")))
            except (ValueError, TypeError):
                continue  # cut off by a power failure; as good as lost
            found[record.name] = record
        return found


def _identity(path: Path) -> tuple:
    status = path.stat()
    return status.st_dev, status.st_ino
