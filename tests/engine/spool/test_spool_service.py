"""`appliance spool` as a process beside a running engine: what users, the service manager and a power cut do to it."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Dict, Iterator, List, Optional

import pytest
from engine import toy_worker
from engine.engines import PATIENCE_SECONDS, files_below, open_gate
from engine.services import Service, patiently, running_service
from helpers import REPOSITORY, appliance

SPOOL = (sys.executable, "-W", "error", "-m", "appliance", "spool")


class SpoolProcess:
    def __init__(self, service: Service) -> None:
        self.folder = service.folder / "spool"
        self.folder.mkdir(exist_ok=True)
        self.log = service.folder / "spool.log"
        self._environment = {**service.environment, "PYTHONPATH": str(REPOSITORY)}
        self.process: Optional[subprocess.Popen[bytes]] = None

    def start(self, **environment: str) -> None:
        with open(str(self.log), "ab") as log:
            self.process = subprocess.Popen(
                [*SPOOL, str(self.folder)], env={**self._environment, **environment}, stderr=log
            )

    def stop(self, number: int = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_SECONDS)

    def put(self, name: str, **behaviour: float) -> bytes:
        """A photo and a recording; the video that the toy makes of them."""
        recording = toy_worker.speech(**behaviour)
        (self.folder / f"{name}.jpg").write_bytes(b"photo")
        (self.folder / f"{name}.wav").write_bytes(recording)
        return toy_worker.video(recording)

    def wait_for(self, *names: str) -> None:
        for _ in patiently():
            if self.seen() == sorted(names):
                return

    def seen(self) -> List[str]:
        return sorted(path.name for path in self.folder.iterdir() if not path.name.startswith("."))


@contextlib.contextmanager
def spooling(service: Service) -> Iterator[SpoolProcess]:
    spool = SpoolProcess(service)
    try:
        yield spool
    finally:
        if spool.process is not None and spool.process.poll() is None:
            spool.process.kill()
            spool.process.wait()


def jobs_ever(service: Service) -> int:
    with service.client() as client:
        job_id = service.submit()
        return client.job(job_id).job.sequence - 1


def test_what_is_put_into_the_folder_becomes_videos_and_reasons(service: Service) -> None:
    with spooling(service) as spool:
        spool.start()
        video = spool.put("good", segments=3)
        spool.put("bad", fail=1)
        spool.wait_for("bad.error.txt", "bad.jpg", "bad.wav", "good.mp4")
        assert (spool.folder / "good.mp4").read_bytes() == video
        assert "No speech can be heard" in (spool.folder / "bad.error.txt").read_text("utf-8-sig")
        with service.client() as client:
            for _ in patiently():
                if client.jobs() == []:
                    break
        assert spool.stop() == 0
        assert "good" not in spool.log.read_text()
    assert files_below(service.state / "jobs") == []
    assert service.uploads() == []
    assert jobs_ever(service) == 2


def test_nothing_is_lost_or_made_twice_when_both_are_killed(service: Service) -> None:
    with spooling(service) as spool:
        spool.start()
        videos = {name: spool.put(name, segments=4, gate=2, wide=64 + 32 * number) for number, name in enumerate("ab")}
        with service.client() as client:
            for _ in patiently():
                if len(client.jobs()) == 2:
                    break
            ids = [view.job.id for view in client.jobs()]
        spool.stop(signal.SIGKILL)
        service.stop(signal.SIGKILL)
        spool.start()
        for _ in patiently():  # it waits for the engine
            if "nothing is lost" in spool.log.read_text():
                break
        service.start()
        for _ in patiently():
            for job_id in ids:
                with contextlib.suppress(FileNotFoundError):
                    open_gate(service.state, job_id)
            if spool.seen() == ["a.mp4", "b.mp4"]:
                break
        for name, video in videos.items():
            assert (spool.folder / f"{name}.mp4").read_bytes() == video
    assert jobs_ever(service) == 2


def test_the_service_manager_hears_of_it_and_stops_it_at_once(service: Service) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager, spooling(service) as spool:
        manager.bind(str(service.folder / "notify"))
        manager.settimeout(PATIENCE_SECONDS)
        spool.start(NOTIFY_SOCKET=str(service.folder / "notify"), WATCHDOG_USEC="1000000")
        assert manager.recv(1000).startswith(b"READY=1")
        spool.put("long", gate=0)
        signs = 0
        while signs < 3:
            signs += manager.recv(1000) == b"WATCHDOG=1"
        for _ in patiently():
            if b"1 in the engine" in manager.recv(1000):
                break
        began = time.monotonic()
        assert spool.stop() == 0
        assert time.monotonic() - began < PATIENCE_SECONDS / 4
        while manager.recv(1000) != b"STOPPING=1\nSTATUS=stopping":
            pass
        assert spool.seen() == ["long.jpg", "long.wav"]


def test_a_folder_that_comes_back_is_served_again(service: Service) -> None:
    with spooling(service) as spool:
        spool.start()
        away = spool.folder.with_name("away")
        for _ in patiently():
            if "Watching" in spool.log.read_text():
                break
        spool.folder.rename(away)
        for _ in patiently():
            if "Waiting for the folder" in spool.log.read_text():
                break
        away.rename(spool.folder)
        spool.put("A")
        spool.wait_for("A.mp4")


WRONG: Dict[str, List[str]] = {"no folder": [], "missing folder": ["missing"], "wrong knob": ["", "--smooth", "9"]}


@pytest.mark.parametrize("arguments", WRONG.values(), ids=WRONG)
def test_wrong_usage_is_refused(arguments: List[str], tmp_path: Path) -> None:
    places = [str(tmp_path / name) for name in arguments[:1]]
    done = appliance("spool", *places, *arguments[1:], SONIC_SPOOL_FOLDER="")
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_that_cannot_be_written_to_is_refused() -> None:
    done = appliance("spool", "/proc/self")
    assert done.returncode == 6
    assert "cannot be read or written" in done.stderr


def test_the_folder_of_the_settings_is_watched() -> None:
    with running_service() as service, spooling(service) as spool:
        environment = {**spool._environment, "SONIC_SPOOL_FOLDER": str(spool.folder), "SONIC_SPOOL_KEEP_INPUTS": "true"}
        spool.process = subprocess.Popen(list(SPOOL), env=environment, stderr=subprocess.DEVNULL)
        spool.put("A")
        spool.wait_for("A.jpg", "A.mp4", "A.wav")
