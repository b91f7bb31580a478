"""The one thread in which a front end lives: Qt's loop in the kiosk, a plain queue without a screen."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Callable


class Timer(ABC):
    @abstractmethod
    def cancel(self) -> None:
        """It will not fire any more; harmless afterwards and twice. From the loop's thread only."""


class Loop(ABC):
    @abstractmethod
    def call_soon(self, call: Callable[[], None]) -> None:
        """Run that in the loop's thread, in order of the calls; from any thread, also after the loop's end (then it is
        dropped)."""

    @abstractmethod
    def call_later(self, seconds: float, call: Callable[[], None]) -> Timer:
        """Run that once, so much later; from the loop's thread only."""
