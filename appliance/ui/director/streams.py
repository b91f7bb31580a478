"""Videos that are read while they are made, so that a reader who waits can be sent home."""

from __future__ import annotations

import threading
from typing import Callable, Iterator, Set

from ...engine.client import EngineClient
from ...errors import EngineUnavailable


class Streams:
    """Those of one visit; `cut` ends them all, also those that are opened later."""

    def __init__(self, engine: Callable[[], EngineClient]) -> None:
        self._engine = engine
        self._open: Set[EngineClient] = set()
        self._over = False
        self._lock = threading.Lock()

    def read(self, job: str) -> Iterator[bytes]:
        """Raises what `EngineClient.stream` raises."""
        with self._engine() as client:
            with self._lock:
                if self._over:
                    raise EngineUnavailable("the visit is over")
                self._open.add(client)
            try:
                yield from client.stream(job)
            finally:
                with self._lock:
                    self._open.discard(client)

    def cut(self) -> None:
        """From any thread."""
        with self._lock:
            self._over = True
            for client in self._open:
                client.interrupt()
