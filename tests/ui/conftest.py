"""Widgets of a test before are destroyed by the thread that makes those of the next one, as in the kiosk."""

from __future__ import annotations

import gc
from typing import Iterator

import pytest


@pytest.fixture(scope="session")
def own_garbage() -> Iterator[None]:
    gc.collect()
    gc.freeze()
    gc.disable()
    yield
    gc.enable()
    gc.unfreeze()


@pytest.fixture(autouse=True)
def collected_here(own_garbage: None) -> Iterator[None]:
    yield
    gc.collect()
