"""A real `appliance serve` of our own: own state folder, own socket, own log."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Dict, Iterator, List, Optional, Type

from ...engine.client import EngineClient
from ...engine.job import State
from ...engine.storage.folders import Folders
from ...engine.view import JobView
from ...errors import EngineUnavailable, SonicError
from ..processes import children

FINAL = (State.DONE, State.FAILED)
START_SECONDS = 120.0


class Service:
    """A context manager that starts the service and at its end kills what is left of it.

    ``settings``: as environment variables without their prefix, ``LIMITS_QUEUE_LENGTH="5"``.
    """

    def __init__(self, folder: Path, state: Optional[Path] = None, **settings: str) -> None:
        """``folder``: for its log, and its state if ``state`` names no other place."""
        folder.mkdir(exist_ok=True)
        self.log = folder / "log"
        self.folders = Folders(state or folder / "state")
        # The path of a socket must be short, whatever the folder is called.
        self._run = tempfile.TemporaryDirectory(prefix="sonic")
        self.socket = Path(self._run.name) / "engine.sock"
        no_settings = folder / "settings.toml"
        no_settings.touch()
        ours = {"ENGINE_STATE": str(self.folders.state), "ENGINE_SOCKET": str(self.socket), **settings}
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SONIC_")}
        self._environment: Dict[str, str] = {
            **kept,
            "SONIC_SETTINGS": str(no_settings),
            **{f"SONIC_{name}": value for name, value in ours.items()},
        }
        self._process: Optional[subprocess.Popen[bytes]] = None

    def __enter__(self) -> Service:
        self.start()
        self.wait_until_ready()
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Any, trace: Optional[TracebackType]) -> None:
        if self._process is not None and self._process.poll() is None:
            self.kill()
        self._run.cleanup()

    def start(self) -> None:
        with open(str(self.log), "ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "appliance", "serve"],
                env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip

    def wait_until_ready(self) -> None:
        """Until the networks are loaded. Raises `SonicError` if that does not come."""
        with self.client() as client:
            deadline = time.monotonic() + START_SECONDS
            while time.monotonic() < deadline and self.alive:
                with contextlib.suppress(EngineUnavailable):
                    if client.health().worker in ("ready", "busy"):
                        return
                time.sleep(0.02)
        raise SonicError(message="The service does not start.", action=self.log.read_text()[-2000:])

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def worker(self) -> Optional[int]:
        """Process number of the worker; None while there is none."""
        return next((child for child in children(self.pid) if b"engine.worker" in _command_line(child)), None)

    def stop(self) -> int:
        """Ask it to end, as systemd does; the exit status."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(30)

    def kill(self) -> None:
        """``kill -9`` of the main process alone."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def client(self, **how: Any) -> EngineClient:
        return EngineClient(self.socket, **how)

    def finished(self, job_id: str) -> JobView:
        """The job, once it is done or failed."""
        with self.client() as client:
            for view in client.events(job_id):
                if view.job.state in FINAL:
                    return view
        raise EngineUnavailable("the events ended early")

    def jobs(self) -> List[JobView]:
        """All of them, oldest first."""
        found: List[JobView] = []
        with self.client() as client:
            while True:
                page = client.jobs(before=found[-1].job.sequence if found else None)
                if not page:
                    return found[::-1]
                found += page

    def videos(self) -> int:
        """How many are finished, counted on the disk: cheap, and possible while the service is dead."""
        return sum(1 for _ in self.folders.jobs.glob("*/video.mp4"))

    def said(self, words: str) -> int:
        """How many lines of its log hold these words."""
        return sum(words in line for line in self.log.read_text(errors="replace").splitlines())


@contextlib.contextmanager
def stopped(*pids: int) -> Iterator[None]:
    """Processes that stand still meanwhile."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def _command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
