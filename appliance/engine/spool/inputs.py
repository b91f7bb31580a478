"""What lies in the folder: which recordings want a video, with which photo, and whether their copies are complete."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import signal
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Tuple

from ...errors import PhotoNotFound, SpeechNotFound, UsageError

PHOTOS = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
RECORDINGS = (".wav", ".flac", ".mp3", ".m4a", ".ogg", ".opus")
DEFAULT = "default"
"""The photo of this name serves every recording without one of its own."""

QUIET_S = 2.0
"""How long a file must not have changed, where the system can say that nobody writes to it."""
QUIET_BLIND_S = 10.0
"""And where it cannot: another user's file, or a file system without leases."""
PHOTO_PATIENCE_S = 60.0
"""How long a recording waits for its photo before it is said that there is none."""

F_SETSIG = 10
"""fcntl(2) on Linux; Python names it from 3.9 on some builds only."""


@dataclass(frozen=True)
class InputFile:
    """``modified``: ns since the epoch, by whichever clock wrote it."""

    name: str
    size: int
    modified: int


@dataclass(frozen=True)
class Task:
    """A recording and the photo to be shown. More than one of either cannot be told apart and is refused."""

    name: str
    recordings: Tuple[InputFile, ...]
    photos: Tuple[InputFile, ...]
    own_photo: bool

    @property
    def files(self) -> Tuple[InputFile, ...]:
        return self.recordings + self.photos

    @property
    def signature(self) -> str:
        """Changes when an input is replaced, touched, added or taken away. Needs no reading of contents."""
        parts = ("/".join((file.name, str(file.size), str(file.modified))) for file in self.files)
        return digest("/".join(parts))


def digest(text: str) -> str:
    """32 hex digits for any text, also one out of odd bytes."""
    return hashlib.sha256(os.fsencode(text)).hexdigest()[:32]


def find_tasks(folder: Path) -> List[Task]:
    """Every recording in the folder, oldest first. Links, hidden files and subfolders are not looked at."""
    recordings: Dict[str, List[InputFile]] = {}
    photos: Dict[str, List[InputFile]] = {}
    defaults: List[InputFile] = []
    for file in _plain_files(folder):
        name, ending = os.path.splitext(file.name)
        if ending.lower() in RECORDINGS:
            recordings.setdefault(name, []).append(file)
        elif ending.lower() in PHOTOS:
            photos.setdefault(name, []).append(file)
            if name.lower() == DEFAULT:
                defaults.append(file)
    tasks = [
        Task(name, tuple(sounds), tuple(photos.get(name, defaults)), name in photos)
        for name, sounds in recordings.items()
    ]
    return sorted(tasks, key=lambda task: (max(sound.modified for sound in task.recordings), task.name))


def _plain_files(folder: Path) -> Iterator[InputFile]:
    with os.scandir(str(folder)) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            try:
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            if stat.S_ISREG(status.st_mode):
                yield InputFile(entry.name, status.st_size, status.st_mtime_ns)


class Stillness:
    """Tells complete files from copies under way, by watching them."""

    def __init__(self) -> None:
        self._since: Dict[InputFile, float] = {}

    def keep(self, tasks: List[Task]) -> None:
        """Forget files that are gone."""
        present = {file for task in tasks for file in task.files}
        self._since = {file: since for file, since in self._since.items() if file in present}

    def reached(self, task: Task, folder: Path, now: float) -> bool:
        """Whether nothing of the task has changed for long enough. ``now``: s of a clock that never jumps."""
        # Every file's time starts to run, so not all() over a generator.
        quiet = {file: now - self._since.setdefault(file, now) for file in task.files}
        if min(quiet.values()) < QUIET_S or (not task.photos and min(quiet.values()) < PHOTO_PATIENCE_S):
            return False
        for file in task.files:
            written = _being_written(folder / file.name)
            if written or (written is None and quiet[file] < QUIET_BLIND_S):
                return False
        return True


def _being_written(path: Path) -> Optional[bool]:
    """Whether somebody has the file open for writing; None where the system does not say.

    It refuses a read lease (fcntl(2), F_SETLEASE) on such a file, and grants one on others to their owner.
    """
    try:
        file = open_input(path)
    except OSError as error:
        return True if error.errno == errno.EAGAIN else None  # EAGAIN: a file server holds a lease of its own
    try:
        # Were it opened for writing just now, this signal would come instead of one that ends the process.
        fcntl.fcntl(file, F_SETSIG, signal.SIGURG)
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        return True if error.errno == errno.EAGAIN else None
    finally:
        os.close(file)  # gives the lease back
    return False


def open_input(path: Path) -> int:
    """A descriptor for reading; never through a link, never waiting (for the other end of a pipe)."""
    return os.open(str(path), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)


class OpenInputs:
    """A task's two files, held open so that what was looked at is what is sent. A context manager.

    ``photo``, ``speech``: paths that lead to the open files, whatever happens to their names.
    Raises `SpeechNotFound`, `PhotoNotFound`, and `UsageError` where it is not clear which files belong together.
    """

    def __init__(self, task: Task, folder: Path) -> None:
        self.task = task
        if len(task.recordings) > 1:
            raise UsageError(
                message=f"There are {len(task.recordings)} recordings of this name; only one can become its video.",
                action="Keep one of them, or give them different names.",
            )
        if len(task.photos) > 1:
            raise UsageError(
                message=f"There are {len(task.photos)} photos of this name, and no telling which to use.",
                action="Keep one of them.",
            )
        if not task.photos:
            raise PhotoNotFound(
                message="There is no photo for this recording.",
                action=f"Put one beside it: of the same name, or {DEFAULT}.jpg for all recordings.",
            )
        with contextlib.ExitStack() as files:
            try:
                self._speech = self._open(files, folder / task.recordings[0].name)
            except OSError as error:
                raise SpeechNotFound(str(error.strerror)) from error
            try:
                self._photo = self._open(files, folder / task.photos[0].name)
            except OSError as error:
                raise PhotoNotFound(str(error.strerror)) from error
            self._files = files.pop_all()
        self.speech, self.photo = (Path(f"/proc/self/fd/{file}") for file in (self._speech, self._photo))

    def __enter__(self) -> OpenInputs:
        return self

    def __exit__(self, *_: object) -> None:
        self._files.close()

    @staticmethod
    def _open(files: contextlib.ExitStack, path: Path) -> int:
        file = open_input(path)
        files.callback(os.close, file)
        return file

    def content(self) -> str:
        """A digest of what makes this video another one. A default photo counts as such, whatever it shows: replacing
        it is meant for recordings to come."""
        photo = self._sha256(self._photo) if self.task.own_photo else DEFAULT
        return digest(self._sha256(self._speech) + photo)

    def photo_content(self) -> str:
        return self._sha256(self._photo)

    def unchanged(self) -> bool:
        """Whether the open files still are what the task says."""
        pairs = ((self._speech, self.task.recordings[0]), (self._photo, self.task.photos[0]))
        states = ((os.fstat(file), named) for file, named in pairs)
        return all((status.st_size, status.st_mtime_ns) == (named.size, named.modified) for status, named in states)

    @staticmethod
    def _sha256(file: int) -> str:
        total = hashlib.sha256()
        with open(os.dup(file), "rb") as stream:
            stream.seek(0)
            for block in iter(lambda: stream.read(1 << 20), b""):
                total.update(block)
        return total.hexdigest()
