"""Keeping one worker process running: started, listened to, killed when it hangs, started again when it died."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import subprocess
import time
from typing import Callable, List, Optional, Sequence

from ...errors import EngineError
from ...settings import Settings
from ..job import Failure
from ..scheduler import restart_delay
from .messages import BEAT_SECONDS, Message, decode, encode

LOAD_SECONDS = 180.0
"""Networks may take so long to load; meanwhile the worker can give no sign of life."""

BLOCK = 1 << 16

log = logging.getLogger(__name__)


class WorkerLost(Exception):
    """The worker is gone; the message says how it ended."""


class WorkerProcess:
    """One run of the worker, from its start to its death."""

    def __init__(
        self, command: Sequence[str], hang_seconds: float, progress: Callable[[Message], None] = lambda message: None
    ) -> None:
        """Start it. ``progress`` is called at once with every message "progress". Raises OSError."""
        self.ready = False
        self.busy = False
        """It was given a job and has not said how that ended."""
        self._hang_seconds = hang_seconds
        self._progress = progress
        self._loading = True
        self._heard = True
        self._heard_at = time.monotonic()
        self._unread = b""
        self._messages: List[Message] = []
        self._stirred = asyncio.Event()
        self._closed = False
        self._loop = asyncio.get_running_loop()
        self._report, theirs = os.pipe()
        try:
            self._process = subprocess.Popen(
                [*command, "--report", str(theirs), "--parent", str(os.getpid())],
                stdin=subprocess.PIPE,
                bufsize=0,
                pass_fds=(theirs,),
                start_new_session=True,
            )
        except OSError:
            os.close(self._report)
            raise
        finally:
            os.close(theirs)
        os.set_blocking(self._report, False)
        self._loop.add_reader(self._report, self._read)

    @property
    def pid(self) -> int:
        return self._process.pid

    def is_fresh(self, seconds: float) -> bool:
        """Whether it gave a sign of life within so many seconds, or is loading."""
        return time.monotonic() - self._heard_at < (LOAD_SECONDS if self._loading else seconds)

    def order(self, message: Message) -> None:
        """Tell it something; lost on a dead worker, of which `hear` will know."""
        if message["do"] == "make":
            self.busy = True
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(encode(message))
        except (BrokenPipeError, ValueError):
            pass

    def nudge(self) -> None:
        """Make `hear` return."""
        self._stirred.set()

    async def hear(self) -> List[Message]:
        """What it has said since the last call, beats and progress left out; waits until there is something.

        Empty after a `nudge`. Raises `WorkerLost` when it has ended, or was silent too long and therefore killed.
        """
        # Silence is counted in slices that passed while we were listening: whoever stops and continues the whole
        # service does not make its worker look hung.
        silence, slice_seconds = 0.0, min(BEAT_SECONDS, self._hang_seconds / 4)
        while not self._stirred.is_set():
            self._heard = False
            try:
                await asyncio.wait_for(self._stirred.wait(), slice_seconds)
            except asyncio.TimeoutError:
                silence = 0.0 if self._heard else silence + slice_seconds
                if silence >= (max(LOAD_SECONDS, self._hang_seconds) if self._loading else self._hang_seconds):
                    self.kill()
                    await self.ended()
                    raise WorkerLost(f"no sign of life for {silence:.0f} s, killed") from None
        self._stirred.clear()
        if self._messages:
            messages, self._messages = self._messages, []
            if self._closed:
                self._stirred.set()  # these first, its end at the next call
            return messages
        if self._closed:
            raise WorkerLost(_manner(await self.ended()))
        return []

    def kill(self) -> None:
        """End it at once, with every ffmpeg it started."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    async def ended(self, seconds: Optional[float] = None) -> int:
        """Wait for its end and clean up behind it; the exit status as `subprocess` has it.

        ``seconds``: after so many it is killed.
        """
        waiting = self._loop.run_in_executor(None, self._wait)
        try:
            await asyncio.wait_for(asyncio.shield(waiting), seconds)
        except asyncio.TimeoutError:
            self.kill()
        status = await waiting
        self._close()
        if self._process.stdin is not None:
            self._process.stdin.close()
        return status

    def _wait(self) -> int:
        # Its group can be killed without hitting a stranger's as long as its own number is not given back.
        if self._process.returncode is None:
            os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT)
            self.kill()
        return self._process.wait()

    def _read(self) -> None:
        try:
            data = os.read(self._report, BLOCK)
        except BlockingIOError:
            return
        if not data:
            self._close()
            return
        *lines, self._unread = (self._unread + data).split(b"\n")
        for line in lines:
            message = decode(line)
            if message is not None:
                self._take(message)

    def _take(self, message: Message) -> None:
        self._heard, self._heard_at = True, time.monotonic()
        tell = message.get("tell")
        self._loading = tell == "progress" and message.get("stage") == "models"
        if tell == "progress":
            self._progress(message)
        elif tell != "beat":
            if tell in ("done", "failed", "stopped"):
                self.busy = False
            self._messages.append(message)
            self._stirred.set()

    def _close(self) -> None:
        if not self._closed:
            self._closed = True
            self._loop.remove_reader(self._report)
            os.close(self._report)
            self._stirred.set()


