"""The engine's API as an ASGI application."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any, Optional

from fastapi import APIRouter, FastAPI, Header, Path, Query, Request, Response

from ... import __version__, errors
from ...settings import LimitSettings
from ..job import Priority, State
from . import events, metrics, openapi, problems, video
from .links import LINK_SECONDS, PREFIX, SECRET, Links
from .live import LiveResponse
from .models import JOB_ID, LARGEST_SEQUENCE, HealthModel, JobList, JobModel, LinkModel, PriorityName, Wiped
from .openapi import binary, event_stream, problem_responses, submit_body
from .options import read_options
from .upload import Form, boundary_of, receive

if TYPE_CHECKING:
    from ..engine import Engine

OPTIONS_BYTES = 16 * 1024
WORD_BYTES = 16
MEGABYTE = 1 << 20
MOST_JOBS = 500

router = APIRouter(prefix="/v1")
JobId: Any = Path(pattern=JOB_ID, description="32 hex digits")


def create_app(engine: Engine, limits: LimitSettings, closing: asyncio.Event, networked: bool = False) -> FastAPI:
    """``closing``: once it is set, answers and uploads that are still running end. ``networked``: others than this
    machine's can reach it, so that links make sense."""
    app = FastAPI(
        title="Sonic appliance engine", version=__version__, docs_url=None, redoc_url=None, redirect_slashes=False
    )
    app.state.engine, app.state.limits, app.state.closing = engine, limits, closing
    app.state.links = Links() if networked else None
    app.include_router(router)
    problems.install(app, router.routes)
    openapi.install(app)
    return app


def _engine(request: Request) -> Engine:
    engine: Engine = request.app.state.engine
    return engine


@router.post(
    "/jobs",
    status_code=201,
    response_model=JobModel,
    summary="Take a new job",
    openapi_extra=submit_body(),
    responses={
        200: {"model": JobModel, "description": "the job that this idempotency key already has"},
        201: {"headers": {"Location": {"schema": {"type": "string"}}}},
        **problem_responses(
            errors.UsageError, errors.RequestInvalid, errors.UploadTooLarge, errors.ConsentMissing, errors.QueueFull,
            errors.IdempotencyConflict, statuses=(408, 415, 422),
        ),
    },
)  # fmt: skip
async def submit_job(
    request: Request,
    response: Response,
    idempotency_key: Optional[str] = Header(
        None, min_length=1, max_length=128, pattern="^[!-~]+$", description="the same key gives the same job"
    ),
) -> JobModel:
    limits: LimitSettings = request.app.state.limits
    boundary = boundary_of(request.headers.get("content-type", ""))
    upload = await _engine(request).begin_upload(_announced(request), idempotency_key)
    form = Form(
        boundary,
        {"photo": upload.photo, "speech": upload.speech},
        {
            "photo": limits.photo_megabytes * MEGABYTE,
            "speech": limits.speech_megabytes * MEGABYTE,
            "options": OPTIONS_BYTES,
            "priority": WORD_BYTES,
            "consent": WORD_BYTES,
        },
    )

    def end() -> None:
        form.close()
        upload.discard()

    try:
        await receive(request.stream(), form, request.app.state.closing)
        options = read_options(form.fields.get("options", "{}"))
        priority = _priority(form.fields.get("priority", PriorityName.NORMAL.value))
        consent = _truth(form.fields.get("consent", "false"))
        view, new = await _engine(request).submit(upload, options, priority, consent, idempotency_key)
    finally:
        await asyncio.shield(asyncio.get_event_loop().run_in_executor(None, end))
    response.status_code = 201 if new else 200
    response.headers["Location"] = f"/v1/jobs/{view.job.id}"
    return JobModel.of(view)


STATE: Any = Query(None, description="only those")
LIMIT: Any = Query(100, ge=1, le=MOST_JOBS)
BEFORE: Any = Query(None, ge=0, le=LARGEST_SEQUENCE, description="only smaller sequence numbers")
KEY: Any = Query(
    None, min_length=1, max_length=128, pattern="^[!-~]+$", description="only the job of this idempotency key"
)
EXPIRED: Any = Query(False, description="only those that have been kept long enough")


@router.get("/jobs", response_model=JobList, summary="Jobs, newest first", responses=problem_responses(statuses=(422,)))
async def list_jobs(
    request: Request,
    state: Optional[State] = STATE,
    limit: int = LIMIT,
    before: Optional[int] = BEFORE,
    key: Optional[str] = KEY,
) -> JobList:
    if key is not None:
        found = await _engine(request).find(key)
        return JobList(jobs=[JobModel.of(found)] if found else [], before=None)
    views = await _engine(request).list(state, limit, before)
    return JobList(
        jobs=[JobModel.of(view) for view in views], before=views[-1].job.sequence if len(views) == limit else None
    )


@router.delete("/jobs", response_model=Wiped, summary="Delete all jobs", responses=problem_responses(statuses=(422,)))
async def wipe(request: Request, expired: bool = EXPIRED) -> Wiped:
    engine = _engine(request)
    return Wiped(deleted=await (engine.remove_expired() if expired else engine.wipe()))


ONE_JOB = problem_responses(errors.JobNotFound, statuses=(422,))


@router.get("/jobs/{job_id}", response_model=JobModel, summary="One job", responses=ONE_JOB)
async def get_job(request: Request, job_id: str = JobId) -> JobModel:
    return JobModel.of(await _engine(request).get(job_id))


