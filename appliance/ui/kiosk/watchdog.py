"""Signs of life from the thread that draws: none comes while it is stuck."""

from __future__ import annotations

import time
from typing import Optional

from PyQt5.QtCore import QEvent, QObject, Qt, QTimer
from PyQt5.QtWidgets import QWidget

from ...engine.service.notify import Notifier

SIGNS_A_PERIOD = 3
"""sd_watchdog_enabled(3) recommends two; a third one may be late."""

TICK_MS = 10
"""How finely `LoopMonitor` looks."""


class Heartbeat(QObject):
    """Tells the service manager that Qt's loop turns, as often as it wants to hear it."""

    def __init__(self, notifier: Notifier) -> None:
        super().__init__()
        if notifier.watchdog_seconds is None:
            return
        timer = QTimer(self)
        timer.timeout.connect(notifier.alive)
        timer.start(max(1, int(1000 * notifier.watchdog_seconds / SIGNS_A_PERIOD)))
        notifier.alive()


class ReadyWhenPainted(QObject):
    """Tells the service manager once that the first picture is on the screen."""

    def __init__(self, window: QWidget, notifier: Notifier, status: str) -> None:
        super().__init__()
        self._window, self._notifier, self._status = window, notifier, status
        window.installEventFilter(self)

    def eventFilter(self, watched: Optional[QObject], event: Optional[QEvent]) -> bool:
        if event is not None and event.type() == QEvent.Paint:
            self._window.removeEventFilter(self)
            QTimer.singleShot(0, self._tell)
        return False

    def _tell(self) -> None:
        self._notifier.ready(self._status)


class LoopMonitor(QObject):
    """How long Qt's loop let an event wait, at worst, between `start` and `stop`.

    ``longest``: seconds. ``late``: how many waits were longer than ``limit`` seconds.
    """

    def __init__(self, limit: float = 0.05) -> None:
        super().__init__()
        self._limit = limit
        self._last = 0.0
        self.longest = 0.0
        self.late = 0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.PreciseTimer)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._tick)

    def start(self) -> None:
        self.longest, self.late = 0.0, 0
        self._last = time.perf_counter()
        self._timer.start()

    def stop(self) -> None:
        self._tick()
        self._timer.stop()

    def _tick(self) -> None:
        now = time.perf_counter()
        waited = max(0.0, now - self._last - TICK_MS / 1000)
        self._last = now
        self.longest = max(self.longest, waited)
        self.late += waited > self._limit
