"""Telling whoever watches a job that it has changed."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Dict, Iterator, Optional, Set


class Watchers:
    """A flag for every watcher: however much happens while one is busy, it finds one flag set and looks once."""

    def __init__(self) -> None:
        self._flags: Dict[str, Set[asyncio.Event]] = {}

    @contextlib.contextmanager
    def watching(self, job_id: str) -> Iterator[asyncio.Event]:
        """A flag that is set at every change of that job; whoever waits for it clears it."""
        flag = asyncio.Event()
        flags = self._flags.setdefault(job_id, set())
        flags.add(flag)
        try:
            yield flag
        finally:
            flags.discard(flag)
            if not flags and self._flags.get(job_id) is flags:
                del self._flags[job_id]

    def changed(self, job_id: Optional[str] = None) -> None:
        """``job_id``: None where it may concern every job."""
        groups = self._flags.values() if job_id is None else [self._flags.get(job_id, set())]
        for flags in groups:
            for flag in flags:
                flag.set()
