"""The service as the system sees it: sockets, signals, the service manager, exit codes."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, List

import psutil
import pytest
import uvicorn
from engine import toy_worker
from engine.engines import PATIENCE_SECONDS, run
from engine.services import SERVICE, Service, patiently, running_service
from helpers import appliance
from uvicorn.server import ServerState

from appliance.engine.api import peers
from appliance.engine.job import State
from appliance.engine.storage.folders import Folders
from appliance.errors import EngineError, SettingsInvalid, UsageError

NO_INET = (sys.executable, str(Path(__file__).with_name("no_inet.py")))
STOP_SECONDS = 5.0


def family(service: Service) -> List[psutil.Process]:
    assert service.process is not None
    engine = psutil.Process(service.process.pid)
    return [engine, *engine.children(recursive=True)]


# --- no network -------------------------------------------------------------------------------------------------------


def test_no_inet_socket_is_open_while_a_job_runs(service: Service) -> None:
    job_id = service.submit(segments=2, gate=1)
    service.wait_for(job_id, State.RUNNING)
    assert len(family(service)) >= 2
    for process in family(service):
        connections = getattr(process, "net_connections", None) or process.connections
        assert connections(kind="inet") == []
    engine = family(service)[0]
    assert service.socket.exists() and engine.is_running()


@pytest.mark.parametrize("how", ["killed if it tries", "without any network"])
def test_a_job_is_made_without_ever_opening_an_inet_socket(how: str) -> None:
    """Of the engine and all its children; the first way is a filter in the kernel that lets Unix sockets alone pass."""
    if how == "without any network" and os.geteuid() != 0:
        pytest.skip("only root can take the network away")
    before = NO_INET if how == "killed if it tries" else ("unshare", "--net")
    with running_service() as service:
        service.stop()
        service.start(command=(*before, *SERVICE))
        service.wait_for(service.submit(), State.DONE)
        with service.http() as http:
            assert "sonic_worker_crashes_total 0.0" in http.get("/v1/metrics").text
        assert service.stop() == 0


def test_the_filter_of_the_test_above_does_kill() -> None:
    program = "import socket; socket.socket(socket.AF_UNIX).close(); print('unix'); socket.socket(socket.AF_INET)"
    done = subprocess.run([*NO_INET, sys.executable, "-c", program], stdout=subprocess.PIPE)
    assert (done.returncode, done.stdout) == (-signal.SIGSYS, b"unix\n")


# --- socket -----------------------------------------------------------------------------------------------------------


def test_files_are_for_the_engine_alone_and_the_socket_for_its_group(service: Service) -> None:
    job_id = service.submit()
    service.wait_for(job_id, State.DONE)
    assert service.socket.stat().st_mode & 0o777 == 0o660
    assert service.socket.parent.stat().st_mode & 0o777 == 0o700
    for path in [service.state, *service.state.rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path


def test_the_socket_of_a_killed_engine_is_taken_over(service: Service) -> None:
    service.stop(signal.SIGKILL)
    assert service.socket.exists()
    service.start()
    assert service.stop() == 0
    assert not service.socket.exists()


def test_a_second_engine_is_refused_in_words_and_disturbs_nothing(service: Service) -> None:
    second = subprocess.run(SERVICE, env=service.environment, capture_output=True, text=True)
    assert second.returncode == EngineError.exit_code
    assert "Another engine" in second.stderr and "Traceback" not in second.stderr
    service.wait_for(service.submit(), State.DONE)


def test_a_file_that_is_no_socket_is_left_alone(service: Service) -> None:
    service.stop()
    service.socket.write_text("mine")
    done = subprocess.run(SERVICE, env=service.environment, capture_output=True, text=True)
    assert done.returncode == EngineError.exit_code and str(service.socket) in done.stderr
    assert service.socket.read_text() == "mine"


ACTIVATE = """
import os, sys
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()), LISTEN_FDNAMES="engine")
os.dup2(int(sys.argv[1]), 3)
os.execv(sys.argv[2], sys.argv[2:])
"""


def test_a_passed_socket_is_used_and_left_to_its_owner(service: Service) -> None:
    service.stop()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(service.socket))
        listener.listen(8)
        for _ in range(2):
            activate = (sys.executable, "-c", ACTIVATE, str(listener.fileno()), *SERVICE)
            service.start(command=activate, pass_fds=[listener.fileno()])
            service.wait_for(service.submit(), State.DONE)
            worker = family(service)[-1]
            assert not any(name.startswith("LISTEN_") for name in worker.environ())
            assert service.stop() == 0
            assert service.socket.exists()


# --- service manager --------------------------------------------------------------------------------------------------


class Manager:
    """What systemd would hear."""

    def __init__(self, service: Service) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        path = service.folder / "notify"
        self._socket.bind(str(path))
        self._socket.settimeout(PATIENCE_SECONDS)
        service.environment["NOTIFY_SOCKET"] = str(path)

    def __enter__(self) -> Manager:
        return self

    def __exit__(self, *_: Any) -> None:
        self._socket.close()

    def wait_for(self, line: str) -> None:
        while line not in self._socket.recv(4096).decode().splitlines():
            pass


def test_ready_is_said_when_requests_are_answered_and_stopping_before_the_end(service: Service) -> None:
    service.stop()
    with Manager(service) as manager:
        service.start(wait=False)
        manager.wait_for("READY=1")
        with service.client() as client:
            assert client.jobs() == []
        manager.wait_for("STATUS=ok, worker ready")
        assert service.stop() == 0
        manager.wait_for("STOPPING=1")


def test_the_watchdog_is_fed_only_while_the_worker_lives(service: Service) -> None:
    service.stop()
    service.environment.update(WATCHDOG_USEC="6000000", SONIC_ENGINE_HANG_SECONDS="600")
    with Manager(service) as manager:
        service.start()
        manager.wait_for("WATCHDOG=1")
        service.wait_for(service.submit(segments=2, hang=1), State.RUNNING)
        manager._socket.settimeout(5.5)  # s; well fed, it would hear more every 0.75 s
        with pytest.raises(socket.timeout):
            manager.wait_for("never")


def test_an_abort_leaves_every_stack_in_the_log(service: Service) -> None:
    """As the watchdog does it."""
    assert service.stop(signal.SIGABRT) == -signal.SIGABRT
    assert "Fatal Python error: Aborted" in service.log.read_text()
    assert "in _serve" in service.log.read_text() or "run_forever" in service.log.read_text()


# --- the end ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_engine_ends_in_time_and_goes_on_later(number: int) -> None:
    speech = {"segments": 4, "gate": 2}
    with running_service() as service:
        job_id = service.submit(**speech)  # type: ignore[arg-type]
        with service.client() as client:
            for _ in patiently():
                if client.job(job_id).job.segments == 2:
                    break
        children = family(service)[1:]
        began = time.monotonic()
        assert service.stop(number) == 0
        assert time.monotonic() - began < STOP_SECONDS
        assert not any(child.is_running() for child in children)
        service.start()
        service.open_gate(job_id)
        service.wait_for(job_id, State.DONE)
        made = Folders(service.state).job(job_id).video.read_bytes()
        assert made == toy_worker.video(toy_worker.speech(**speech))
        assert "Traceback" not in service.log.read_text()


def test_an_upload_does_not_hold_up_the_end(service: Service) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as slow:
        slow.connect(str(service.socket))
        head = ["POST /v1/jobs HTTP/1.1", "Host: e", "Content-Length: 5000"]
        head.append("Content-Type: multipart/form-data; boundary=between")
        slow.sendall("\r\n".join([*head, "", "--between\r\n"]).encode())
        for _ in patiently():
            if list((service.state / "incoming").iterdir()):
                break
        began = time.monotonic()
        assert service.stop() == 0
        assert time.monotonic() - began < STOP_SECONDS
        assert slow.recv(100).startswith(b"HTTP/1.1 503 ")
    assert list((service.state / "incoming").iterdir()) == []


# --- wrong settings ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "settings, words",
    [
        ({"SONIC_LIMITS_QUEUE_LENGTH": "many"}, "SONIC_LIMITS_QUEUE_LENGTH"),
        ({"SONIC_ENGINE_GROUP": "nobody-has-such-a-group"}, "nobody-has-such-a-group"),
        ({"SONIC_LISTEN_HOST": "127.0.0.1", "SONIC_LISTEN_TOKEN_FILE": "/nowhere/token"}, "--new-token"),
    ],
)
def test_wrong_settings_are_named(settings: Any, words: str, service: Service) -> None:
    service.stop()
    done = subprocess.run(SERVICE, env={**service.environment, **settings}, capture_output=True, text=True)
    assert done.returncode == UsageError.exit_code == SettingsInvalid.exit_code
    assert words in done.stderr and "Traceback" not in done.stderr
    assert not service.socket.exists()


def test_a_new_token_is_printed_once_and_opens_the_door(tmp_path: Path) -> None:
    path = tmp_path / "token"
    made = appliance("serve", "--new-token", SONIC_LISTEN_TOKEN_FILE=str(path))
    token = made.stdout.strip()
    assert made.returncode == 0 and len(token) >= 40
    assert token not in path.read_text()

    from appliance.engine.api.auth import TokenCheck

    async def test() -> None:
        assert await TokenCheck(path).accepts(token)

    run(test())


# --- slow requests ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: engine\r\n"])
def test_a_request_that_does_not_come_is_not_waited_for(
    sent: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peers, "HEAD_SECONDS", 0.1)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError("there was no request")

    async def test() -> None:
        config = uvicorn.Config(app, http=peers.guarded_protocol(None), lifespan="off", log_config=None)
        config.load()
        server = await asyncio.get_event_loop().create_unix_server(
            lambda: config.http_protocol_class(config=config, server_state=ServerState(), app_state={}),
            str(tmp_path / "s"),
        )
        reader, writer = await asyncio.open_unix_connection(str(tmp_path / "s"))
        writer.write(sent)
        assert await asyncio.wait_for(reader.read(), PATIENCE_SECONDS) == b""
        writer.close()
        server.close()
        await server.wait_closed()

    run(test())
