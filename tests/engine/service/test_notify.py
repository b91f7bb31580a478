from __future__ import annotations

import asyncio
import os
import socket
import tempfile
from pathlib import Path
from typing import Dict, Iterator, List

import pytest
from engine.engines import run

from appliance.engine.service.notify import Notifier, keep_alive


@pytest.fixture()
def manager() -> Iterator[socket.socket]:
    """The service manager's end, bound to a path."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.bind(str(Path(folder) / "notify"))
        end.settimeout(10)
        yield end


def environment(manager: socket.socket, **more: str) -> Dict[str, str]:
    name = manager.getsockname()
    address = "@" + name[1:].decode() if isinstance(name, bytes) else name
    return {"NOTIFY_SOCKET": address, **more}


def heard(manager: socket.socket) -> List[str]:
    manager.setblocking(False)
    messages = []
    while True:
        try:
            messages.append(manager.recv(1000).decode())
        except BlockingIOError:
            return messages


def test_readiness_status_and_end_reach_the_service_manager(manager: socket.socket) -> None:
    notifier = Notifier(environment(manager))
    notifier.ready("taking jobs")
    notifier.status("busy")
    notifier.extend(2.5)
    notifier.stopping()
    assert heard(manager) == [
        "READY=1\nSTATUS=taking jobs", "STATUS=busy", "EXTEND_TIMEOUT_USEC=2500000", "STOPPING=1\nSTATUS=stopping",
    ]  # fmt: skip


def test_abstract_address() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"\0sonic-test-{os.getpid()}")
        Notifier(environment(manager)).status("here")
        assert heard(manager) == ["STATUS=here"]


def test_a_manager_that_does_not_read_stops_nobody(manager: socket.socket) -> None:
    notifier = Notifier(environment(manager))
    for _ in range(5000):  # more than any queue of datagrams holds
        notifier.alive()
    assert set(heard(manager)) == {"WATCHDOG=1"}
    notifier.status("still here")
    assert heard(manager) == ["STATUS=still here"]


def test_without_a_manager_nothing_is_said_and_nothing_fails() -> None:
    Notifier({}).ready("ok")
    Notifier({"NOTIFY_SOCKET": "/nowhere/at/all"}).ready("ok")


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"WATCHDOG_USEC": "4000000"}, 4.0),
        ({"WATCHDOG_USEC": "4000000", "WATCHDOG_PID": str(os.getpid())}, 4.0),
        ({"WATCHDOG_USEC": "4000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({}, None),
    ],
)
def test_only_a_watchdog_that_waits_for_this_process_is_served(variables: Dict[str, str], expected: float) -> None:
    assert Notifier(variables).watchdog_seconds == expected


def test_the_watchdog_hears_nothing_while_the_worker_is_silent(manager: socket.socket) -> None:
    notifier = Notifier(environment(manager, WATCHDOG_USEC="80000"))
    asked: List[float] = []
    fresh = [True, False, False, True]

    def is_fresh(seconds: float) -> bool:
        asked.append(seconds)
        return fresh[min(len(asked), len(fresh)) - 1] if len(asked) <= len(fresh) else False

    async def go() -> None:
        task = asyncio.ensure_future(keep_alive(notifier, is_fresh))
        while len(asked) < 10:
            await asyncio.sleep(0.001)
        task.cancel()
        await asyncio.wait([task])

    run(go())
    assert heard(manager) == ["WATCHDOG=1", "WATCHDOG=1"]
    assert set(asked) == {0.04}
