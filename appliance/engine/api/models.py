"""What the API says, as the OpenAPI document describes it."""

from __future__ import annotations

import enum
from typing import Any, Dict, List, Optional

from pydantic import BaseModel, ConfigDict, Field

from ..job import Priority, State
from ..view import Health, JobView

JOB_ID = "^[0-9a-f]{32}$"
LARGEST_SEQUENCE = 2**63 - 1


class PriorityName(str, enum.Enum):
    """Who waits: a visitor is served before a normal job, and that before a lecture."""

    VISITOR = "visitor"
    NORMAL = "normal"
    LECTURE = "lecture"


class FailureModel(BaseModel):
    """Why a job failed."""

    code: str
    message: str
    action: str


class ProgressModel(BaseModel):
    """How far the running job is; the steps of the stage `video` are frames."""

    model_config = ConfigDict(from_attributes=True)

    stage: str
    done: int
    total: int = Field(description="an estimate until the end of the recording was seen")
    frames_per_second: Optional[float] = None
    eta_seconds: Optional[float] = Field(None, description="to the end of the video")


class JobModel(BaseModel):
    """One video to be made."""

    id: str = Field(pattern=JOB_ID)
    sequence: int = Field(description="order of arrival; never used twice")
    state: State
    priority: PriorityName
    position: Optional[int] = Field(None, description="its place in the queue while it waits, 1 = next")
    created: float = Field(description="seconds since the epoch, as the times below")
    started: Optional[float] = None
    finished: Optional[float] = None
    frames: Optional[int] = Field(None, description="of the whole video; an estimate until its end was seen")
    frames_done: int = Field(0, description="in finished segments, which can be watched")
    segments: int = Field(0, description="finished segments")
    consent: bool
    options: Dict[str, Any] = Field(description="what differs from the default")
    progress: Optional[ProgressModel] = None
    failure: Optional[FailureModel] = Field(None, description="in the state `failed`")
    result: Optional[Dict[str, Any]] = Field(None, description="facts of the video, in the state `done`")

    @classmethod
    def of(cls, view: JobView) -> JobModel:
        job = view.job
        return cls(
            id=job.id,
            sequence=job.sequence,
            state=job.state,
            priority=PriorityName(Priority(job.priority).name.lower()),
            position=view.position,
            created=job.created,
            started=job.started,
            finished=job.finished,
            frames=job.frames,
            frames_done=job.frames_done,
            segments=job.segments,
            consent=job.consent,
            options=job.options,
            progress=ProgressModel.model_validate(view.progress) if view.progress else None,
            failure=FailureModel(**vars(job.failure)) if job.failure else None,
            result=job.result,
        )


class JobList(BaseModel):
    jobs: List[JobModel]
    before: Optional[int] = Field(None, description="the `before` of the next page, if there may be one")


class Wiped(BaseModel):
    deleted: int = Field(description="how many jobs there were")


class LinkModel(BaseModel):
    path: str = Field(description="to be put behind the appliance's address in the local network")
    seconds: float = Field(description="how long it leads somewhere")


class HealthModel(BaseModel):
    """`status`: `ok`, `starting`, `degraded` (takes jobs, but something needs help) or `stopping`."""

    model_config = ConfigDict(from_attributes=True)

    status: str
    worker: str = Field(description="`starting`, `ready`, `busy` or `down`")
    code: str = Field("", description="what is wrong; empty if nothing is, as the two below")
    message: str = ""
    action: str = ""
    free_bytes: Optional[int] = Field(None, description="of the disk with the jobs")
    temperature: Optional[float] = Field(None, description="of the hottest sensor, degrees Celsius")

    @classmethod
    def of(cls, health: Health) -> HealthModel:
        return cls.model_validate(health)


class Problem(BaseModel):
    """RFC 9457; `detail` and `action` are meant for people."""

    type: str = Field(pattern="^urn:sonic:error:[a-z_]+$")
    title: str
    status: int
    detail: str
    code: str
    action: str
