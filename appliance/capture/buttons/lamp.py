"""The lamp that shows the state: patterns that can be told apart across a room, and one thread that plays them."""

from __future__ import annotations

import logging
import math
import threading
from typing import Callable, Dict, Optional, Tuple

Pattern = Tuple[Tuple[float, float], ...]
"""Levels from 0 to 1 and how many seconds each is shown, over and over again."""

FOREVER = math.inf
RETRY_S = 0.5
"""After a write that failed."""

_PULSE_S = 3.0
_PULSE_STEPS = 60


def _pulse() -> Pattern:
    """Breathing: half a turn of a cosine up and one down. A lamp that is only on or off blinks slowly and evenly."""
    turns = (2 * math.pi * step / _PULSE_STEPS for step in range(_PULSE_STEPS))
    return tuple(((1 - math.cos(turn)) / 2, _PULSE_S / _PULSE_STEPS) for turn in turns)


PATTERNS: Dict[str, Pattern] = {
    "off": ((0.0, FOREVER),),
    "steady": ((1.0, FOREVER),),
    "slow_blink": ((1.0, 1.0), (0.0, 1.0)),
    "fast_blink": ((1.0, 0.2), (0.0, 0.2)),
    "pulse": _pulse(),
    "double_flash": ((1.0, 0.12), (0.0, 0.18), (1.0, 0.12), (0.0, 1.38)),
    "countdown": ((1.0, 0.2), (0.0, 0.8)),
}
"""At most three flashes a second, which are safe for people with epilepsy (WCAG 2.2, 2.3.1)."""

log = logging.getLogger(__name__)


class Lamp:
    """``write``: lights the lamp, from 0 to 1; it may raise any error of the pins' library."""

    def __init__(self, write: Callable[[float], None]) -> None:
        self._write = write
        self._pattern, self._closed = PATTERNS["off"], False
        self._changed = threading.Condition()
        self._level: Optional[float] = None
        self._works = True
        self._thread = threading.Thread(target=self._play, name="lamp", daemon=True)
        self._thread.start()

    def show(self, name: str) -> None:
        """One of `PATTERNS`, from its beginning unless it is shown already. Raises KeyError."""
        pattern = PATTERNS[name]
        with self._changed:
            if pattern is not self._pattern:
                self._pattern = pattern
                self._changed.notify_all()

    def close(self) -> None:
        """The lamp is off and the thread has ended; may be called twice."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join()

    def _play(self) -> None:
        while not self._closed:
            pattern = self._pattern
            for level, seconds in pattern:
                self._light(level)
                if not self._goes_on(pattern, seconds if self._works else min(seconds, RETRY_S)):
                    break
        self._light(0.0)

    def _goes_on(self, pattern: Pattern, seconds: float) -> bool:
        """Whether so much later the pattern is still the same."""
        with self._changed:
            return not self._changed.wait_for(
                lambda: self._closed or self._pattern is not pattern, None if seconds == FOREVER else seconds
            )

    def _light(self, level: float) -> None:
        if level == self._level:
            return
        try:
            self._write(level)
            self._level, self._works = level, True
        except Exception as error:
            if self._works:
                log.warning("the lamp cannot be switched: %s", error)
            self._works = False
