"""Telling that a button has been down for long."""

from __future__ import annotations

import threading
from typing import Callable, Optional


class Hold:
    """Calls ``held``, in a thread of its own, unless `end` comes within ``seconds`` of `begin`.

    Not the library's own: closing a button that is down would wait for that.
    """

    def __init__(self, seconds: float, held: Callable[[], None]) -> None:
        self._seconds, self._held = seconds, held
        self._timer: Optional[threading.Timer] = None

    def begin(self) -> None:
        self.end()
        self._timer = threading.Timer(self._seconds, self._held)
        self._timer.daemon = True
        self._timer.start()

    def end(self) -> None:
        """Harmless where nothing began."""
        if self._timer is not None:
            self._timer.cancel()

    def close(self) -> None:
        """It has ended; not to be called by ``held``."""
        self.end()
        if self._timer is not None:
            self._timer.join()
            self._timer = None
