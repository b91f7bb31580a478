"""A running `appliance serve` with the toy for a worker, as its clients and its service manager see it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional

import httpx
from engine import toy_worker
from engine.engines import PATIENCE_SECONDS, files_below, open_gate
from helpers import REPOSITORY

from appliance.engine.client import EngineClient
from appliance.engine.job import State
from appliance.engine.view import JobView
from appliance.errors import EngineUnavailable

SERVICE = (sys.executable, "-W", "error", str(Path(__file__).with_name("toy_service.py")))


class Service:
    """``settings``: as environment variables, without their prefix: ``LIMITS_QUEUE_LENGTH="5"``."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.socket = folder / "run" / "engine.sock"
        self.log = folder / "log"
        ours = {
            "ENGINE_STATE": str(self.state),
            "ENGINE_SOCKET": str(self.socket),
            "RETENTION_KEEP_FREE_MEGABYTES": "0",
            **settings,
        }
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SONIC_")}
        paths = os.pathsep.join((str(REPOSITORY), str(REPOSITORY / "tests")))
        self.environment = {**kept, "PYTHONPATH": paths, **{f"SONIC_{name}": value for name, value in ours.items()}}
        self.process: Optional[subprocess.Popen[bytes]] = None

    def start(self, wait: bool = True, command: Any = SERVICE, **how: Any) -> None:
        with open(str(self.log), "ab") as log:
            self.process = subprocess.Popen(command, env=self.environment, stderr=log, **how)
        if wait:
            self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Until jobs are taken and the worker waits for them."""
        with self.client() as client:
            for _ in patiently():
                with contextlib.suppress(EngineUnavailable):
                    if client.health().status == "ok":
                        return
                assert self.process is not None and self.process.poll() is None, self.log.read_text()

    def stop(self, number: int = signal.SIGTERM) -> int:
        """The exit status."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_SECONDS)

    def client(self, **how: Any) -> EngineClient:
        return EngineClient(self.socket, **how)

    def http(self) -> httpx.Client:
        """For what the client would never do."""
        return httpx.Client(
            transport=httpx.HTTPTransport(uds=str(self.socket)), base_url="http://engine", timeout=PATIENCE_SECONDS
        )

    def submit(self, photo: bytes = b"photo", how: Optional[Dict[str, Any]] = None, **behaviour: float) -> str:
        """The number of a job; ``behaviour`` of the toy."""
        photo_path, speech_path = self.inputs(photo, **behaviour)
        with self.client() as client:
            return client.submit(photo_path, speech_path, **(how or {})).job.id

    def inputs(self, photo: bytes = b"photo", **behaviour: float) -> List[Path]:
        paths = [self.folder / "a photo", self.folder / "a recording"]
        paths[0].write_bytes(photo)
        paths[1].write_bytes(toy_worker.speech(**behaviour))
        return paths

    def wait_for(self, job_id: str, *states: State) -> JobView:
        with self.client() as client:
            for _ in patiently():
                view = client.job(job_id)
                if view.job.state in states:
                    return view
        raise AssertionError(view)

    def open_gate(self, job_id: str) -> None:
        open_gate(self.state, job_id)

    def uploads(self) -> List[str]:
        return files_below(self.state / "incoming")


def patiently() -> Iterator[None]:
    """Look again and again, until the test has failed."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        yield
        time.sleep(0.02)
    raise AssertionError("nothing came of it")


@contextlib.contextmanager
def running_service(**settings: str) -> Iterator[Service]:
    """In a folder whose name is short enough for a socket."""
    folder = Path(tempfile.mkdtemp(prefix="sonic"))
    service = Service(folder, **settings)
    try:
        service.start()
        yield service
    finally:
        if service.process is not None and service.process.poll() is None:
            service.process.kill()
            service.process.wait()
        shutil.rmtree(str(folder))
