"""Push buttons and a lamp beside the screen: the record button does what a finger would do next."""

from __future__ import annotations

import logging
from typing import Any, Callable, Dict, Optional

from ...capture.buttons.panel import Panel, PanelEvent, Pressed, WipeHeld
from ...errors import PinsUnavailable
from ...settings import ButtonSettings
from ..events import Begin, Event, Record, Shoot, StopRecording, Touched, Wipe
from ..feeds import Feed
from ..flow import State, Visit
from ..frontend import FrontEnd
from ..loop import Loop

LAMP: Dict[State, str] = {
    State.ATTRACT: "pulse",
    State.PHOTO_COUNTDOWN: "countdown",
    State.PHOTO_SHOT: "countdown",
    State.PHOTO_CHECK: "slow_blink",
    State.VOICE_COUNTDOWN: "countdown",
    State.VOICE_RECORDING: "steady",
    State.VOICE_CHECK: "slow_blink",
    State.MAKING: "slow_blink",
    State.ERROR: "fast_blink",
    State.OUT_OF_SERVICE: "double_flash",
}
"""Pattern of `capture.buttons.lamp`; off in all other states."""

PRESSED: Dict[State, Event] = {
    State.ATTRACT: Begin(),
    State.PHOTO: Shoot(),
    State.VOICE: Record(),
    State.VOICE_RECORDING: StopRecording(),
    State.THANKS: Begin(),
}
"""What the record button means; in all other states only that somebody is there."""

log = logging.getLogger(__name__)


class WithPanel(FrontEnd):
    """A front end with a panel beside it. Pins that cannot be used do not keep the screen dark."""

    def __init__(
        self,
        front_end: FrontEnd,
        loop: Loop,
        settings: ButtonSettings,
        tell: Callable[[Event], None],
        factory: Optional[Any] = None,
    ) -> None:
        """``tell``: who is told what the buttons mean. ``factory``: see `Panel`."""
        self._front_end, self._loop, self._tell = front_end, loop, tell
        self._state = State.ATTRACT
        self._panel: Optional[Panel] = None
        try:
            self._panel = Panel(settings, self._done, factory)
        except PinsUnavailable as error:
            log.error("no buttons and no lamp: %s", error.detail)
        self._light()

    def close(self) -> None:
        if self._panel is not None:
            self._panel.close()

    def show(self, visit: Visit) -> None:
        if visit.state is not self._state:
            self._state = visit.state
            self._light()
        self._front_end.show(visit)

    def feed(self, item: Feed) -> None:
        self._front_end.feed(item)

    def start_playing(self, visit: Visit) -> None:
        self._front_end.start_playing(visit)

    def stop_playing(self) -> None:
        self._front_end.stop_playing()

    def _light(self) -> None:
        if self._panel is not None:
            self._panel.show(LAMP.get(self._state, "off"))

    def _done(self, event: PanelEvent) -> None:
        """In a thread of the pins' library."""
        if isinstance(event, WipeHeld):
            self._loop.call_soon(lambda: self._tell(Wipe()))
        elif isinstance(event, Pressed):
            self._loop.call_soon(lambda: self._tell(PRESSED.get(self._state, Touched())))
