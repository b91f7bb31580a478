"""Memory and children of other processes, as Linux shows them (proc(5))."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import List


def children(pid: int) -> List[int]:
    """Live child processes, whichever thread started them."""
    found: List[int] = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            found += map(int, Path(f"/proc/{pid}/task/{thread}/children").read_text().split())
    except OSError:
        pass
    return found


def high_water(pid: int) -> int:
    """Peak resident memory so far, bytes; 0 for a process that is gone."""
    return _kilobytes(pid, "VmHWM:") << 10


def resident(pid: int) -> int:
    """Resident memory now, bytes; 0 for a process that is gone."""
    return _kilobytes(pid, "VmRSS:") << 10


def _program(pid: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/exe")
    except OSError:
        return ""


def _kilobytes(pid: int, field: str) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    lines = (line.split() for line in status.splitlines())
    return next((int(words[1]) for words in lines if words[0] == field), 0)


class PeakMemory:
    """Watches a process until `stop`: ``own``, its peak, and ``children``, the largest sum of its children's; bytes.

    A child between fork and exec, which still has its parent's memory, does not count.
    """

    def __init__(self, pid: int, every: float = 0.05) -> None:
        """``every``: seconds between two looks."""
        self.own = self.children = 0
        self._pid = pid
        self._every = every
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stopped.wait(self._every):
            self.own = max(self.own, high_water(self._pid))
            others = [child for child in children(self._pid) if _program(child) != _program(self._pid)]
            self.children = max(self.children, sum(map(high_water, others)))
