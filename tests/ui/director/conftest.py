"""Fixtures of the director's tests."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

import pytest
from engine.services import Service, running_service
from ui.director.stage import Stage

from appliance.models import ModelStore


@pytest.fixture(scope="session")
def shared() -> Iterator[Service]:
    """One toy engine for all tests that leave it running and without jobs."""
    with running_service() as service:
        yield service


@pytest.fixture(scope="module")
def _breakable() -> Iterator[Service]:
    with running_service() as service:
        yield service


@pytest.fixture()
def service(_breakable: Service) -> Service:
    """One that the test may stop, kill or leave in disorder: well and without jobs when it begins."""
    assert _breakable.process is not None
    if _breakable.process.poll() is not None:
        _breakable.start()
    with _breakable.client() as client:
        client.wipe()
    return _breakable


@pytest.fixture()
def stage(tmp_path: Path, shared: Service, store: ModelStore) -> Iterator[Stage]:
    yield Stage(tmp_path / "stage", shared.socket, store)
    with shared.client() as client:
        client.wipe()
