"""Fixtures shared by all tests, and their order: fast ones first, so that a mistake shows at once."""

from __future__ import annotations

import faulthandler
import os
import signal
from pathlib import Path
from typing import Iterator, List

import hypothesis
import pytest
from helpers import write_manifest

from appliance.models import ModelStore

# The same examples at every run, however slow the machine is.
hypothesis.settings.register_profile(
    "ours", derandomize=True, deadline=None, database=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("ours")

# What a shell runs in the background ignores Ctrl-C, and so would what the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
try:
    import PyQt5.QtWidgets  # noqa: F401
except ImportError:
    pass  # the tests of the screen are skipped
else:
    pytest_plugins = ["pytestqt.plugin"]

DATA = Path(__file__).resolve().parent / "data"
GRACE_SECONDS = 60.0
"""After the time limit of a test, whose end is an exception that code which is not Python's never sees."""


def pytest_configure(config: pytest.Config) -> None:
    with config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        config.stash[_STDERR] = os.dup(2)


_STDERR = pytest.StashKey[int]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """A test that hangs where Python cannot interrupt it ends the run and shows where every thread is."""
    marker = item.get_closest_marker("timeout")
    limit = marker.args[0] if marker and marker.args else float(item.config.getini("timeout"))
    faulthandler.dump_traceback_later(limit + GRACE_SECONDS, exit=True, file=item.config.stash[_STDERR])
    try:
        return (yield)
    finally:
        faulthandler.cancel_dump_traceback_later()


def pytest_collection_modifyitems(items: List[pytest.Item]) -> None:
    items.sort(key=lambda item: item.get_closest_marker("slow") is not None)


@pytest.fixture(scope="session")
def store() -> ModelStore:
    """The machine's models; fetched when they are not there yet."""
    found = ModelStore()
    found.fetch()
    return found


@pytest.fixture()
def toy_store(tmp_path: Path) -> ModelStore:
    """A store with one network, `toy` (see data/make_toy.py), in a folder that the test may damage."""
    folder = tmp_path / "networks"
    folder.mkdir()
    for name in ("toy.onnx", "toy.mindir"):
        (folder / name).write_bytes((DATA / name).read_bytes())
    write_manifest(folder, {"onnx": "toy.onnx", "mindspore_lite": "toy.mindir"})
    return ModelStore(folder=tmp_path / "models", networks=folder)
