"""Whether videos can be made now; and the jobs of visits that are over, deleted as soon as they can be."""

from __future__ import annotations

import logging
import threading
import time
from typing import Callable, Optional

from ...engine.client import EngineClient
from ...engine.view import Health
from ...errors import DiskFull, EngineUnavailable, SonicError, StorageFull
from ..events import Event, ServiceBack, ServiceLost
from ..feeds import EngineState, Feed
from ..loop import Loop, Timer
from .backroom import Deadline
from .ledger import Ledger
from .parts import Parts

JUDGE_SECONDS = 0.5
LAST_SECONDS = 0.5
NO_SPACE = (StorageFull.code, DiskFull.code)

log = logging.getLogger(__name__)


class EngineWatch:
    """Asks in a thread, judges in the loop's: an engine that hangs is noticed too."""

    def __init__(
        self,
        parts: Parts,
        loop: Loop,
        ledger: Ledger,
        tell: Callable[[Event], None],
        show: Callable[[Feed], None],
    ) -> None:
        self.health: Optional[Health] = None
        """As last heard; None where the engine does not answer."""
        self._parts, self._loop, self._ledger = parts, loop, ledger
        self._tell, self._show = tell, show
        self._trouble = ""
        """What was told: "engine", "storage" or nothing."""
        self._well_at = self._heard_at = time.monotonic()
        self._timer: Optional[Timer] = None
        self._closed = threading.Event()
        self._nudged = threading.Event()
        self._client: Optional[EngineClient] = None
        self._thread = threading.Thread(target=self._run, name="engine-watch", daemon=True)

    def start(self) -> None:
        self._thread.start()
        self._judge()

    def nudge(self) -> None:
        """There may be something to be deleted."""
        self._nudged.set()

    def stop(self) -> None:
        """Tell nothing any more; what is to be deleted now is the last."""
        self._closed.set()
        self._nudged.set()
        if self._timer is not None:
            self._timer.cancel()

    def close(self, deadline: Deadline) -> None:
        """After `stop`: wait until it has ended, a moment in any case."""
        if self._thread.is_alive():
            self._thread.join(min(LAST_SECONDS, deadline.left))
            if self._client is not None:
                self._client.interrupt()
            self._thread.join(max(LAST_SECONDS, deadline.left))

    # --- in the loop's thread -----------------------------------------------------------------------------------------

    def _heard(self, health: Optional[Health]) -> None:
        if self._closed.is_set():
            return
        if health is not None:
            self._heard_at = time.monotonic()
        self._set_health(health)

    def _set_health(self, health: Optional[Health]) -> None:
        self.health = health
        self._show(EngineState(health))

    def _judge(self) -> None:
        now, away = time.monotonic(), self._parts.times.engine_away
        if now - self._heard_at > away and self.health is not None:
            self._set_health(None)
        storage = self.health is not None and self.health.code in NO_SPACE
        if storage or _is_well(self.health):
            self._well_at = now
        trouble = "storage" if storage else "engine" if now - self._well_at > away else ""
        # Not yet well again does not mean well.
        if trouble or _is_well(self.health):
            self._say(trouble)
        self._timer = self._loop.call_later(JUDGE_SECONDS, self._judge)

    def _say(self, trouble: str) -> None:
        if trouble != self._trouble:
            self._trouble = trouble
            log.warning("videos cannot be made: %s", trouble) if trouble else log.info("videos can be made again")
            self._tell(ServiceLost(trouble) if trouble else ServiceBack())

    # --- in its own thread --------------------------------------------------------------------------------------------

    def _run(self) -> None:
        with self._parts.engine() as client:
            self._client = client
            while not self._closed.is_set():
                self._nudged.clear()
                self._ask(client)
                self._settle(client)
                self._nudged.wait(self._parts.times.look)
            self._settle(client)

    def _settle(self, client: EngineClient) -> None:
        try:
            self._ledger.settle(client)
        except OSError as error:
            log.error("the list of jobs to be deleted cannot be written: %s", error.strerror)

    def _ask(self, client: EngineClient) -> None:
        health: Optional[Health] = None
        try:
            health = client.health()
        except EngineUnavailable:
            pass
        except SonicError as error:
            log.error("the engine does not say how it is: %s %s", error.code, error.detail)
        self._loop.call_soon(lambda: self._heard(health))


def _is_well(health: Optional[Health]) -> bool:
    """Whether jobs put in now will be made. While it starts they wait, but it may be a start that never ends."""
    return health is not None and health.status == "ok"
