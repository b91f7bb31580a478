"""Fixtures of the pins' tests, all of which need gpiozero."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterator

import pytest

try:
    from appliance.capture.buttons.library import gpiozero
except ModuleNotFoundError as missing:
    if missing.name not in ("gpiozero", "importlib_metadata"):
        raise
    collect_ignore_glob = ["test_*.py"]
else:
    from capture.buttons.rigs import atlas_rig, mock_rig, threads, until

    @pytest.fixture(autouse=True)
    def nothing_left() -> Iterator[None]:
        """The library keeps its factory in a class, and its threads to itself."""
        before = threads()
        yield
        gpiozero.Device.pin_factory = None
        until(lambda: len(threads()) <= len(before))

    @pytest.fixture(params=["mock", "atlas200dk"])
    def rig(request: Any, tmp_path: Path) -> Iterator[Any]:
        with mock_rig() if request.param == "mock" else atlas_rig(tmp_path) as made:
            yield made

    @pytest.fixture()
    def atlas(tmp_path: Path) -> Iterator[Any]:
        with atlas_rig(tmp_path) as made:
            yield made
