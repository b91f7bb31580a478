"""A job: one video to be made, as the store keeps it and the API shows it."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Any, Dict, Optional


class State(str, enum.Enum):
    """Where a job is in its life. ``DONE`` and ``FAILED`` are final; a deleted job leaves no record but the audit's."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Priority(enum.IntEnum):
    """Who waits: the smaller number is served first, and a running job yields to it at its next segment."""

    VISITOR = 0
    NORMAL = 1
    LECTURE = 2


@dataclass(frozen=True)
class Failure:
    """Why a job failed, in the words of `appliance.errors`."""

    code: str
    message: str
    action: str


@dataclass(frozen=True)
class Job:
    """One row of the store.

    ``id``: 32 hex digits. ``sequence``: order of arrival, never used twice. Times are seconds since the epoch, for
    people; nothing is decided by comparing them across a restart but retention. ``options``: the fields of
    `MakeOptions` that differ from their default. ``frames``: of the whole video, an estimate until the end of the
    recording was seen; ``frames_done``: in finished segments. ``segments``: how many are finished. ``crashes``: of the
    worker at this job since its last finished segment. ``reserved``: bytes of disk kept free for it.
    """

    id: str
    sequence: int
    priority: Priority
    state: State
    created: float
    options: Dict[str, Any] = field(default_factory=dict)
    consent: bool = False
    started: Optional[float] = None
    finished: Optional[float] = None
    frames: Optional[int] = None
    frames_done: int = 0
    segments: int = 0
    crashes: int = 0
    reserved: int = 0
    failure: Optional[Failure] = None
    result: Optional[Dict[str, Any]] = None
    """Fields of `appliance.pipeline.generate.Result`, once done."""
