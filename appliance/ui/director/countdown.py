"""Three, two, one."""

from __future__ import annotations

from typing import Optional

from ..events import CountdownOver
from ..feeds import Countdown
from ..loop import Timer
from .work import Desk, Work


class CountingDown(Work):
    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._left = desk.parts.settings.kiosk.countdown_seconds
        self._timer: Optional[Timer] = None

    def start(self) -> None:
        if not self._left:
            self.desk.answer(CountdownOver())
            return
        self.desk.feed(Countdown(self._left))
        self._left -= 1
        self._timer = self.desk.loop.call_later(self.desk.parts.times.second, self.start)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
