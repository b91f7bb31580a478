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


@pytest.fixture()
def service() -> Iterator[Service]:
    """One that the test may stop, kill or leave in disorder."""
    with running_service() as own:
        yield own


@pytest.fixture()
def stage(tmp_path: Path, shared: Service, store: ModelStore) -> Iterator[Stage]:
    yield Stage(tmp_path / "stage", shared.socket, store)
    with shared.client() as client:
        client.wipe()
