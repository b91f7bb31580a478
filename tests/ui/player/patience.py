"""Waiting for what is bound to happen."""

from __future__ import annotations

import time
from typing import Callable, TypeVar

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
