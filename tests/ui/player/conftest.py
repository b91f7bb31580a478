"""One film for all tests, and what nobody may leave behind."""

from __future__ import annotations

import threading
import time
from typing import Iterator

import psutil
import pytest
from ui.player.films import Film, make_film

FILM_SECONDS = 12.0
PATIENCE_SECONDS = 60.0


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Film:
    return make_film(tmp_path_factory.mktemp("film"), FILM_SECONDS)


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """Every test ends with the threads and the processes that it began with."""
    threads, processes = set(threading.enumerate()), set(psutil.Process().children(recursive=True))
    yield
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        left = set(threading.enumerate()) - threads, set(psutil.Process().children(recursive=True)) - processes
        if not any(left):
            return
        time.sleep(0.02)
    raise AssertionError(f"left behind: {left}")