class Supervisor:
    """Has a worker ready whenever one can be had. ``trouble`` says why there is none."""

    def __init__(
        self,
        command: Sequence[str],
        settings: Settings,
        progress: Callable[[Message], None],
        changed: Callable[[], None],
    ) -> None:
        """``changed`` is called when the state of the worker is another one."""
        self.worker: Optional[WorkerProcess] = None
        self.trouble: Optional[Failure] = None
        self._command = [*command, *_arguments(settings)]
        self._hang_seconds = settings.engine.hang_seconds
        self._progress = progress
        self._changed = changed
        self._failures = 0

    @property
    def state(self) -> str:
        """ "starting", "ready", "busy" or "down"."""
        if self.worker is None:
            return "down" if self.trouble else "starting"
        if not self.worker.ready:
            return "starting"
        return "busy" if self.worker.busy else "ready"

    def is_fresh(self, seconds: float) -> bool:
        return self.worker is None or self.worker.is_fresh(seconds)

    async def ready(self) -> WorkerProcess:
        """The worker, started if need be; tries again, ever less often, until it comes up."""
        while True:
            if self.worker is None:
                await asyncio.sleep(restart_delay(self._failures))
            try:
                if self.worker is None:
                    self.worker = WorkerProcess(self._command, self._hang_seconds, self._progress)
                if self.worker.ready:
                    return self.worker
                for message in await self.worker.hear():
                    self._heed(message, self.worker)
            except (WorkerLost, OSError) as error:
                self.worker = None
                self._failures += 1
                self.trouble = self.trouble or failure_of(_NotStarting())
                log.error("the worker does not start (%s); next try in %g s", error, restart_delay(self._failures))
                self._changed()

    def lost(self, idle: bool) -> None:
        """Forget a worker that has ended. Where no job can have been the reason, the next one starts a little later."""
        self.worker = None
        self._failures = 1 if idle else 0
        self._changed()

    async def stop(self, seconds: float) -> None:
        """Let the worker leave; after so many seconds, or if it was never ready, kill it."""
        worker, self.worker = self.worker, None
        if worker is None:
            return
        if worker.ready:
            worker.order({"do": "exit"})
        else:
            worker.kill()
        await worker.ended(seconds)

    def _heed(self, message: Message, worker: WorkerProcess) -> None:
        if message["tell"] == "ready":
            worker.ready = True
            self._failures, self.trouble = 0, None
            log.info("worker %d is ready", worker.pid)
            self._changed()
        elif message["tell"] == "failed":
            self.trouble = Failure(message["code"], message["message"], message["action"])
            log.error("%s: %s", message["code"], message["detail"])


class _NotStarting(EngineError):
    message = "The program that makes the videos does not start."
    action = "Run `appliance doctor`; the log says where it ended."


def failure_of(error: EngineError) -> Failure:
    return Failure(error.code, error.message, error.action)


def _arguments(settings: Settings) -> List[str]:
    limits = settings.limits
    return [
        f"--runtime={settings.engine.runtime}",
        f"--precision={settings.engine.precision}",
        f"--memory-megabytes={limits.worker_memory_megabytes}",
        f"--file-megabytes={limits.worker_file_megabytes}",
    ]


def _manner(status: int) -> str:
    return f"ended by signal {-status}" if status < 0 else f"ended with status {status}"
