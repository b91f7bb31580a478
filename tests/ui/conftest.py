"""Widgets of a test before are destroyed by the thread that makes those of the next one, as in the kiosk."""

from __future__ import annotations

import gc
from typing import Iterator

import pytest


@pytest.fixture(autouse=True)
def collected_here() -> Iterator[None]:
    gc.disable()
    yield
    gc.collect()
    gc.enable()
