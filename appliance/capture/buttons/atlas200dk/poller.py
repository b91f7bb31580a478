"""One thread that looks at all lines that somebody waits for, for no line of this board tells when it changes."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Optional

from ....faults import told
from .debounce import Debounce

POLL_S = 0.01
PATIENCE_S = 1.0

log = logging.getLogger(__name__)


@dataclass
class _Watched:
    read: Callable[[], bool]
    changed: Callable[[float, bool], None]
    debounce: Debounce
    readable: bool = True


class Poller:
    """The thread runs as long as something is watched. ``period``: seconds between two looks."""

    def __init__(self, period: float = POLL_S) -> None:
        self._period = period
        self._watched: Dict[Any, _Watched] = {}
        self._calling: Any = None
        self._thread: Optional[threading.Thread] = None
        self._changed = threading.Condition()

    def watch(self, key: Any, read: Callable[[], bool], changed: Callable[[float, bool], None], bounce: float) -> None:
        """Call ``changed`` in the poller's thread, with `time.monotonic` and the level, when ``read`` has given another
        one for ``bounce`` seconds. Raises OSError."""
        watched = _Watched(read, changed, Debounce(read(), bounce))
        with self._changed:
            self._watched[key] = watched
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="pins", daemon=True)
                self._thread.start()

    def set_bounce(self, key: Any, bounce: float) -> None:
        """Harmless where it is not watched."""
        with self._changed:
            if key in self._watched:
                self._watched[key].debounce.seconds = bounce

    def unwatch(self, key: Any) -> None:
        """Waits for a call that is under way, unless it comes from within one."""
        with self._changed:
            self._watched.pop(key, None)
            self._changed.notify_all()
            if threading.current_thread() is not self._thread:
                self._changed.wait_for(lambda: self._calling is not key, PATIENCE_S)

    def close(self) -> None:
        """Watch nothing any more; the thread has ended."""
        with self._changed:
            self._watched.clear()
            self._changed.notify_all()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _run(self) -> None:
        while True:
            with self._changed:
                if not self._watched:
                    self._thread = None
                    return
                keys: List[Any] = list(self._watched)
            for key in keys:
                self._look(key)
            with self._changed:
                self._changed.wait_for(lambda: not self._watched, self._period)

    def _look(self, key: Any) -> None:
        with self._changed:
            watched = self._watched.get(key)
            if watched is None:
                return
            self._calling = key
        try:
            level, now = watched.read(), time.monotonic()
            watched.readable = True
            if watched.debounce.sample(level, now):
                watched.changed(now, level)
        except OSError as error:
            if watched.readable:
                log.warning("pin %s cannot be read: %s", key, error.strerror)
            watched.readable = False
        except Exception as error:
            log.error("what was to happen at pin %s failed\n%s", key, told(error))  # the other pins go on
        finally:
            with self._changed:
                self._calling = None
                self._changed.notify_all()
