"""The loop of the director on Qt's."""

from __future__ import annotations

import threading
from typing import Any

import pytest

pytest.importorskip("PyQt5.QtCore")

from PyQt5 import sip
from PyQt5.QtCore import QThread

from appliance.ui.kiosk.qt_loop import QtLoop

PATIENCE_MS = 60_000


def test_calls_from_all_threads_are_made_in_the_loops_own_and_in_their_order(qtbot: Any) -> None:
    loop, made = QtLoop(), []  # type: ignore[var-annotated]

    def send(name: int) -> None:
        for number in range(50):
            loop.call_soon(lambda number=number: made.append((name, number, QThread.currentThread())))  # type: ignore

    senders = [threading.Thread(target=send, args=(name,)) for name in range(4)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert made == [], "nothing is done but in the loop's own time"
    qtbot.waitUntil(lambda: len(made) == 200, timeout=PATIENCE_MS)
    assert {thread for _, _, thread in made} == {QThread.currentThread()}
    for name in range(4):
        assert [number for sender, number, _ in made if sender == name] == list(range(50))


def test_a_timer_fires_once_and_not_after_it_was_cancelled(qtbot: Any) -> None:
    loop, fired = QtLoop(), []  # type: ignore[var-annotated]
    cancelled = loop.call_later(0.0, lambda: fired.append("cancelled"))
    loop.call_later(0.0, lambda: fired.append("once"))
    cancelled.cancel()
    cancelled.cancel()
    last = loop.call_later(0.05, lambda: fired.append("last"))
    qtbot.waitUntil(lambda: "last" in fired, timeout=PATIENCE_MS)
    last.cancel()
    assert fired == ["once", "last"]


def test_a_call_after_the_end_is_dropped(qtbot: Any) -> None:
    loop, made = QtLoop(), []  # type: ignore[var-annotated]
    sip.delete(loop._post)
    loop.call_soon(lambda: made.append(1))
    qtbot.wait(1)
    assert made == []


def test_timers_that_have_fired_leave_nothing_behind(qtbot: Any) -> None:
    loop, fired = QtLoop(), []  # type: ignore[var-annotated]
    for _ in range(100):
        loop.call_later(0.0, lambda: fired.append(1))
    qtbot.waitUntil(lambda: len(fired) == 100, timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: not loop._post.children(), timeout=PATIENCE_MS)
    assert not loop._post.timers
