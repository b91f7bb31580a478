"""One thread for what may take a while and has to happen in order: devices opened and closed, files wiped."""

from __future__ import annotations

import logging
import queue
import threading
import time
from typing import Callable, Optional

from ...faults import told

log = logging.getLogger(__name__)


class Backroom:
    """Does what it is given, one after another. `close` waits for what was given before."""

    def __init__(self) -> None:
        self._queue: queue.Queue[Optional[Callable[[], None]]] = queue.Queue()
        self._thread = threading.Thread(target=self._run, name="backroom", daemon=True)
        self._thread.start()

    def do(self, call: Callable[[], None]) -> None:
        """From any thread; later, and not at all after `close`."""
        self._queue.put(call)

    def close(self, seconds: float) -> bool:
        """Whether all was done in that time."""
        self._queue.put(None)
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        for call in iter(self._queue.get, None):
            try:
                call()
            except Exception as error:  # what comes next, such as wiping, must still happen
                log.error("something in the background failed\n%s", told(error))


class Deadline:
    """So many seconds for several things together."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        return max(0.0, self._end - time.monotonic())
