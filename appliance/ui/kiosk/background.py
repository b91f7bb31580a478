"""Work that takes its time, beside the thread that paints."""

from __future__ import annotations

import logging
import threading
from typing import Any, Callable, TypeVar

from ...errors import SonicError
from ...faults import told
from ..loop import Loop

T = TypeVar("T")

log = logging.getLogger(__name__)


class Background:
    """Each piece of work in a thread of its own; the answer comes in the loop's thread, unless it was forgotten."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._turn = 0

    def run(self, work: Callable[[], T], done: Callable[[T], None], failed: Callable[[SonicError], None]) -> None:
        """``failed`` gets what ``work`` raises; a fault of the program comes as the plain `SonicError`."""
        turn = self._turn

        def answer(call: Callable[[Any], None], result: Any) -> None:
            if turn == self._turn:
                call(result)

        def go() -> None:
            try:
                result = work()
            except SonicError as error:
                refused = error
            except Exception as error:
                log.error("fault in the background\n%s", told(error))
                refused = SonicError(type(error).__name__)
            else:
                self._loop.call_soon(lambda: answer(done, result))
                return
            self._loop.call_soon(lambda: answer(failed, refused))

        threading.Thread(target=go, name="staff", daemon=True).start()

    def forget(self) -> None:
        """What is still under way is of no interest any more; from the loop's thread."""
        self._turn += 1
