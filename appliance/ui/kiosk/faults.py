"""What nobody caught: it is logged, the visitor is told, and when it goes on happening the process begins anew."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections import deque
from types import TracebackType
from typing import Any, Callable, Deque, Optional, Type

from ...faults import described

BUDGET = 5
"""Faults within `WINDOW_SECONDS` after which a new process is better than this one."""
WINDOW_SECONDS = 60.0

log = logging.getLogger(__name__)


class FaultHooks:
    """Python's hooks for exceptions that nobody caught, in this thread, in others and in destructors. Until `close`.

    Without one, PyQt5 ends the process when a slot raises. ``tell`` is called with each, ``give_up`` once when there
    are too many; both from whatever thread it happened in.
    """

    def __init__(
        self,
        tell: Callable[[], None],
        give_up: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tell, self._give_up, self._clock = tell, give_up, clock
        self._recent: Deque[float] = deque(maxlen=BUDGET)
        self._over = False
        self._former: Any = (
            sys.excepthook,
            getattr(threading, "excepthook", None),
            getattr(sys, "unraisablehook", None),
        )
        sys.excepthook = self._in_main
        if sys.version_info >= (3, 8):
            threading.excepthook = self._in_thread
            sys.unraisablehook = self._in_destructor

    def close(self) -> None:
        sys.excepthook = self._former[0]
        if sys.version_info >= (3, 8):
            threading.excepthook, sys.unraisablehook = self._former[1:]

    def _in_main(self, kind: Type[BaseException], error: BaseException, trace: Optional[TracebackType]) -> None:
        if issubclass(kind, KeyboardInterrupt):
            self._give_up()
            return
        self._note("", kind, error, trace)

    def _in_thread(self, what: Any) -> None:
        if what.exc_type is not SystemExit:
            self._note(f" in thread {what.thread.name if what.thread else '?'}", what.exc_type, what.exc_value,
                       what.exc_traceback)  # fmt: skip

    def _in_destructor(self, what: Any) -> None:
        """Of no consequence for what is shown."""
        log.error("fault while an object was removed\n%s", described(what.exc_type, what.exc_value, what.exc_traceback))

    def _note(
        self,
        where: str,
        kind: Type[BaseException],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        log.error("fault%s\n%s", where, described(kind, error, trace))
        self._recent.append(self._clock())
        if len(self._recent) == BUDGET and self._recent[-1] - self._recent[0] <= WINDOW_SECONDS:
            if not self._over:
                self._over = True
                log.critical("%d faults within %.0f s: the process gives up", BUDGET, WINDOW_SECONDS)
                self._give_up()
        else:
            self._tell()
