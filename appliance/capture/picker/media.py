"""What is mounted below the media folder: the USB sticks, as the kernel lists them for this process.

The list of mounts is asked, not udev and not the folders: it holds in a unit with a network and a /tmp of its own,
and a folder whose stick was pulled out is no place to save a video to.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import threading
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Dict, Optional, Tuple, Type

MOUNTS = Path("/proc/self/mountinfo")
LEVELS = 2
"""Below the media folder: /media/LABEL and /media/USER/LABEL."""

FAT = ("vfat", "msdos")
FAT_LIMIT = (1 << 32) - 1
"""Bytes of the largest file on them (Microsoft, FAT32 File System Specification 1.03)."""

NOT_STICKS = ("autofs",)
"""File systems that are mounted by being looked at."""

BLIND_S = 1.0
"""How often to look, whatever the kernel tells."""


@dataclass(frozen=True)
class Stick:
    """A mounted file system. ``kind``: as the kernel calls it, such as "vfat"."""

    path: Path
    kind: str
    writable: bool


class Media:
    """The sticks below one folder. ``mounts``: the list in the form of proc(5), mountinfo."""

    def __init__(self, folder: str, mounts: Path = MOUNTS) -> None:
        """``folder``: empty where sticks are not to be used."""
        self._folder = Path(folder) if folder else None
        self._mounts = mounts

    def sticks(self) -> Tuple[Stick, ...]:
        """Those mounted now, the newest first."""
        if self._folder is None:
            return ()
        try:
            text = self._mounts.read_bytes().decode("utf-8", "surrogateescape")
        except OSError:
            return ()
        found: Dict[Path, Stick] = {}
        for line in text.splitlines():
            stick = _stick(line)
            if stick is not None and self._folder in list(stick.path.parents)[:LEVELS]:
                found.pop(stick.path, None)  # what was mounted there before cannot be reached any more
                found[stick.path] = stick
        return tuple(reversed(list(found.values())))

    def mounted(self, stick: Stick) -> bool:
        """Whether it is still there."""
        return any(other.path == stick.path and other.kind == stick.kind for other in self.sticks())

    def watch(self) -> MountWatch:
        return MountWatch(self._mounts)


class MountWatch:
    """Waits until something is mounted or unmounted anywhere. A context manager; `stir` may be called by any thread."""

    def __init__(self, mounts: Path = MOUNTS) -> None:
        self._lock = threading.Lock()
        self._stirred, self._stirrer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._open = [self._stirred, self._stirrer]
        self._poll = select.poll()
        self._poll.register(self._stirred, select.POLLIN)
        with contextlib.suppress(OSError):
            mount_list = os.open(str(mounts), os.O_RDONLY | os.O_CLOEXEC)
            self._open.append(mount_list)
            self._poll.register(mount_list, select.POLLPRI)

    def __enter__(self) -> MountWatch:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Any, trace: Optional[TracebackType]) -> None:
        with self._lock:
            for handle in self._open:
                os.close(handle)
            self._open = []

    def wait(self, seconds: float = BLIND_S) -> bool:
        """Until a mount changes or `stir` is called, at most so long; whether that happened."""
        happened = bool(self._poll.poll(int(1000 * seconds)))
        with contextlib.suppress(BlockingIOError):
            os.read(self._stirred, 64)
        return happened

    def stir(self) -> None:
        """Harmless after the end."""
        with self._lock, contextlib.suppress(BlockingIOError):
            if self._open:
                os.write(self._stirrer, b"!")


def _stick(line: str) -> Optional[Stick]:
    """One line: number, parent, device, root, mount point, options, optional fields, "-", type, source, options."""
    own, _, other = line.partition(" - ")
    fields, more = own.split(" "), other.split(" ")
    if len(fields) < 6 or len(more) < 3 or more[0] in NOT_STICKS:
        return None
    options = set(fields[5].split(",")) | set(more[2].split(","))
    return Stick(Path(_plain(fields[4])), more[0], "ro" not in options)


def _plain(text: str) -> str:
    """Without the octal escapes of space, tab, line feed and backslash."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match.group(1), 8)), text)
