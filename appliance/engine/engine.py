"""The engine: takes jobs, has them made one after another in a worker process, and answers for every one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, AsyncIterator, ContextManager, Dict, List, Optional, Sequence, Tuple

from ..settings import MakeOptions
from .folders import JobFolder
from .job import Priority, State
from .upload import Upload
from .view import Counters, Health, JobView

if TYPE_CHECKING:
    from ..settings import Settings


class Engine:
    """Lives on one event loop: create, `start`, use and `stop` it there. Everything it raises is a `SonicError`."""

    def __init__(self, settings: Settings, worker_command: Optional[Sequence[str]] = None) -> None:
        """``worker_command``: what is run as the worker; default this Python with `appliance.engine.worker`."""
        self.counters = Counters()

    async def start(self) -> None:
        """Recover what an earlier run left, start the worker. Jobs are taken from now on."""
        raise NotImplementedError

    async def stop(self) -> None:
        """End the worker after the frame it is making, keep its job for the next start; takes less than 5 s."""
        raise NotImplementedError

    async def begin_upload(self, content_length: Optional[int]) -> Upload:
        """A place for the files of a new job, before a byte of them is read.

        ``content_length``: of the whole request, where it is known. Raises `QueueFull`, `StorageFull`,
        `UploadTooLarge`.
        """
        raise NotImplementedError

    async def submit(
        self, upload: Upload, options: MakeOptions, priority: Priority, consent: bool, key: Optional[str]
    ) -> Tuple[JobView, bool]:
        """Make a job of what was uploaded; False if ``key`` already had one of the same content, which is returned.

        Takes the upload over: however this ends, its folder is gone. Raises `ConsentMissing`, `IdempotencyConflict`,
        `QueueFull`, `StorageFull`, `UploadTooLarge`, `RequestInvalid`.
        """
        raise NotImplementedError

    async def get(self, job_id: str) -> JobView:
        """Raises `JobNotFound`."""
        raise NotImplementedError

    async def list(
        self, state: Optional[State] = None, limit: int = 100, before: Optional[int] = None
    ) -> List[JobView]:
        """Newest first; ``before``: only jobs with a smaller sequence number."""
        raise NotImplementedError

    async def delete(self, job_id: str) -> None:
        """Cancel the job if it runs, and remove every trace of it but the audit's. Raises `JobNotFound`."""
        raise NotImplementedError

    async def wipe(self) -> int:
        """Delete every job and every upload; how many jobs there were."""
        raise NotImplementedError

    def watch(self, job_id: str) -> AsyncIterator[JobView]:
        """The job now and after every change, at most ten times a second, until it is done, failed or deleted.

        Whoever is slow misses steps in between, never the last. Raises `JobNotFound` at the first step.
        """
        raise NotImplementedError

    def lease(self, job_id: str) -> ContextManager[JobFolder]:
        """The job's folder, whose segments are not removed before the lease ends (unless the job is deleted)."""
        raise NotImplementedError

    def health(self) -> Health:
        """Cheap enough to be asked every second."""
        raise NotImplementedError

    async def jobs_by_state(self) -> Dict[State, int]:
        """Every state, also those without jobs."""
        raise NotImplementedError

    async def queue_by_priority(self) -> Dict[Priority, int]:
        """Waiting jobs of every priority."""
        raise NotImplementedError

    def is_fresh(self, seconds: float) -> bool:
        """Whether jobs are being seen to and the worker gave a sign of life within so many seconds.

        A worker that is starting, loading networks or waiting to be restarted counts as fresh.
        """
        raise NotImplementedError
