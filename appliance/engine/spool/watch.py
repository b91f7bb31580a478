"""Waiting until something happens in a folder."""

from __future__ import annotations

import time
from pathlib import Path
from types import TracebackType
from typing import Any, Optional, Type

from inotify_simple import INotify, flags

CHANGES = (
    flags.CLOSE_WRITE | flags.MOVED_TO | flags.MOVED_FROM | flags.DELETE | flags.ATTRIB
    | flags.DELETE_SELF | flags.MOVE_SELF | flags.ONLYDIR
)  # fmt: skip
FLURRY_MS = 100
"""What happens within so short a time is looked at together."""
BLIND_S = 5.0
"""How often to look where nothing can be watched (the user's limit of watches is reached)."""


class FolderWatch:
    """Says when to look, not what changed: the kernel drops events when there are too many. A context manager."""

    def __init__(self, folder: Path) -> None:
        self._inotify: Optional[INotify] = None
        try:
            self._inotify = INotify()
            self._inotify.add_watch(str(folder), CHANGES)
        except OSError:
            self.close()

    def __enter__(self) -> FolderWatch:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Any, trace: Optional[TracebackType]) -> None:
        self.close()

    def close(self) -> None:
        if self._inotify is not None:
            self._inotify.close()
            self._inotify = None

    def wait(self, seconds: float) -> None:
        """Until something changes in the folder, at most ``seconds``."""
        if self._inotify is None:
            time.sleep(min(seconds, BLIND_S))
        else:
            self._inotify.read(timeout=int(1000 * seconds), read_delay=FLURRY_MS)