@router.delete("/jobs/{job_id}", status_code=204, summary="Cancel a job and remove all of it", responses=ONE_JOB)
async def delete_job(request: Request, job_id: str = JobId) -> Response:
    await _engine(request).delete(job_id)
    return Response(status_code=204)


@router.get(
    "/jobs/{job_id}/events",
    response_class=Response,
    summary="Progress as server-sent events",
    responses={
        200: event_stream(events.MEDIA_TYPE, events.__doc__ or ""),
        204: {"description": "the last event was seen before"},
        **ONE_JOB,
    },
)
async def job_events(
    request: Request, job_id: str = JobId, last_event_id: Optional[str] = Header(None, description="seen before")
) -> Response:
    await _engine(request).get(job_id)
    if last_event_id == events.LAST:
        return Response(status_code=204)
    pieces = events.job_events(_engine(request), job_id)
    headers = {"Cache-Control": "no-store"}
    return LiveResponse(pieces, request.app.state.closing, events.MEDIA_TYPE, headers=headers, open_ended=True)


VIDEO_HEADERS = ("ETag", "Accept-Ranges")
VIDEO: Any = {
    "response_class": Response,
    "responses": {
        200: binary(video.MEDIA_TYPE, "the whole video", VIDEO_HEADERS),
        206: binary(video.MEDIA_TYPE, "the part asked for", (*VIDEO_HEADERS, "Content-Range")),
        **problem_responses(errors.JobNotFound, errors.VideoNotReady, statuses=(416, 422)),
    },
}
RANGE: Any = Header(None, alias="Range", description="one range of bytes, such as `bytes=0-999`")
IF_RANGE: Any = Header(None, alias="If-Range", description="the ETag the range belongs to")


@router.get("/jobs/{job_id}/video", summary="The finished video", **VIDEO)
async def get_video(
    request: Request, job_id: str = JobId, range_: Optional[str] = RANGE, if_range: Optional[str] = IF_RANGE
) -> Response:
    view = await _engine(request).get(job_id)
    with _engine(request).lease(job_id) as folder:
        return video.video_response(folder.video, view.job, request, request.app.state.closing)


router.head("/jobs/{job_id}/video", summary="Its size", operation_id="head_video", **VIDEO)(get_video)


@router.get(
    "/jobs/{job_id}/stream",
    response_class=Response,
    summary="The video while it is made",
    description=(
        "A fragmented MP4. Begins with the first finished segment, however long the job has to wait for its turn, and "
        "ends with the last. Where it stops before that, because the job fails, is deleted or the engine stops, the "
        "connection is cut. Of a finished job, the finished video."
    ),
    responses={
        200: binary(video.MEDIA_TYPE, "finished segments as they come"),
        **problem_responses(errors.JobNotFound, errors.VideoNotReady, statuses=(422,)),
    },
)
async def stream_video(request: Request, job_id: str = JobId) -> Response:
    pieces = video.growing_video(_engine(request), job_id)
    return LiveResponse(pieces, request.app.state.closing, video.MEDIA_TYPE, headers=video.HEADERS)


@router.post(
    "/jobs/{job_id}/link",
    status_code=201,
    response_model=LinkModel,
    summary="A link to the finished video for devices in the local network",
    description="Whoever has it needs no token. It ends after a quarter of an hour, and when the engine is restarted.",
    responses=problem_responses(errors.JobNotFound, errors.VideoNotReady, errors.LinkUnavailable, statuses=(422,)),
)
async def make_link(request: Request, job_id: str = JobId) -> LinkModel:
    links: Optional[Links] = request.app.state.links
    if links is None:
        raise errors.LinkUnavailable
    view = await _engine(request).get(job_id)
    if view.job.state is not State.DONE:
        raise video.not_ready(view.job)
    return LinkModel(path=PREFIX + links.make(job_id), seconds=LINK_SECONDS)


LINK: Any = Path(pattern=SECRET, description="what the link ends with")


@router.get(PREFIX[len("/v1") :] + "{secret}", summary="The video of a link", **VIDEO)
async def get_shared(
    request: Request,
    secret: str = LINK,
    range_: Optional[str] = RANGE,
    if_range: Optional[str] = IF_RANGE,
) -> Response:
    links: Optional[Links] = request.app.state.links
    if links is None:
        raise errors.JobNotFound
    return await get_video(request, links.job_of(secret))


@router.get(
    "/health",
    response_model=HealthModel,
    summary="How the engine is",
    responses={**problem_responses(), 503: {"model": HealthModel, "description": "it is not well"}},
)
async def health(request: Request, response: Response) -> HealthModel:
    found = _engine(request).health()
    response.status_code = 200 if found.status == "ok" else 503
    return HealthModel.of(found)


@router.get(
    "/metrics",
    response_class=Response,
    summary="Figures for Prometheus",
    responses={200: binary(metrics.MEDIA_TYPE, "text format 0.0.4"), **problem_responses()},
)
async def get_metrics(request: Request) -> Response:
    return Response(await metrics.metrics_text(_engine(request)), media_type=metrics.MEDIA_TYPE)


def _announced(request: Request) -> Optional[int]:
    length = request.headers.get("content-length", "")
    return int(length) if re.fullmatch(r"[0-9]{1,18}", length) else None


def _priority(word: str) -> Priority:
    if word not in {name.value for name in PriorityName}:
        raise problems.Refused(422, "The part `priority` is none of visitor, normal and lecture.")
    return Priority[word.upper()]


def _truth(word: str) -> bool:
    if word not in ("true", "false"):
        raise problems.Refused(422, "The part `consent` is neither true nor false.")
    return word == "true"
