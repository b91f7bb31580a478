"""A little space kept for a full disk.

Where not a byte is free, SQLite cannot even be opened, so an engine that is started there could delete nothing. This
file is given back then; with what it leaves, records can be written and jobs deleted.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

SPARE = 1 << 20
PLENTY = 8 * SPARE


class Spare:
    """``path``: the file that keeps the space."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def settle(self) -> None:
        """Give the space back where there is none, take it again where there is plenty."""
        with contextlib.suppress(OSError):
            disk = os.statvfs(str(self._path.parent))
            free = disk.f_bavail * disk.f_frsize
            if free < SPARE:
                self._path.unlink()
            elif free > PLENTY and not self._path.exists():
                self._take()

    def _take(self) -> None:
        handle = os.open(str(self._path), os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.posix_fallocate(handle, 0, SPARE)
        finally:
            os.close(handle)
