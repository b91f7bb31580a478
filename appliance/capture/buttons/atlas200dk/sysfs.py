"""Lines of the Ascend 310 itself, through the kernel's sysfs (Documentation/admin-guide/gpio/sysfs.rst)."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path
from typing import Callable, Optional, Tuple, TypeVar

from .line import Line

T = TypeVar("T")

SYSFS = Path("/sys/class/gpio")

PATIENCE_S = 3.0
"""How long udev may take to give a line's files to our group."""
RETRY_S = 0.02
NO_RIGHT = (errno.EACCES, errno.EPERM)


class SysfsLine(Line):
    """The line with that number in Linux. It is exported where nobody has done so, and never unexported: by then others
    may rely on it."""

    def __init__(self, number: int, root: Path = SYSFS, patience: float = PATIENCE_S) -> None:
        """Raises OSError where there is no such line, or no right to it within ``patience`` seconds."""
        self._folder = root / f"gpio{number}"
        self._value: Optional[int] = None
        deadline = time.monotonic() + patience
        if not self._folder.exists():
            _insist(lambda: _export(root, number), deadline, NO_RIGHT)
        self._value = _insist(lambda: _open(self._folder / "value", os.O_RDWR), deadline, (*NO_RIGHT, errno.ENOENT))
        try:
            self._output = _insist(self._direction, deadline, (*NO_RIGHT, errno.ENOENT)) != "in"
        except OSError:
            self.close()
            raise

    @property
    def is_output(self) -> bool:
        return self._output

    def make_input(self) -> None:
        self._write_direction("in")
        self._output = False

    def make_output(self, level: bool) -> None:
        # Not "out" and then the level: that would show the other level for a moment.
        self._write_direction("high" if level else "low")
        self._output = True

    def read(self) -> bool:
        return os.pread(self._handle(), 1, 0) == b"1"

    def write(self, level: bool) -> None:
        os.pwrite(self._handle(), b"1" if level else b"0", 0)

    def close(self) -> None:
        if self._value is not None:
            os.close(self._value)
            self._value = None

    def _handle(self) -> int:
        if self._value is None:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        return self._value

    def _direction(self) -> str:
        handle = _open(self._folder / "direction", os.O_RDWR)
        try:
            return os.read(handle, 16).decode("ascii", "replace").strip()
        finally:
            os.close(handle)

    def _write_direction(self, direction: str) -> None:
        handle = _open(self._folder / "direction", os.O_WRONLY | os.O_TRUNC)
        try:
            os.write(handle, direction.encode("ascii"))
        finally:
            os.close(handle)


def _open(path: Path, flags: int) -> int:
    return os.open(str(path), flags | os.O_CLOEXEC)


def _export(root: Path, number: int) -> None:
    handle = _open(root / "export", os.O_WRONLY)
    try:
        os.write(handle, str(number).encode("ascii"))
    except OSError as error:
        if error.errno != errno.EBUSY:  # somebody has done it at this moment
            raise
    finally:
        os.close(handle)


def _insist(attempt: Callable[[], T], deadline: float, passing: Tuple[int, ...]) -> T:
    """What it gives in the end; ``passing``: errors that may pass, errno. Raises OSError."""
    while True:
        try:
            return attempt()
        except OSError as error:
            if error.errno not in passing or time.monotonic() >= deadline:
                raise
        time.sleep(RETRY_S)
