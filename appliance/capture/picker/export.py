"""A finished video, or the log for the staff, onto the stick that was plugged in last: whole or not there."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
import time
from pathlib import Path
from typing import Callable, Iterator, Optional

from ...errors import DiskFull, OutputError, SonicError, StickMissing, StickReadOnly
from ...files import NO_SPACE, sync
from .media import FAT, FAT_LIMIT, Media, Stick

MEGABYTE = 1 << 20
SPARE = MEGABYTE
"""Bytes for folders and tables beside the file itself."""

READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)
NO_FOLDER_SYNC = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)
"""What drivers outside the kernel say who cannot do that."""


def save_to_stick(media: Media, produce: Callable[[Path], None], name: str, size: int = 0) -> Path:
    """Have a file written to the newest stick that can be written to; where it is.

    ``produce`` writes it to the path it is given, which exists and leads to this stick whatever becomes of it: never to
    the appliance's own disk, where the stick was mounted. ``name``: such as "sonic.mp4"; date and time are added,
    and nothing that is there is overwritten. ``size``: bytes needed, as far as that is known.

    Raises `StickMissing`, also where it is pulled out in the middle; `StickReadOnly`; `DiskFull`; `OutputError` where
    the stick's format cannot hold so large a file; and what ``produce`` raises.
    """
    stick = _choose(media)
    try:
        with _opened(stick) as folder:
            saved = _save(folder, stick, produce, name, size, media)
        return stick.path / saved
    except (OSError, SonicError) as error:
        reason = _reason(error, stick, media)
        if reason is error:
            raise
        raise reason from error


def _choose(media: Media) -> Stick:
    sticks = media.sticks()
    if not sticks:
        raise StickMissing("none is mounted")
    for stick in sticks:
        if stick.writable:
            return stick
    raise StickReadOnly("mounted read-only")


@contextlib.contextmanager
def _opened(stick: Stick) -> Iterator[Path]:
    """The stick's own folder, by number. Raises OSError."""
    handle = os.open(str(stick.path), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield Path(f"/proc/{os.getpid()}/fd/{handle}")
    finally:
        os.close(handle)


def _save(
    folder: Path, stick: Stick, produce: Callable[[Path], None], name: str, size: int, media: Media
) -> str:  # fmt: skip
    _check_there(stick, media)
    _check_room(folder, stick, size)
    handle, part = tempfile.mkstemp(prefix=".", suffix=".part", dir=str(folder))
    os.close(handle)
    target: Optional[Path] = None
    try:
        produce(Path(part))
        sync(Path(part))
        target = _free_name(folder, name)
        os.replace(part, str(target))
        # Again: FAT keeps length and place of a file beside its name, and after a rename writes them with the file.
        sync(target)
        _sync_folder(folder)
        _check_there(stick, media)
    except BaseException:
        for path in (part, target):
            with contextlib.suppress(OSError):
                if path is not None:
                    os.unlink(str(path))
        raise
    return target.name


def _check_there(stick: Stick, media: Media) -> None:
    if not media.mounted(stick):
        raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))


def _check_room(folder: Path, stick: Stick, size: int) -> None:
    if size > FAT_LIMIT and stick.kind in FAT:
        raise _too_large_for_fat()
    disk = os.statvfs(str(folder))
    free = disk.f_bavail * disk.f_frsize
    if free < size + SPARE:
        raise DiskFull(
            f"free {free}, needed {size}",
            message=f"The USB stick is full: {_megabytes(size + SPARE)} are needed, {_megabytes(free)} are free.",
            action="Use another stick, or free some space on it.",
        )


def _free_name(folder: Path, name: str) -> Path:
    """A new, empty file of that name with date and time. Raises OSError."""
    stem, suffix = os.path.splitext(name)
    stamp = time.strftime("%Y-%m-%d-%H%M%S")
    number = 1
    while True:
        again = "" if number == 1 else f"-{number}"
        path = folder / f"{stem}-{stamp}{again}{suffix}"
        try:
            os.close(os.open(str(path), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644))
            return path
        except FileExistsError:
            number += 1


def _sync_folder(folder: Path) -> None:
    try:
        sync(folder)
    except OSError as error:
        if error.errno not in NO_FOLDER_SYNC:
            raise


def _reason(error: Exception, stick: Stick, media: Media) -> Exception:
    """The error in the visitor's words."""
    system = error.__cause__ if isinstance(error, OutputError) else error
    number = system.errno if isinstance(system, OSError) else None
    if not media.mounted(stick) or number in (errno.EIO, errno.ENODEV, errno.ENXIO):
        return StickMissing(
            os.strerror(number) if number else "unmounted",
            message="The USB stick was pulled out before everything was written.",
            action="Plug it in and save again.",
        )
    if number == errno.EFBIG and stick.kind in FAT:
        return _too_large_for_fat()
    if number in READ_ONLY:
        return StickReadOnly(os.strerror(number))
    if number in NO_SPACE:
        return DiskFull(os.strerror(number))
    if isinstance(error, SonicError):
        return error
    return OutputError(os.strerror(number) if number else type(error).__name__)


def _too_large_for_fat() -> OutputError:
    return OutputError(
        "larger than FAT allows",
        message="The file is larger than 4 GB, which is more than the format of this USB stick can hold.",
        action="Use a stick with the format exFAT.",
    )


def _megabytes(count: int) -> str:
    return f"{-(-count // MEGABYTE):,} MB"
