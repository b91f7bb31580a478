"""One job after another through the worker, and what becomes of each however that ends."""

from __future__ import annotations

import asyncio
import logging
import shutil
import time
from pathlib import Path
from typing import Any, Callable, Dict, Optional, Sequence, Set

from ..errors import EngineError, JobNotFound, SonicError, StorageFull, WorkerCrashed
from ..files import sha256_of
from ..settings import Settings
from .job import Failure, Job
from .scheduler import Pace, is_set_aside, yields_to
from .storage.records import Records
from .storage.recovery import remove_half_made
from .view import Counters, LiveProgress
from .worker.messages import Message
from .worker.supervisor import Supervisor, WorkerLost, WorkerProcess

CANCEL_SECONDS = 3.0
"""A worker that has not let go of a job after so long is killed."""
STOP_SECONDS = 3.0
RETRY_SECONDS = 2.0
LONGEST_DETAIL = 2000
"""Characters of what an error has to say in the log."""

log = logging.getLogger(__name__)


class Running:
    """The job in the worker's hands."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.progress: Optional[LiveProgress] = None
        self.frames = job.frames
        self.pausing = False
        self.cancelled = False
        self.refusal: Optional[SonicError] = None
        """Why it has to end although nothing is wrong with the worker."""
        self.ended = asyncio.Event()
        self._pace = Pace()

    def advance(self, stage: str, done: int, total: int) -> None:
        rate = None
        if stage == "video":
            self.frames = total
            rate = self._pace.frames_per_second(time.monotonic(), done)
        eta = (total - done) / rate if rate else None
        self.progress = LiveProgress(stage, done, total, rate and round(rate, 1), eta if eta is None else round(eta, 1))


class Dispatcher:
    """Has the jobs of the store made. ``running`` is the one being made."""

    def __init__(
        self,
        command: Sequence[str],
        settings: Settings,
        records: Records,
        counters: Counters,
        changed: Callable[[Optional[str]], None],
        leased: Callable[[str], bool],
    ) -> None:
        """``changed`` is called with the number of a job that has changed, None where it may concern all of them.

        ``leased``: whether somebody still reads the segments of a job.
        """
        self.running: Optional[Running] = None
        self.doomed: Set[str] = set()
        """Jobs that are being deleted: not to be begun any more."""
        self.trouble: Optional[Failure] = None
        """Why the record of the jobs cannot be written at the moment."""
        self.supervisor = Supervisor(command, settings, self._progress, lambda: changed(None))
        self._longest = settings.limits.speech_minutes * 60
        self._records, self._counters, self._changed, self._leased = records, counters, changed, leased
        self._stopping = False

    def is_fresh(self, seconds: float) -> bool:
        """See `Engine.is_fresh`."""
        return self.supervisor.is_fresh(seconds)

    # --- from outside -------------------------------------------------------------------------------------------------

    def nudge(self) -> None:
        """Look at the queue again."""
        if self.supervisor.worker is not None:
            self.supervisor.worker.nudge()

    def arrived(self, job: Job) -> None:
        """A new job waits: begin it, or have the running one make room."""
        running, worker = self.running, self.supervisor.worker
        if running is None or worker is None:
            self.nudge()
        elif not running.pausing and yields_to(running.job.priority, job.priority):
            running.pausing = True
            worker.order({"do": "pause"})

    async def cancel(self, job_id: str) -> None:
        """Return when the worker has let go of a job, whatever that takes."""
        running, worker = self.running, self.supervisor.worker
        if running is None or running.job.id != job_id:
            return
        running.cancelled = True
        if worker is not None:
            worker.order({"do": "stop"})
        try:
            await asyncio.wait_for(running.ended.wait(), CANCEL_SECONDS)
        except asyncio.TimeoutError:
            if worker is not None:
                worker.kill()
            await running.ended.wait()

    async def run(self) -> None:
        """Make jobs until `stop`."""
        while not self._stopping:
            worker = await self.supervisor.ready()
            try:
                job = await self._patiently(self._take_next)
                if job is None or job.id in self.doomed:
                    await worker.hear()
                else:
                    await self._make(worker, job)
            except WorkerLost as lost:
                self._counters.crashes += 1
                log.error("the worker %s while idle", lost)
                self.supervisor.lost(idle=True)

    async def stop(self, task: asyncio.Task[None]) -> None:
        """End `run`, which is that task: the running job after its frame, to go on from there at the next start."""
        self._stopping = True
        running, worker = self.running, self.supervisor.worker
        if running is not None and worker is not None:
            worker.order({"do": "exit"})
            try:
                await asyncio.wait_for(running.ended.wait(), STOP_SECONDS)
            except asyncio.TimeoutError:
                log.warning("the worker does not stop and is killed")
                worker.kill()
                await asyncio.wait([asyncio.ensure_future(running.ended.wait())], timeout=1.0)
        task.cancel()
        await asyncio.wait([task])
        await self.supervisor.stop(1.0)

    # --- the job at work ----------------------------------------------------------------------------------------------

    def _take_next(self) -> Optional[Job]:
        """In the store's thread, in one go."""
        store = self._records.store
        job = store.next()
        if job is None or job.id in self.doomed:
            return job
        store.started(job.id)
        return store.get(job.id)

    async def _make(self, worker: WorkerProcess, job: Job) -> None:
        running = self.running = Running(job)
        log.info("job %s: begun%s", job.id, f" after segment {job.segments}" if job.segments else "")
        self._changed(None)
        try:
            worker.order(
                {
                    "do": "make",
                    "job": job.id,
                    "folder": str(self._records.folders.job(job.id).path),
                    "options": job.options,
                    "longest": self._longest,
                }
            )
            await self._follow(worker, running)
        except WorkerLost as lost:
            self.supervisor.lost(idle=False)
            await self._crashed(running, lost)
        except JobNotFound:
            pass  # deleted while it ended
        except EngineError as error:
            if not self._stopping:
                raise
            log.error("job %s: %s; the next start finds out what it has reached", job.id, error.detail)
        finally:
            self.running = None
            running.ended.set()
            self._changed(None)

    async def _follow(self, worker: WorkerProcess, running: Running) -> None:
        while True:
            for message in await worker.hear():
                if message.get("job") != running.job.id:
                    continue
                tell = message["tell"]
                if tell == "segment":
                    await self._segment(worker, running, message)
                elif tell == "done":
                    await self._done(running, message["result"])
                    return
                elif tell in ("failed", "stopped"):
                    await self._stopped_or_failed(running, message)
                    return

    def _progress(self, message: Message) -> None:
        running = self.running
        if running is not None and message["job"] == running.job.id:
            running.advance(message["stage"], message["done"], message["total"])
            self._changed(running.job.id)

    async def _segment(self, worker: WorkerProcess, running: Running, message: Message) -> None:
        """Note a finished segment. The files are what counts: where the note cannot be written, the job goes on."""
        job = running.job
        segments, frames_done = message["index"] + 1, message["first_frame"] + message["frames"]
        if segments <= job.segments or running.cancelled:
            return
        try:
            running.job = await self._records.call(self._note_segment, job, segments, frames_done, running.frames)
            self._changed(job.id)
        except StorageFull as error:
            # Either the rest of the video does not fit any more, or not even the note of this segment does.
            running.refusal = error
            worker.order({"do": "stop"})
        except JobNotFound:
            pass
        except EngineError as error:
            log.error("job %s: segment %d not noted: %s", job.id, segments, error.detail)

    def _note_segment(self, job: Job, segments: int, frames_done: int, frames: Optional[int]) -> Job:
        records = self._records
        reserved = records.guard.re_reserve(job, frames, frames_done) if frames else job.reserved
        records.store.segment(job.id, segments, frames_done, frames, reserved)
        return records.store.get(job.id)

    # --- how it ends --------------------------------------------------------------------------------------------------

    async def _done(self, running: Running, result: Dict[str, Any]) -> None:
        job = running.job
        await self._patiently(self._records.store.done, job.id, result)
        self._remove_segments(job.id)
        counters = self._counters
        counters.done += 1
        counters.frames += result["frames"]
        counters.video_seconds += result["duration"]
        for stage, seconds in result["seconds_per_stage"].items():
            counters.stage_seconds[stage] = counters.stage_seconds.get(stage, 0.0) + seconds
        log.info("job %s: done, %d frames", job.id, result["frames"])
        path = self._records.folders.job(job.id).video
        video = await asyncio.get_event_loop().run_in_executor(None, _fingerprint, path)
        await self._records.note("done", job=job.id, video=video, frames=result["frames"], seconds=result["duration"])
        self._remove_segments(job.id)

    async def _stopped_or_failed(self, running: Running, message: Message) -> None:
        """A job that had to be stopped often ends by an error of something that was stopped with it."""
        job = running.job
        if running.cancelled:
            return
        if running.refusal is not None:
            await self._fail(job, running.refusal)
        elif message["tell"] == "stopped" or self._stopping:
            log.info("job %s: stopped after segment %d", job.id, job.segments)
            await self._patiently(self._records.store.stopped, job.id)
        else:
            error = SonicError(message["detail"], message=message["message"], action=message["action"])
            await self._fail(job, error, message["code"])

    async def _crashed(self, running: Running, lost: WorkerLost) -> None:
        job = running.job
        log.error("job %s: the worker %s", job.id, lost)
        if running.cancelled:
            return
        if self._stopping:
            await self._patiently(self._records.store.stopped, job.id)
            return
        self._counters.crashes += 1
        await asyncio.get_running_loop().run_in_executor(None, remove_half_made, self._records.folders.job(job.id))
        job = await self._patiently(self._records.store.crashed, job.id)
        await self._records.note("crashed", job=job.id, how=str(lost), crashes=job.crashes)
        if is_set_aside(job):
            await self._fail(job, WorkerCrashed(str(lost)))

    async def _fail(self, job: Job, error: SonicError, code: str = "") -> None:
        code = code or error.code
        self._counters.failed += 1
        log.warning("job %s: failed, %s: %s", job.id, code, error.detail[:LONGEST_DETAIL])
        # First the space, so that a full disk can take the record.
        self._remove_segments(job.id)
        await self._patiently(self._records.store.failed, job.id, Failure(code, error.message, error.action))
        await self._records.note("failed", job=job.id, code=code)

    def _remove_segments(self, job_id: str) -> None:
        if not self._leased(job_id):
            shutil.rmtree(str(self._records.folders.job(job_id).segments), ignore_errors=True)

    async def _patiently(self, call: Callable[..., Any], *values: Any) -> Any:
        """A call of the store, repeated until it can be carried out: what a job has reached is not given up."""
        while True:
            try:
                result = await self._records.call(call, *values)
            except JobNotFound:
                raise
            except EngineError as error:
                if self._stopping:
                    raise
                if self.running is not None and self.running.cancelled:
                    raise JobNotFound(self.running.job.id) from error
                if self.trouble is None:
                    log.error("%s: %s", error.code, error.detail)
                    self.trouble = Failure(error.code, error.message, error.action)
                await asyncio.sleep(RETRY_SECONDS)
            else:
                self.trouble = None
                return result


def _fingerprint(video: Path) -> Optional[str]:
    """None where it is gone already."""
    try:
        return sha256_of(video)
    except OSError:
        return None
