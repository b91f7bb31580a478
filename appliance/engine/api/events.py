"""Progress as server-sent events (WHATWG HTML, "Server-sent events").

``event: state`` when the job's record changed (state, place in the queue, segments), ``event: progress`` when only its
progress did, ``event: deleted`` at the end of a job that was deleted. The data is always the whole job, so that a
reader who missed some has missed nothing. The last event has the id `LAST`: a browser that comes back with it has seen
the end.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, AsyncIterator, Optional

from ..job import State
from ..view import JobView
from .live import closing_iterator, with_pauses
from .models import JobModel

if TYPE_CHECKING:
    from ..engine import Engine

MEDIA_TYPE = "text/event-stream"
KEEP_ALIVE_SECONDS = 15.0
RETRY_MILLISECONDS = 2000
LAST = "last"
FINAL = (State.DONE, State.FAILED)


async def job_events(engine: Engine, job_id: str) -> AsyncIterator[bytes]:
    """The job now and at every change, until its end. Raises `JobNotFound` before anything is sent."""
    number = 0
    last: Optional[JobView] = None
    async with closing_iterator(with_pauses(engine.watch(job_id), KEEP_ALIVE_SECONDS)) as views:
        async for view in views:
            if view is None:
                yield b": still there\n\n"
                continue
            if last is None:
                yield f"retry: {RETRY_MILLISECONDS}\n\n".encode()
            name = "progress" if last is not None and _record(last) == _record(view) else "state"
            number, last = number + 1, view
            yield _event(name, LAST if view.job.state in FINAL else str(number), JobModel.of(view).model_dump_json())
    if last is not None and last.job.state not in FINAL:
        yield _event("deleted", LAST, json.dumps({"id": job_id}))


def _record(view: JobView) -> object:
    return view.job, view.position


def _event(name: str, event_id: str, data: str) -> bytes:
    return f"event: {name}\nid: {event_id}\ndata: {data}\n\n".encode()
