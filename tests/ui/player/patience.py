"""Waiting for what is bound to happen, and who is still there."""

from __future__ import annotations

import time
from typing import Callable, List, TypeVar

import psutil

T = TypeVar("T")
PATIENCE_SECONDS = 60.0


def until(look: Callable[[], T], seconds: float = PATIENCE_SECONDS) -> T:
    """What ``look`` gives as soon as it is true; the test fails if it never is."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, "nothing came of it"
        time.sleep(0.005)


def children(program: str) -> List[psutil.Process]:
    """Processes of that program which this one started and did not see off; other tests may still have others."""
    return [child for child in psutil.Process().children() if program in " ".join([child.name(), *_command(child)])]


def _command(process: psutil.Process) -> List[str]:
    try:
        return list(process.cmdline())
    except psutil.Error:  # it has ended
        return []
