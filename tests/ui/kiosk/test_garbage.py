"""Widgets that nobody holds any more are destroyed where they were made, whoever makes the garbage overflow."""

from __future__ import annotations

import gc
import threading
from typing import Iterator, List

import pytest
from engine.services import patiently

pytest.importorskip("PyQt5.QtWidgets", reason="the screen's package is not installed (extra: kiosk)")

from PyQt5.QtWidgets import QApplication, QWidget

from appliance.ui.kiosk.garbage import GarbageCollector


@pytest.fixture()
def collector(qapp: QApplication) -> Iterator[GarbageCollector]:
    collector = GarbageCollector()
    yield collector
    collector.close()


def drop() -> List[int]:
    """A widget in a circle that nobody knows any more; the thread that destroys it will be in the list."""
    ends: List[int] = []

    class Witness(QWidget):
        def __del__(self) -> None:
            ends.append(threading.get_ident())

    widget = Witness()
    widget.itself = widget
    return ends


def litter() -> None:
    """More garbage than Python waits with."""
    kept = [[number] for number in range(200_000)]
    del kept


def test_a_thread_that_makes_garbage_destroys_no_widget(qapp: QApplication, collector: GarbageCollector) -> None:
    ends = drop()
    thread = threading.Thread(target=litter)
    thread.start()
    thread.join()
    assert not ends
    for _ in patiently():
        qapp.processEvents()
        if ends:
            break
    assert ends == [threading.get_ident()]


def test_afterwards_python_collects_by_itself(qapp: QApplication) -> None:
    GarbageCollector().close()
    assert gc.isenabled() and not gc.get_freeze_count()
