"""What the engine shows of its jobs and of itself to whoever asks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict, Optional

from .job import Job


@dataclass(frozen=True)
class LiveProgress:
    """How far the running job is. ``done`` of ``total`` steps of ``stage``; the steps of "video" are frames.

    ``frames_per_second`` and ``eta_seconds`` (to the end of the video) are known only in the stage "video".
    """

    stage: str
    done: int
    total: int
    frames_per_second: Optional[float] = None
    eta_seconds: Optional[float] = None


@dataclass(frozen=True)
class JobView:
    """A job as it is now. ``position``: its place in the queue while it waits, 1 = next."""

    job: Job
    position: Optional[int] = None
    progress: Optional[LiveProgress] = None


@dataclass(frozen=True)
class Health:
    """``status``: "ok", "starting", "degraded" (takes jobs, but something needs help) or "stopping".

    ``worker``: "starting", "ready", "busy" or "down". ``code``, ``message`` and ``action``: what is wrong, in the words
    of `appliance.errors`; empty where nothing is. ``free_bytes`` of the disk with the jobs, None where it cannot be
    read; ``temperature`` in degrees Celsius, of the hottest sensor, None where there is none.
    """

    status: str
    worker: str
    code: str = ""
    message: str = ""
    action: str = ""
    free_bytes: Optional[int] = None
    temperature: Optional[float] = None


@dataclass
class Counters:
    """What has happened since the service started; only grows.

    ``stage_seconds``: s spent per stage, of finished jobs; divided by ``frames`` it is the time a frame took.
    """

    submitted: int = 0
    done: int = 0
    failed: int = 0
    deleted: int = 0
    expired: int = 0
    crashes: int = 0
    frames: int = 0
    video_seconds: float = 0.0
    stage_seconds: Dict[str, float] = field(default_factory=dict)
