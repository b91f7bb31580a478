"""The job: put in once, watched to its end, and its video fetched."""

from __future__ import annotations

import logging
import time
from typing import Optional

from ...engine.client import EngineClient
from ...engine.job import Failure, Priority, State
from ...engine.view import JobView
from ...errors import EngineUnavailable, OutputError, SonicError
from ...settings import FRAME_RATE
from .. import feeds
from ..events import JobAccepted, JobDone, JobFailed, JobWatchable
from .files import Order
from .ledger import Ledger
from .work import Conversation, Desk, failure_of

PAUSE_SECONDS = 0.5
"""Before an engine that does not answer is asked again."""

log = logging.getLogger(__name__)


class Making(Conversation):
    """Goes on with a job that was put in before, whether or not anybody heard that it was accepted.

    An engine that is away is waited for, as long as `Times.patience` says.
    """

    def __init__(self, desk: Desk, order: Order, ledger: Ledger, priority: Priority) -> None:
        super().__init__(desk)
        self._order, self._ledger, self._priority = order, ledger, priority
        self._lost_at: Optional[float] = None
        self._job = desk.visit.job
        """As far as it was told."""
        self._watchable = False

    def run(self) -> None:
        with self.engine() as client:
            try:
                self._remember()
                self._patiently(client)
            except SonicError as error:
                self.desk.answer(JobFailed(failure_of(error)))

    def _remember(self) -> None:
        """Before the engine hears of it: whatever happens, it can be found and deleted. Raises `OutputError`."""
        self.desk.files.keep_order(self._order)
        self._enter(None)

    def _enter(self, job: Optional[str]) -> None:
        try:
            self._ledger.enter(self._order.key, job)
        except OSError as error:
            raise OutputError(str(error.strerror)) from error

    def _patiently(self, client: EngineClient) -> None:
        while not self.stopped.is_set():
            try:
                failure = self._follow(client)
                self.desk.answer(JobFailed(failure) if failure else JobDone())
                return
            except EngineUnavailable:
                now = time.monotonic()
                self._lost_at = self._lost_at or now
                if now - self._lost_at > self.desk.parts.times.patience:
                    raise
                self.stopped.wait(PAUSE_SECONDS)

    def _follow(self, client: EngineClient) -> Optional[Failure]:
        """Why there is no video; None when it is fetched. Raises what the engine answers."""
        job = self._put_in(client).job.id
        for view in client.events(job):
            self._lost_at = None
            self._show(view)
            if view.job.state is State.FAILED:
                return view.job.failure or failure_of(SonicError())
        client.save(job, self.desk.files.video)
        return None

    def _put_in(self, client: EngineClient) -> JobView:
        order = self._order
        view = client.find(order.key)
        if view is None:
            view = client.submit(order.photo, order.voice, order.options, self._priority, order.consent, order.key)
        self._enter(view.job.id)
        if self._job != view.job.id:
            self._job = view.job.id
            self.desk.answer(JobAccepted(view.job.id))
        return view

    def _show(self, view: JobView) -> None:
        job = view.job
        duration = None if job.frames is None else job.frames / FRAME_RATE
        self.desk.feed(feeds.Making(view.progress, view.position, job.frames_done / FRAME_RATE, duration))
        if job.segments and not self._watchable:
            self._watchable = True
            self.desk.answer(JobWatchable())
