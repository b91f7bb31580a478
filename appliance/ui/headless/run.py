"""The headless appliance as a process."""

from __future__ import annotations

import logging
import signal
from typing import Any, Optional

from ...capture.buttons.panel import Panel, PanelEvent, Pressed, Released, WipeHeld
from ...engine.service.notify import Notifier
from ...settings import Settings
from ..director.director import Director
from ..director.parts import Parts, parts_from
from ..director.rules import rules_from
from ..plain_loop import PlainLoop
from .front import HeadlessFrontEnd
from .keyboard import Keyboard
from .prompts import Prompts
from .showing import check

SIGNS_A_PERIOD = 3
"""sd_watchdog_enabled(3) recommends two; a third one may be late."""
NO_BUTTON = "there is no button: set [buttons] factory, or start it in a terminal; nothing can be recorded"

log = logging.getLogger(__name__)


def run_headless(settings: Settings, parts: Optional[Parts] = None, factory: Optional[Any] = None) -> None:
    """Until SIGTERM or SIGINT. ``factory``: of the pins, in place of that of the settings.

    Raises `UsageError` where nothing would become of the videos, `SonicError` where another front end is running,
    `PinsUnavailable`.
    """
    check(settings.headless)
    loop = PlainLoop()
    before = {number: signal.signal(number, lambda *_: loop.stop()) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        _Appliance(settings, parts or parts_from(settings, "sonic-headless"), loop, factory).run(Notifier())
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Appliance:
    def __init__(self, settings: Settings, parts: Parts, loop: PlainLoop, factory: Optional[Any]) -> None:
        self._settings, self._parts, self._loop, self._factory = settings, parts, loop, factory

    def run(self, notifier: Notifier) -> None:
        loop = self._loop
        with Panel(self._settings.buttons, self._told, self._factory) as panel, Keyboard(self._tapped) as keyboard:
            prompts = Prompts(self._parts.speaker)
            self._front = HeadlessFrontEnd(loop, self._settings.headless, prompts, panel.show)
            director = Director(loop, self._front, rules_from(self._settings, "headless"), self._parts)
            self._front.tell, self._front.video = director.tell, director.video
            try:
                director.start()
                if not self._settings.buttons.factory and self._factory is None and not keyboard.there:
                    log.warning(NO_BUTTON)
                notifier.ready("waiting for the button")
                self._give_signs(notifier)
                loop.run()
                notifier.stopping()
            finally:
                director.close()
                self._front.close()
                prompts.close()

    def _give_signs(self, notifier: Notifier) -> None:
        """As long as the loop turns."""
        if notifier.watchdog_seconds is not None:
            notifier.alive()
            self._loop.call_later(notifier.watchdog_seconds / SIGNS_A_PERIOD, lambda: self._give_signs(notifier))

    def _told(self, event: PanelEvent) -> None:
        """In another thread, perhaps before there is a front end."""
        self._loop.call_soon(lambda: self._take(event))

    def _tapped(self) -> None:
        self._told(Pressed())
        self._told(Released(0.0))

    def _take(self, event: PanelEvent) -> None:
        if isinstance(event, Pressed):
            self._front.pressed()
        elif isinstance(event, Released):
            self._front.released(event.seconds)
        elif isinstance(event, WipeHeld):
            self._front.wipe()
