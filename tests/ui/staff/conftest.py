"""An office for each test, and a toy engine for those that ask for one."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest
from engine.services import Service, patiently, running_service


@pytest.fixture()
def make_office(qtbot: Any, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Closed afterwards, with no thread left behind."""
    pytest.importorskip("qtawesome")
    from ui.staff.desks import Office

    threads = set(threading.enumerate())

    def make(socket: Path = tmp_path / "no engine", **how: Any) -> Office:
        office = Office(tmp_path, socket, **how)
        qtbot.addWidget(office.window, before_close_func=lambda _: office.close())
        return office

    yield make
    for _ in patiently():
        if set(threading.enumerate()) <= threads:
            break
        time.sleep(0.02)


@pytest.fixture()
def office(make_office: Callable[..., Any]) -> Any:
    return make_office()


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with running_service() as service:
        yield service
