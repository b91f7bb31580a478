"""Who is served, when to give up, how long it will take: decisions as plain functions of what they are about."""

from __future__ import annotations

from collections import deque
from typing import Deque, Optional, Tuple

from .job import Job, Priority

CRASHES_ALLOWED = 1
"""A job may crash the worker so often without a new segment in between; once more sets it aside."""

FIRST_DELAY = 0.5
LONGEST_DELAY = 60.0
PACE_SECONDS = 5.0


def yields_to(running: Priority, arrived: Priority) -> bool:
    """Whether a running job makes room for one that has just arrived."""
    return arrived < running


def is_set_aside(job: Job) -> bool:
    """Whether a job has crashed the worker too often to be tried again."""
    return job.crashes > CRASHES_ALLOWED


def restart_delay(failures: int) -> float:
    """Seconds before a worker is started again that so many times in a row did not get ready."""
    return 0.0 if failures == 0 else min(FIRST_DELAY * 2.0 ** (failures - 1), LONGEST_DELAY)


class Pace:
    """Frames a second and time left, from how far the last seconds have brought a job."""

    def __init__(self) -> None:
        self._seen: Deque[Tuple[float, int]] = deque()

    def frames_per_second(self, now: float, done: int) -> Optional[float]:
        """``now``: s, of any clock that only grows; ``done``: frames so far. None until there is something to compare.

        What was already done at the first call (by an earlier run of the job) does not count.
        """
        if not self._seen or now - self._seen[-1][0] >= PACE_SECONDS / 50:
            self._seen.append((now, done))
        while len(self._seen) > 2 and now - self._seen[1][0] >= PACE_SECONDS:
            self._seen.popleft()
        since, before = self._seen[0]
        return (done - before) / (now - since) if now > since and done > before else None
