"""Walking a stick that nobody has vouched for: every file that could be a photo or a recording.

Links are not followed, neither of files nor of folders; other file systems below are not entered; and the walk ends at
a depth, after a number of names, or after a time, whatever lies there.
"""

from __future__ import annotations

import os
import stat
import time
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Dict, Generator, Iterator, List, Optional, Tuple

SUFFIXES: Dict[str, Tuple[str, ...]] = {
    "photo": (".jpg", ".jpeg", ".png", ".webp", ".bmp"),
    "speech": (".wav", ".flac", ".mp3", ".m4a", ".aac", ".ogg", ".opus", ".mp4"),
}
"""What is looked at, for each kind."""

LONGEST_NAME = 80
"""Characters of a name that are shown."""
BREAKS = ("Cc", "Zl", "Zp")
INVISIBLE = ("Cf", "Cs", "Co", "Cn")
"""General categories of Unicode: controls and line breaks; marks such as "from right to left", and what is no sign."""

DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
"""Never through a link, never waiting for the other end of a pipe."""


@dataclass(frozen=True)
class ScanLimits:
    depth: int = 8
    """Folders within folders."""
    entries: int = 20_000
    """Names that are looked at."""
    seconds: float = 300.0


@dataclass(frozen=True)
class Found:
    """A file as it was listed. ``parts``: its way down from ``root``. ``modified``: ns since the epoch."""

    root: Path
    parts: Tuple[str, ...]
    device: int
    size: int
    modified: int

    @property
    def path(self) -> Path:
        return self.root.joinpath(*self.parts)

    @property
    def name(self) -> str:
        """As it may be shown to people."""
        return clean(self.parts[-1])

    def open(self) -> int:
        """A descriptor of that very file, for reading. Raises OSError, also where another one has taken its place."""
        folder = os.open(str(self.root), DIRECTORY)
        try:
            for part in self.parts[:-1]:
                inner = os.open(part, DIRECTORY, dir_fd=folder)
                os.close(folder)
                folder = inner
            file = os.open(self.parts[-1], FILE, dir_fd=folder)
        finally:
            os.close(folder)
        if not self.is_same(os.fstat(file)):
            os.close(file)
            raise FileNotFoundError(f"not the file that was listed ({len(self.parts)} levels down)")
        return file

    def is_same(self, status: os.stat_result) -> bool:
        """FAT gives a file another number whenever it is looked at anew, so that numbers say nothing."""
        now = (status.st_dev, status.st_size, status.st_mtime_ns)
        return stat.S_ISREG(status.st_mode) and now == (self.device, self.size, self.modified)


def clean(name: str) -> str:
    """A file's name without what would garble a screen: controls, direction marks, bytes that are no text."""
    kinds = ((sign, unicodedata.category(sign)) for sign in name)
    kept = "".join(" " if kind in BREAKS else sign for sign, kind in kinds if kind not in INVISIBLE)
    kept = " ".join(kept.split())
    if len(kept) > LONGEST_NAME:
        kept = kept[: LONGEST_NAME - 1] + "…"
    return kept or "?"


def scan(
    root: Path, kind: str, largest: int, limits: ScanLimits, unwanted: Callable[[], bool] = lambda: False
) -> Generator[Found, None, None]:
    """The files of that kind below ``root`` in order of their names: first what lies in a folder, then what lies in
    the folders below it.

    ``largest``: bytes. ``unwanted``: asked all the time; the walk ends once it says so. Never raises OSError: what
    cannot be read is not there.
    """
    try:
        top = os.open(str(root), DIRECTORY)
    except OSError:
        return
    walk = _Walk(root, SUFFIXES[kind], largest, limits, unwanted)
    yield from walk.down(top, (), os.fstat(top).st_dev)


class _Walk:
    def __init__(
        self, root: Path, suffixes: Tuple[str, ...], largest: int, limits: ScanLimits, unwanted: Callable[[], bool]
    ) -> None:
        self._root, self._suffixes, self._largest, self._limits = root, suffixes, largest, limits
        self._unwanted = unwanted
        self._left = limits.entries
        self._deadline = time.monotonic() + limits.seconds

    def down(self, folder: int, parts: Tuple[str, ...], device: int) -> Iterator[Found]:
        """Takes ``folder`` over and closes it."""
        try:
            files, folders = self._list(folder)
            for name in files:
                if self._over():
                    return
                found = self._look(folder, parts, name, device)
                if found is not None:
                    yield found
            if len(parts) >= self._limits.depth:
                return
            for name in folders:
                if self._over():
                    return
                inner = self._enter(folder, name, device)
                if inner is not None:
                    yield from self.down(inner, (*parts, name), device)
        finally:
            os.close(folder)

    def _list(self, folder: int) -> Tuple[List[str], List[str]]:
        """Names of what may be a wanted file, and of the folders."""
        files, folders = [], []
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if self._over():
                        break
                    self._left -= 1
                    if entry.name.startswith("."):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.name)
                    elif os.path.splitext(entry.name)[1].lower() in self._suffixes:
                        files.append(entry.name)
        except OSError:
            pass  # a stick that is damaged or gone
        return sorted(files), sorted(folders)

    def _look(self, folder: int, parts: Tuple[str, ...], name: str, device: int) -> Optional[Found]:
        try:
            status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        except OSError:
            return None
        fits = stat.S_ISREG(status.st_mode) and status.st_dev == device and 0 < status.st_size <= self._largest
        return Found(self._root, (*parts, name), device, status.st_size, status.st_mtime_ns) if fits else None

    def _enter(self, folder: int, name: str, device: int) -> Optional[int]:
        try:
            inner = os.open(name, DIRECTORY, dir_fd=folder)
        except OSError:
            return None
        if os.fstat(inner).st_dev == device:
            return inner
        os.close(inner)
        return None

    def _over(self) -> bool:
        return self._left <= 0 or time.monotonic() >= self._deadline or self._unwanted()
