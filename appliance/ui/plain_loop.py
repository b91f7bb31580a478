"""The loop of a front end without a screen."""

from __future__ import annotations

import heapq
import itertools
import queue
import time
from typing import Callable, List, Optional, Tuple

from .loop import Loop, Timer


class PlainLoop(Loop):
    """`run` it in one thread, which is then the loop's; `stop` may also be called from a signal handler."""

    def __init__(self) -> None:
        # Unlike `queue.Queue` this one may be filled by a signal handler while the same thread waits on it.
        self._calls: queue.SimpleQueue[Optional[Callable[[], None]]] = queue.SimpleQueue()
        self._timers: List[Tuple[float, int, _Timer]] = []
        self._numbers = itertools.count()

    def call_soon(self, call: Callable[[], None]) -> None:
        self._calls.put(call)

    def call_later(self, seconds: float, call: Callable[[], None]) -> Timer:
        timer = _Timer(call)
        heapq.heappush(self._timers, (time.monotonic() + seconds, next(self._numbers), timer))
        return timer

    def stop(self) -> None:
        """Have `run` return after the calls that wait already; from any thread."""
        self._calls.put(None)

    def run(self) -> None:
        """Until `stop`. What a call raises comes out here."""
        while True:
            self._fire()
            try:
                call = self._calls.get(timeout=self._due())
            except queue.Empty:
                continue
            if call is None:
                return
            call()

    def _due(self) -> Optional[float]:
        """Seconds until the next timer; None where there is none."""
        while self._timers and self._timers[0][2].call is None:
            heapq.heappop(self._timers)
        return max(0.0, self._timers[0][0] - time.monotonic()) if self._timers else None

    def _fire(self) -> None:
        """One timer that is due, so that those that set themselves anew leave time for calls."""
        if self._due() == 0.0:
            call = heapq.heappop(self._timers)[2].call
            if call is not None:
                call()


class _Timer(Timer):
    def __init__(self, call: Callable[[], None]) -> None:
        self.call: Optional[Callable[[], None]] = call

    def cancel(self) -> None:
        self.call = None
