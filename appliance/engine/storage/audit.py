"""The audit trail: what was made, refused and deleted, in a form in which nobody can quietly change the past.

One JSON object a line: its number, the time, the event, facts (hashes, options, job id; no names, no content) and
``previous``, the sha256 of the line before. So a line changed, taken out or put in anywhere breaks the chain. That
lines are missing at the end shows in the head record beside the file, which says how many there are. The chain is not
signed: who may write here can compute a whole new trail, and only a hash noted elsewhere (`appliance doctor` shows it)
reveals that.

The head record also holds the last line itself and is written first. A line that a power cut kept from the file, or of
which it left a part, is therefore known, and is written at the next start with a line "recovered" after it. Any other
difference is tampering: it stays as it is, for whoever looks into it, and the trail goes on behind it.

A full file is renamed ``audit-NUMBER.jsonl`` by the number of its last line, and the chain goes on in a new one. The
newest `KEPT_FILES` of these are kept; the head record says where the chain now begins.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import re
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional

from ...errors import AuditBroken, DiskFull, OutputError
from ...files import sync

GENESIS = "0" * 64
"""``previous`` of the first line."""

LARGEST_FILE = 16 << 20
KEPT_FILES = 16
"""With a thousand events a day, more than two years."""


@dataclass(frozen=True)
class Head:
    """``lines``: how many were written. ``line``: the last of them. ``start``: where in the current file it belongs.

    ``dropped``: lines in files that are no longer kept; ``dropped_hash``: of the last of these.
    """

    lines: int = 0
    line: str = ""
    start: int = 0
    dropped: int = 0
    dropped_hash: str = GENESIS

    @property
    def hash(self) -> str:
        return _hash(self.line.encode("ascii")) if self.lines else GENESIS

    @property
    def end(self) -> int:
        return self.start + len(self.content)

    @property
    def content(self) -> bytes:
        """The last line as it stands in the file."""
        return self.line.encode("ascii") + b"\n" if self.lines else b""


@dataclass(frozen=True)
class AuditReport:
    """``lines`` of the trail, the `hash` of the last one, and whether all is as it was written.

    ``unfinished``: a power cut left the last line to be repaired, which is no harm. ``broken``: where and how the trail
    was changed, in words; empty where it was not.
    """

    lines: int
    hash: str
    unfinished: bool = False
    broken: str = ""

    def check(self) -> None:
        """Raises `AuditBroken`."""
        if self.broken:
            raise AuditBroken(message=f"The audit trail was changed or cut off: {self.broken}.")


class AuditTrail:
    """Appends to the trail whose current file is ``path``; several processes may do so at once.

    ``largest``: bytes after which a file is full. ``kept``: how many full files are kept.
    """

    def __init__(self, path: Path, largest: int = LARGEST_FILE, kept: int = KEPT_FILES) -> None:
        self._files = _Files(Path(path))
        self._largest = largest
        self._kept = kept
        self._repair()

    def append(self, event: str, **facts: Any) -> None:
        """Add a line; it is on the disk when this returns. ``facts`` are of JSON's types, and none is personal.

        Raises `DiskFull` and `OutputError`.
        """
        try:
            with self._files.locked():
                head = self._settled(self._files.head() or Head())
                if self._files.size() >= self._largest:
                    head = self._with_new_file(head)
                self._add(head, event, facts)
        except OSError as error:
            raise _refusal(error, "written") from error

    def _repair(self) -> None:
        """What a power cut left undone; where that cannot be written now, the next line sees to it."""
        if self._files.head() is None:
            return
        with contextlib.suppress(OSError), self._files.locked():
            self._settled(self._files.head() or Head())

    def _settled(self, head: Head) -> Head:
        """With the last line in the file, whatever kept it from there."""
        tail = self._files.tail(head.start)
        if tail == head.content:
            return head
        if tail is not None and head.content.startswith(tail):
            self._files.cut(head.start)
            self._files.add(head.content)
            return self._add(head, "recovered", {"line": head.lines})
        if not self._files.ends_with_newline():
            self._files.add(b"\n")  # what follows must not be glued to what is wrong
        return head

    def _with_new_file(self, head: Head) -> Head:
        self._files.archive(head.lines)
        too_old = self._files.archived()[: -self._kept]
        for file in too_old:
            last = file.read_bytes().splitlines()[-1]
            head = replace(head, dropped=_number(file), dropped_hash=_hash(last))
        self._files.write_head(head)
        for file in too_old:
            file.unlink()
        return head

    def _add(self, head: Head, event: str, facts: Dict[str, Any]) -> Head:
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        line = dict(number=head.lines + 1, time=now, event=event, **facts, previous=head.hash)
        text = json.dumps(line, separators=(",", ":"), allow_nan=False)
        head = replace(head, lines=head.lines + 1, line=text, start=self._files.size())
        self._files.write_head(head)
        self._files.add(head.content)
        return head


def verify(path: Path) -> AuditReport:
    """Follow the chain through all files of the trail at ``path``. Changes nothing.

    Raises `OutputError` where it cannot be read.
    """
    files = _Files(Path(path))
    try:
        with files.locked(write=False):
            return _verified(files)
    except OSError as error:
        raise _refusal(error, "read") from error


def _verified(files: _Files) -> AuditReport:
    head = files.head()
    vouched = head or Head()
    lines, previous, rest = vouched.dropped, vouched.dropped_hash, b""

    def report(**how: Any) -> AuditReport:
        return AuditReport(lines, previous, **how)

    archived = [file for file in files.archived() if _number(file) > vouched.dropped]
    for file in (*archived, files.current):
        if rest:
            return report(broken=f"line {lines + 1} is cut off")
        for line in _lines(file):
            if not line.endswith(b"\n"):
                rest = line
                break
            if not _follows(line, lines + 1, previous):
                return report(broken=f"{file.name} does not go on with line {lines + 1} as it was written")
            lines, previous = lines + 1, _hash(line[:-1])
    if head is None:
        return report(broken="its head record is missing" if lines or rest else "")
    if (lines, previous, rest) == (head.lines, head.hash, b""):
        return report()
    if _follows(head.content, lines + 1, previous) and head.content.startswith(rest):
        return report(unfinished=True)
    if lines < head.lines:
        return report(broken=f"it ends after line {lines}, but {head.lines} were written")
    return report(broken=f"nothing vouches for what comes after line {head.lines}")


def _follows(line: bytes, number: int, previous: str) -> bool:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and (found.get("number"), found.get("previous")) == (number, previous)


def _lines(file: Path) -> Iterator[bytes]:
    if file.exists():
        with file.open("rb") as stream:
            yield from stream


class _Files:
    """What lies on the disk: the current file, the full ones, the head record and a lock. All 0600."""

    def __init__(self, current: Path) -> None:
        self.current = current
        self._head = current.with_suffix(".head")
        self._lock = current.with_suffix(".lock")

    @contextlib.contextmanager
    def locked(self, write: bool = True) -> Iterator[None]:
        """Alone with the files, or with other readers; a reader of a trail that never was needs no lock."""
        try:
            handle = os.open(str(self._lock), os.O_RDWR | os.O_CREAT if write else os.O_RDONLY, 0o600)
        except FileNotFoundError:
            if write:
                raise
            yield
            return
        try:
            fcntl.flock(handle, fcntl.LOCK_EX if write else fcntl.LOCK_SH)
            yield
        finally:
            os.close(handle)

    def head(self) -> Optional[Head]:
        """None where it is missing or makes no sense: `write_head` leaves no half one."""
        try:
            head = Head(**json.loads(self._head.read_bytes()))
        except (FileNotFoundError, ValueError, TypeError):
            return None
        sound = all(type(value) is type(getattr(Head, name)) for name, value in asdict(head).items())
        return head if sound and head.line.isascii() and min(head.lines, head.start, head.dropped) >= 0 else None

    def write_head(self, head: Head) -> None:
        """In one step: after a power cut there is the old one or the new one."""
        part = self._head.with_suffix(".part")
        _write(part, os.O_TRUNC, json.dumps(asdict(head)).encode("ascii"))
        os.replace(str(part), str(self._head))
        sync(self.current.parent)

    def size(self) -> int:
        return self.current.stat().st_size if self.current.exists() else 0

    def tail(self, start: int) -> Optional[bytes]:
        """From there to the end; None where the file ends before."""
        if self.size() < start:
            return None
        if not self.current.exists():
            return b""
        with self.current.open("rb") as file:
            file.seek(start)
            return file.read()

    def ends_with_newline(self) -> bool:
        """Or is empty."""
        return (self.tail(max(0, self.size() - 1)) or b"\n") == b"\n"

    def add(self, content: bytes) -> None:
        new = not self.current.exists()
        _write(self.current, os.O_APPEND, content)
        if new:
            sync(self.current.parent)

    def cut(self, size: int) -> None:
        if self.current.exists():
            os.truncate(str(self.current), size)

    def archive(self, last: int) -> None:
        """Put the current file away under the number of its last line."""
        os.replace(str(self.current), str(self.current.with_name(f"{self.current.stem}-{last:012d}.jsonl")))
        sync(self.current.parent)

    def archived(self) -> List[Path]:
        """Oldest first."""
        name = re.compile(re.escape(self.current.stem) + r"-\d{12}\.jsonl")
        return sorted(file for file in self.current.parent.glob(f"{self.current.stem}-*") if name.fullmatch(file.name))


def _write(path: Path, how: int, content: bytes) -> None:
    handle = os.open(str(path), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | how, 0o600)
    try:
        while content:
            content = content[os.write(handle, content) :]
        os.fsync(handle)
    finally:
        os.close(handle)


def _number(archived: Path) -> int:
    return int(archived.stem.rpartition("-")[2])


def _hash(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()


def _refusal(error: OSError, what: str) -> OutputError:
    message = f"The audit trail cannot be {what}: {error.strerror}."
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return DiskFull(message=message) if full else OutputError(message=message)
