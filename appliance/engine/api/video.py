"""The files of a video: the finished one, whole or in part, and the segments of one that is still being made."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, AsyncIterator, BinaryIO, List, Optional, Tuple

from fastapi import Request, Response

from ...errors import EngineUnavailable, JobNotFound, VideoNotReady
from ..job import Job, State
from ..storage.folders import JobFolder
from .byterange import Span, Unsatisfiable, parse_range
from .live import LiveResponse, closing_iterator
from .problems import Refused

if TYPE_CHECKING:
    from ..engine import Engine

MEDIA_TYPE = "video/mp4"
PIECE_BYTES = 256 * 1024
HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def video_response(path: Path, job: Job, request: Request, closing: asyncio.Event) -> Response:
    """The finished video of a job, or the part that the request asks for. Raises `VideoNotReady`, `JobNotFound`."""
    if job.state is not State.DONE:
        raise not_ready(job)
    file = _opened(path)
    size = os.fstat(file.fileno()).st_size
    tag = f'"{job.id}"'  # a job has one video for ever
    headers = {**HEADERS, "Accept-Ranges": "bytes", "ETag": tag}
    try:
        span = _span(request, tag, size)
    except Unsatisfiable:
        file.close()
        raise Refused(416, "The video is shorter than that.", {"Content-Range": f"bytes */{size}"}) from None
    if span is not None:
        headers["Content-Range"] = f"bytes {span.first}-{span.last}/{size}"
    whole = span or Span(0, size - 1)
    pieces = _pieces(file, Span(0, -1) if request.method == "HEAD" else whole)
    status = 200 if span is None else 206
    return LiveResponse(pieces, closing, MEDIA_TYPE, status, headers, whole.length, on_end=file.close)


async def growing_video(engine: Engine, job_id: str) -> AsyncIterator[bytes]:
    """The finished segments, then each new one as soon as it is there, to the end of the video.

    Raises `JobNotFound` (also when the job is deleted meanwhile) and, if the job fails, `VideoNotReady`.
    """
    with engine.lease(job_id) as folder:
        sent: Optional[int] = None  # segments; None is before the initial one
        async with closing_iterator(engine.watch(job_id)) as views:
            async for view in views:
                if view.job.state is State.FAILED:
                    raise not_ready(view.job)
                if view.job.state is State.DONE and sent is None:  # its segments may be going
                    files, sent = [folder.video], view.job.segments
                else:
                    files, sent = _new_segments(folder, sent, view.job.segments)
                for path in files:
                    with _opened(path) as file:
                        async for piece in _pieces(file):
                            yield piece
                if view.job.state is State.DONE:
                    return
    await engine.get(job_id)
    raise EngineUnavailable()


def _new_segments(folder: JobFolder, sent: Optional[int], finished: int) -> Tuple[List[Path], Optional[int]]:
    """What is to be sent next, and how many segments have been sent after it."""
    if not finished:
        return [], None
    first = [folder.segments / "init.mp4"] if sent is None else []
    return first + [folder.segments / f"{index:06d}.m4s" for index in range(sent or 0, finished)], finished


def not_ready(job: Job) -> VideoNotReady:
    """What to say of a job whose video is not there."""
    if job.failure is None:
        return VideoNotReady()
    return VideoNotReady(message=f"This video could not be made. {job.failure.message}", action=job.failure.action)


def _opened(path: Path) -> BinaryIO:
    try:
        return open(str(path), "rb")
    except FileNotFoundError:
        raise JobNotFound() from None  # deleted a moment ago


def _span(request: Request, tag: str, size: int) -> Optional[Span]:
    """Raises `Unsatisfiable`."""
    condition = request.headers.get("if-range")
    if condition is not None and condition != tag:
        return None
    return parse_range(request.headers.get("range"), size)


async def _pieces(file: BinaryIO, span: Optional[Span] = None) -> AsyncIterator[bytes]:
    """What the file holds, read beside the event loop. Raises EOFError where it is shorter than asked for."""
    loop = asyncio.get_event_loop()
    left = span.length if span else os.fstat(file.fileno()).st_size
    file.seek(span.first if span else 0)
    while left:
        piece = await loop.run_in_executor(None, file.read, min(left, PIECE_BYTES))
        if not piece:
            raise EOFError("a video became shorter")
        left -= len(piece)
        yield piece
