"""A pin as gpiozero wants it, over a line of any kind."""

from __future__ import annotations

from typing import Any, Optional

from gpiozero.pins.pi import PiPin

from ..library import gpiozero
from .line import Line
from .poller import Poller

EDGES = ("none", "rising", "falling", "both")


class AtlasPin(PiPin):
    """Neither pull-up nor pull-down can be switched: use ``pull_up=None`` and ``active_state``, and a resistor."""

    def __init__(self, factory: Any, info: gpiozero.PinInfo, line: Line, poller: Poller) -> None:
        super().__init__(factory, info)
        self._line, self._poller = line, poller
        self._bounce: Optional[float] = None
        self._edges = "both"

    def close(self) -> None:
        """Nothing is driven and nobody told any more; the pin can be used again."""
        self.when_changed = None
        self._bounce, self._edges = None, "both"
        if self._line.is_output:
            self._line.make_input()

    def output_with_state(self, state: Any) -> None:
        self._line.make_output(self._level(state))

    def input_with_pull(self, pull: str) -> None:
        self._set_pull(pull)
        self._line.make_input()

    def _get_function(self) -> str:
        return "output" if self._line.is_output else "input"

    def _set_function(self, value: str) -> None:
        if value not in ("input", "output"):
            raise gpiozero.PinInvalidFunction(f"{self!r} is an input or an output, not {value!r}")
        if value == "input":
            self._line.make_input()
        elif not self._line.is_output:
            self._line.make_output(self._line.read())

    def _get_state(self) -> int:
        return int(self._line.read())

    def _set_state(self, value: Any) -> None:
        if not self._line.is_output:
            raise gpiozero.PinSetInput(f"{self!r} is an input")
        self._line.write(self._level(value))

    def _level(self, state: Any) -> bool:
        if state not in (0, 1):
            raise gpiozero.PinInvalidState(f"{self!r} is high or low, not {state!r}")
        return bool(state)

    def _get_pull(self) -> str:
        return "floating"

    def _set_pull(self, value: str) -> None:
        if value not in ("floating", "up", "down"):
            raise gpiozero.PinInvalidPull(f"{value!r} is no pull")
        if value != "floating":
            raise gpiozero.PinFixedPull(f"{self!r} has no resistor that could be switched: use pull_up=None")

    def _get_bounce(self) -> Optional[float]:
        return self._bounce

    def _set_bounce(self, value: Optional[float]) -> None:
        if value is not None and not value >= 0:
            raise gpiozero.PinInvalidBounce(f"{value!r} is no time in seconds")
        self._bounce = value
        self._poller.set_bounce(self._info.name, value or 0.0)

    def _get_edges(self) -> str:
        return self._edges

    def _set_edges(self, value: str) -> None:
        if value not in EDGES:
            raise gpiozero.PinInvalidEdges(f"{value!r} is not one of {', '.join(EDGES)}")
        self._edges = value

    def _enable_event_detect(self) -> None:
        self._poller.watch(self._info.name, self._line.read, self._changed, self._bounce or 0.0)

    def _disable_event_detect(self) -> None:
        self._poller.unwatch(self._info.name)

    def _changed(self, ticks: float, level: bool) -> None:
        if self._edges in ("both", "rising" if level else "falling") and self._when_changed is not None:
            self._call_when_changed(ticks, int(level))
