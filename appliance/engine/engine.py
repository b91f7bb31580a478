"""The engine: takes jobs, has them made one after another in a worker process, and answers for every one of them."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import errno
import logging
import shutil
import sys
import uuid
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any, AsyncIterator, Dict, Iterator, List, Optional, Sequence, Set, Tuple

from ..errors import (
    ConsentMissing,
    EngineError,
    EngineUnavailable,
    IdempotencyConflict,
    JobNotFound,
    QueueFull,
    RequestInvalid,
    SonicError,
    StorageFull,
    UploadTooLarge,
)
from ..settings import MakeOptions, Settings
from .dispatcher import Dispatcher
from .job import Failure, Job, Priority, State
from .service.machine import temperature
from .storage.folders import JobFolder
from .storage.guard import Removal, declared_seconds
from .storage.records import Records
from .upload import Content, Upload, move_to, take_in
from .view import Counters, Health, JobView
from .watch import Watchers

WORKER = (sys.executable, "-m", "appliance.engine.worker")

RETENTION_SECONDS = 300.0
VIEWS_PER_SECOND = 10
MEGABYTE = 1 << 20
FORM_BYTES = 1 << 16
"""What a request may hold beside its files."""

log = logging.getLogger(__name__)


class Engine:
    """Lives on one event loop: create, `start`, use and `stop` it there. Everything it raises is a `SonicError`."""

    def __init__(self, settings: Settings, worker_command: Optional[Sequence[str]] = None) -> None:
        """``worker_command``: what is run as the worker; default this Python with `appliance.engine.worker`."""
        self.counters = Counters()
        self._settings = settings
        self._command = WORKER if worker_command is None else worker_command
        self._records = Records(settings)
        self._watchers = Watchers()
        self._uploads: Set[Upload] = set()
        self._leases: Counter[str] = Counter()
        self._tasks: List[asyncio.Task[None]] = []
        self._running = False

    # --- life ---------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Recover what an earlier run left, start the worker. Jobs are taken from now on.

        Raises `OutputError` where the state folder cannot be used, and what `Store` raises.
        """
        hollow = await self._records.open()
        self._dispatcher = Dispatcher(
            self._command,
            self._settings,
            self._records,
            self.counters,
            self._watchers.changed,
            lambda job_id: self._leases[job_id] > 0,
        )
        self._running = True
        for removal in hollow:
            await self._remove(removal)
        self._dispatching = asyncio.ensure_future(self._dispatcher.run())
        self._dispatching.add_done_callback(_say_why)
        self._retaining = asyncio.ensure_future(self._retain())
        self._retaining.add_done_callback(_say_why)

    async def stop(self) -> None:
        """End the worker after the frame it is making, keep its job for the next start; takes less than 5 s."""
        if not self._running:
            return
        self._running = False
        self._retaining.cancel()
        await asyncio.wait([self._retaining])
        await self._dispatcher.stop(self._dispatching)
        for upload in list(self._uploads):
            upload.discard()
        self._watchers.changed()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self._records.close()

    # --- taking jobs --------------------------------------------------------------------------------------------------

    async def begin_upload(self, content_length: Optional[int], key: Optional[str] = None) -> Upload:
        """A place for the files of a new job, before a byte of them is read.

        ``content_length``: of the whole request, where it is known. ``key``: of a job that may have been taken already;
        whoever only repeats it is let in even if nobody else is. Raises `QueueFull`, `StorageFull`,
        `UploadTooLarge`, `EngineUnavailable`.
        """
        self._check_running()
        limits = self._settings.limits
        length = content_length or 0
        if length > (limits.photo_megabytes + limits.speech_megabytes) * MEGABYTE + FORM_BYTES:
            raise UploadTooLarge()
        if key is None or await self._records.call(self._records.store.find_key, key) is None:
            await self._check_queue(len(self._uploads))
        # How long the recording is, is not known yet; what is sure is that these bytes come.
        await self._reserve(length, 0, seconds=0.0)
        try:
            upload = Upload(self._records.folders.incoming / uuid.uuid4().hex, length, self._uploads.discard)
        except OSError as error:
            raise _storage(error) from error
        self._uploads.add(upload)
        return upload

    async def submit(
        self, upload: Upload, options: MakeOptions, priority: Priority, consent: bool, key: Optional[str]
    ) -> Tuple[JobView, bool]:
        """Make a job of what was uploaded; False if ``key`` already had one of the same content, which is returned.

        Takes the upload over: however this ends, its folder is gone. Raises `ConsentMissing`, `IdempotencyConflict`,
        `QueueFull`, `StorageFull`, `UploadTooLarge`, `RequestInvalid`, `EngineUnavailable`.
        """
        try:
            job, is_new = await self._accept(upload, _changed_knobs(options), options, priority, consent, key)
        except OSError as error:
            raise _storage(error) from error
        finally:
            await asyncio.get_event_loop().run_in_executor(None, upload.discard)
        if is_new:
            self.counters.submitted += 1
            log.info("job %s: taken, priority %s", job.id, priority.name.lower())
            self._dispatcher.arrived(job)
            self._watchers.changed()
        return await self._view(job), is_new

    async def _accept(
        self,
        upload: Upload,
        knobs: Dict[str, Any],
        options: MakeOptions,
        priority: Priority,
        consent: bool,
        key: Optional[str],
    ) -> Tuple[Job, bool]:
        self._check_running()
        if self._settings.consent.required and not consent:
            raise ConsentMissing()
        if not (upload.open and upload.photo.is_file() and upload.speech.is_file()):
            raise RequestInvalid(message="Photo or recording are missing.", action="Send both.")
        content: Content = await asyncio.get_event_loop().run_in_executor(None, take_in, upload)
        self._check_sizes(content)
        fingerprint = content.fingerprint(knobs, priority)
        if key is not None:
            known = await self._records.call(self._records.store.find_key, key)
            if known is not None:
                if known[1] != fingerprint:
                    raise IdempotencyConflict(f"job {known[0].id}")
                return known[0], False
        await self._check_queue(0)
        upload.close()  # its bytes are on the disk now
        reserved = await self._reserve(
            content.speech_bytes,
            content.photo_bytes,
            seconds=declared_seconds(upload.speech),
            resolution=options.min_resolution,
            arrived=True,
        )
        job_id = uuid.uuid4().hex
        folder = self._records.folders.job(job_id).path
        # First the folder, then the record: a power cut in between leaves a folder without a job, which the next
        # start removes.
        await asyncio.get_event_loop().run_in_executor(None, move_to, upload, folder)
        try:
            job, is_new = await self._records.call(
                self._records.store.add, job_id, priority, knobs, consent, reserved, key, fingerprint
            )
        except BaseException:
            shutil.rmtree(str(folder), ignore_errors=True)
            raise
        if not is_new:
            shutil.rmtree(str(folder), ignore_errors=True)
            return job, False
        await self._records.note(
            "submitted", job=job.id, photo=content.photo, speech=content.speech, options=knobs,
            priority=priority.name.lower(), consent=consent,
        )  # fmt: skip
        return job, True

    def _check_running(self) -> None:
        if not self._running:
            raise EngineUnavailable("not started, or stopping", message="The engine is not taking jobs at the moment.")

    def _check_sizes(self, content: Content) -> None:
        limits = self._settings.limits
        if content.photo_bytes > limits.photo_megabytes * MEGABYTE:
            raise UploadTooLarge(message=f"The photo is larger than {limits.photo_megabytes} MB.")
        if content.speech_bytes > limits.speech_megabytes * MEGABYTE:
            raise UploadTooLarge(message=f"The recording is larger than {limits.speech_megabytes} MB.")

    async def _check_queue(self, on_their_way: int) -> None:
        counts = await self._records.call(self._records.store.counts)
        if counts[State.QUEUED] + on_their_way >= self._settings.limits.queue_length:
            raise QueueFull(f"{counts[State.QUEUED]} waiting, {on_their_way} on their way")

    async def _reserve(self, speech_bytes: int, photo_bytes: int, **how: Any) -> int:
        """What the job may need; where that is not free, finished jobs are removed that have to go anyway."""
        pledged = sum(upload.expected for upload in self._uploads)
        reserve = partial(self._records.guard.reserve_for, speech_bytes, photo_bytes, pledged=pledged, **how)
        try:
            bytes_reserved: int = await self._records.call(reserve)
        except StorageFull:
            if not await self.remove_expired():
                raise
            bytes_reserved = await self._records.call(reserve)
        return bytes_reserved

    # --- looking ------------------------------------------------------------------------------------------------------

    async def get(self, job_id: str) -> JobView:
        """Raises `JobNotFound`."""
        return await self._view(await self._records.call(self._records.store.get, job_id))

    async def list(
        self, state: Optional[State] = None, limit: int = 100, before: Optional[int] = None
    ) -> List[JobView]:
        """Newest first; ``before``: only jobs with a smaller sequence number."""
        jobs = await self._records.call(self._list, state, limit, before)
        return [self._live(job, position) for job, position in jobs]

    async def find(self, key: str) -> Optional[JobView]:
        """The job of an idempotency key; None where there is none, or no longer."""
        known = await self._records.call(self._records.store.find_key, key)
        return await self._view(known[0]) if known else None

    async def watch(self, job_id: str) -> AsyncIterator[JobView]:
        """The job now and after every change, at most ten times a second, until it is done, failed or deleted.

        Whoever is slow misses steps in between, never the last. Raises `JobNotFound` at the first step.
        """
        loop = asyncio.get_event_loop()
        with self._watchers.watching(job_id) as flag:
            view = await self.get(job_id)
            while True:
                yield view
                if view.job.state in (State.DONE, State.FAILED):
                    return
                shown, shown_at = view, loop.time()
                while view == shown:
                    await flag.wait()
                    await asyncio.sleep(shown_at + 1 / VIEWS_PER_SECOND - loop.time())
                    flag.clear()
                    try:
                        view = await self.get(job_id)
                    except (JobNotFound, EngineUnavailable):
                        return

    @contextlib.contextmanager
    def lease(self, job_id: str) -> Iterator[JobFolder]:
        """The job's folder, whose segments are not removed before the lease ends (unless the job is deleted)."""
        self._leases[job_id] += 1
        try:
            yield self._records.folders.job(job_id)
        finally:
            self._leases[job_id] -= 1
            if not self._leases[job_id]:
                del self._leases[job_id]
                self._in_background(self._remove_segments(job_id))

    def health(self) -> Health:
        """Cheap enough to be asked every second."""
        if not self._running:
            return Health("stopping", "down")
        supervisor = self._dispatcher.supervisor
        trouble = self._dispatcher.trouble or supervisor.trouble
        if self._dispatching.done():
            trouble = Failure(EngineError.code, "The engine has stopped making videos.", "Start the service again.")
        starting = supervisor.state in ("starting", "down")
        words = (trouble.code, trouble.message, trouble.action) if trouble else ("", "", "")
        try:
            free: Optional[int] = self._records.guard.free()
        except OSError:
            free = None
        status = "degraded" if trouble else "starting" if starting else "ok"
        return Health(status, supervisor.state, *words, free_bytes=free, temperature=temperature())

    async def jobs_by_state(self) -> Dict[State, int]:
        """Every state, also those without jobs."""
        counts: Dict[State, int] = await self._records.call(self._records.store.counts)
        return counts

    async def queue_by_priority(self) -> Dict[Priority, int]:
        """Waiting jobs of every priority."""
        waiting: Dict[Priority, int] = await self._records.call(self._records.store.queue_by_priority)
        return waiting

    def is_fresh(self, seconds: float) -> bool:
        """Whether jobs are being seen to and the worker gave a sign of life within so many seconds.

        A worker that is starting, loading networks or waiting to be restarted counts as fresh.
        """
        return self._running and not self._dispatching.done() and self._dispatcher.is_fresh(seconds)

    def _list(self, state: Optional[State], limit: int, before: Optional[int]) -> List[Tuple[Job, Optional[int]]]:
        """In the store's thread, in one go."""
        return [(job, self._position(job)) for job in self._records.store.list(state, limit, before)]

    def _position(self, job: Job) -> Optional[int]:
        return self._records.store.position(job.id) if job.state is State.QUEUED else None

    async def _view(self, job: Job) -> JobView:
        return self._live(job, await self._records.call(self._position, job))

    def _live(self, job: Job, position: Optional[int]) -> JobView:
        running = self._dispatcher.running
        if job.state is State.RUNNING and running is not None and running.job.id == job.id:
            return JobView(job, None, running.progress)
        return JobView(job, position)

    # --- removing -----------------------------------------------------------------------------------------------------

    async def delete(self, job_id: str) -> None:
        """Cancel the job if it runs, and remove every trace of it but the audit's. Raises `JobNotFound`."""
        await self._records.call(self._records.store.get, job_id)
        await self._erase(job_id)
        self.counters.deleted += 1
        log.info("job %s: deleted", job_id)
        await self._records.note("deleted", job=job_id)

    async def wipe(self) -> int:
        """Delete every job and every upload; how many jobs there were."""
        for upload in list(self._uploads):
            await asyncio.get_event_loop().run_in_executor(None, upload.discard)
        count = 0
        while True:
            jobs: List[Job] = await self._records.call(self._records.store.list)
            if not jobs:
                break
            self._dispatcher.doomed.update(job.id for job in jobs)
            for job in jobs:
                with contextlib.suppress(JobNotFound):
                    await self.delete(job.id)
                    count += 1
        await self._records.note("wiped", jobs=count)
        return count

    async def remove_expired(self) -> int:
        """Remove the finished jobs that are too old or whose space is needed; how many."""
        removals: List[Removal] = await self._records.call(self._records.guard.expired)
        for removal in removals:
            await self._remove(removal)
        return len(removals)

    async def _remove(self, removal: Removal) -> None:
        job_id = removal.job.id
        with contextlib.suppress(JobNotFound):
            await self._erase(job_id)
            self.counters.expired += 1
            log.info("job %s: removed, %s", job_id, removal.reason)
            await self._records.note("expired", job=job_id, reason=removal.reason)

    async def _erase(self, job_id: str) -> None:
        """First the files, so that a full disk can take the record of it."""
        doomed = self._dispatcher.doomed
        doomed.add(job_id)
        try:
            await self._dispatcher.cancel(job_id)
            await asyncio.get_event_loop().run_in_executor(None, _unlink, self._records.folders.job(job_id).path)
            await self._records.call(self._records.store.delete, job_id)
        finally:
            doomed.discard(job_id)
            self._watchers.changed()
            self._dispatcher.nudge()

    async def _retain(self) -> None:
        while True:
            try:
                await self.remove_expired()
            except SonicError as error:
                log.error("%s: %s", error.code, error.detail)
            await asyncio.sleep(RETENTION_SECONDS)

    async def _remove_segments(self, job_id: str) -> None:
        """Of a job that has come to its end while somebody watched."""
        with contextlib.suppress(SonicError):
            job = await self._records.call(self._records.store.get, job_id)
            if job.state in (State.DONE, State.FAILED) and not self._leases[job_id]:
                shutil.rmtree(str(self._records.folders.job(job_id).segments), ignore_errors=True)

    # --- inside -------------------------------------------------------------------------------------------------------

    def _in_background(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.append(task)
        task.add_done_callback(self._tasks.remove)


def _changed_knobs(options: MakeOptions) -> Dict[str, Any]:
    """The fields that differ from their default."""
    knobs = ((knob.name, getattr(options, knob.name), knob.default) for knob in dataclasses.fields(options))
    return {name: value for name, value, default in knobs if value != default}


def _storage(error: OSError) -> SonicError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageFull(str(error.strerror))
    return EngineError(str(error.strerror), message="The files of the job could not be kept.")


def _unlink(folder: Path) -> None:
    try:
        shutil.rmtree(str(folder))
    except FileNotFoundError:
        pass
    except OSError as error:
        raise EngineError(str(error.strerror), message="The files of the job could not be removed.") from error


def _say_why(task: asyncio.Task[None]) -> None:
    """A task that should never end by itself has ended; the watchdog will have the service started again."""
    if not task.cancelled() and task.exception() is not None:
        log.critical("a part of the engine has failed", exc_info=task.exception())
