"""What went wrong lately, for the staff to see why. Kept in memory alone; needs no Qt."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from typing import Callable, Deque, Dict, Optional, Tuple

from ....engine.job import Failure
from ....engine.view import Health
from ....errors import EngineUnavailable
from ...feeds import DeviceState, EngineState, Feed, Notice
from ...flow import Visit
from ...frontend import FrontEnd
from ..failure import failure_of

LENGTH = 30
"""Troubles that are remembered."""


@dataclass(frozen=True)
class Trouble:
    """``last``: seconds since the epoch, for people. ``times``: in a row."""

    last: float
    failure: Failure
    times: int = 1


class History:
    """The newest troubles; the same one again and again is one."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._troubles: Deque[Trouble] = deque(maxlen=LENGTH)

    def note(self, failure: Failure) -> None:
        times = 1
        if self._troubles and self._troubles[-1].failure == failure:
            times += self._troubles.pop().times
        self._troubles.append(Trouble(self._clock(), failure, times))

    def newest_first(self) -> Tuple[Trouble, ...]:
        return tuple(reversed(self._troubles))


class Noting(FrontEnd):
    """A front end whose troubles are noted on the way to it."""

    def __init__(self, front_end: FrontEnd, history: History) -> None:
        self._front_end, self._history = front_end, history
        self._why: Optional[Failure] = None
        self._engine: Optional[Failure] = None
        self._devices: Dict[str, Optional[Failure]] = {}

    def show(self, visit: Visit) -> None:
        if visit.why is not None and visit.why is not self._why:
            self._history.note(visit.why)
        self._why = visit.why
        self._front_end.show(visit)

    def feed(self, item: Feed) -> None:
        if isinstance(item, EngineState):
            failure = _of_engine(item)
            self._engine = self._changed(failure, self._engine)
        elif isinstance(item, DeviceState):
            failure = failure_of(item.error) if item.error else None
            self._devices[item.device] = self._changed(failure, self._devices.get(item.device))
        elif isinstance(item, Notice) and item.error is not None:
            self._history.note(failure_of(item.error))
        self._front_end.feed(item)

    def start_playing(self, visit: Visit) -> None:
        self._front_end.start_playing(visit)

    def stop_playing(self) -> None:
        self._front_end.stop_playing()

    def _changed(self, now: Optional[Failure], before: Optional[Failure]) -> Optional[Failure]:
        """What lasts is told again and again, but noted once."""
        if now is not None and now != before:
            self._history.note(now)
        return now


def failure_of_health(health: Health) -> Optional[Failure]:
    """What the engine itself says is wrong with it."""
    return Failure(health.code, health.message, health.action) if health.code else None


def _of_engine(item: EngineState) -> Optional[Failure]:
    return failure_of(EngineUnavailable()) if item.health is None else failure_of_health(item.health)
