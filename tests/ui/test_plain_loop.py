"""The loop without Qt: calls in order, timers in time, signals at once."""

from __future__ import annotations

import os
import signal
import threading
from typing import Any, List

import pytest

from appliance.ui.plain_loop import PlainLoop


def test_calls_come_in_order_also_from_other_threads() -> None:
    loop, called = PlainLoop(), []  # type: ignore[var-annotated]
    loop.call_soon(lambda: called.append(1))

    def elsewhere() -> None:
        loop.call_soon(lambda: called.append(2))
        loop.call_soon(loop.stop)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    loop.run()
    assert called == [1, 2]


def test_timers_fire_in_time_unless_they_are_cancelled() -> None:
    loop = PlainLoop()
    fired: List[Any] = []
    loop.call_later(0.03, lambda: fired.append("late"))
    loop.call_later(0.01, lambda: fired.append("early"))
    cancelled = loop.call_later(0.02, lambda: fired.append("never"))
    cancelled.cancel()
    cancelled.cancel()
    loop.call_later(0.05, loop.stop)
    loop.run()
    assert fired == ["early", "late"]


def test_a_timer_that_sets_itself_anew_leaves_time_for_others() -> None:
    loop = PlainLoop()

    def again() -> None:
        loop.call_later(0.0, again)

    again()
    loop.call_soon(lambda: loop.call_soon(loop.stop))
    loop.run()


def test_calls_that_set_themselves_anew_leave_time_for_timers() -> None:
    loop = PlainLoop()

    def again() -> None:
        loop.call_soon(again)

    again()
    loop.call_later(0.01, loop.stop)
    loop.run()


def test_what_a_call_raises_comes_out() -> None:
    loop = PlainLoop()
    loop.call_soon(lambda: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        loop.run()


def test_a_signal_ends_a_loop_that_waits_for_ever() -> None:
    loop = PlainLoop()
    before = signal.signal(signal.SIGUSR1, lambda *_: loop.stop())
    killer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGUSR1))
    try:
        killer.start()
        loop.run()
    finally:
        killer.join()
        signal.signal(signal.SIGUSR1, before)


def test_after_its_end_calls_are_dropped() -> None:
    loop = PlainLoop()
    loop.stop()
    loop.run()
    loop.call_soon(lambda: pytest.fail("called"))
