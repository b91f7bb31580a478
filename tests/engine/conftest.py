"""Fixtures of the engine's tests."""

from __future__ import annotations

from typing import Iterator

import pytest
from engine.services import Service, running_service


@pytest.fixture(scope="module")
def shared() -> Iterator[Service]:
    """One service for all tests of a file; they leave it running and idle."""
    with running_service(LIMITS_PHOTO_MEGABYTES="1", LIMITS_SPEECH_MEGABYTES="1") as service:
        yield service


@pytest.fixture()
def service() -> Iterator[Service]:
    """A service that the test may stop, kill or fill."""
    with running_service() as own:
        yield own
