"""The pin factory: ``GPIOZERO_PIN_FACTORY=atlas200dk``."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Dict, Optional

from ..library import gpiozero
from .expander import Expander, ExpanderLine
from .header import BOARD, EXPANDER_BITS, SYSFS_NUMBERS
from .i2c import I2C_1, Bus, I2cBus
from .line import Line
from .pin import AtlasPin
from .poller import POLL_S, Poller
from .sysfs import SYSFS, SysfsLine


class AtlasFactory(gpiozero.Factory):
    """Pins by name, such as "GPIO0", or by place, such as "BOARD7".

    A pin whose line cannot be had raises OSError: not this board, no driver, no right to it.
    """

    def __init__(self, root: Path = SYSFS, bus: Optional[Bus] = None, period: float = POLL_S) -> None:
        """``root``: of sysfs' GPIO. ``bus``: with the port expander; default: I2C-1, opened when it is needed."""
        super().__init__()
        self._root, self._bus, self._period = root, bus, period
        self._poller = Poller(period)
        self._expander: Optional[Expander] = None
        self._lines: Dict[str, Line] = {}
        self._pins: Dict[str, AtlasPin] = {}
        self._lock = threading.Lock()

    def pin(self, name: str) -> AtlasPin:
        for _, info in self.board_info.find_pin(name):
            with self._lock:
                if info.name not in self._pins:
                    self._lines[info.name] = self._line(info.name)
                    self._pins[info.name] = AtlasPin(self, info, self._lines[info.name], self._poller)
                return self._pins[info.name]
        raise gpiozero.PinInvalidPin(f"there is no pin {name!r} that can be used on this board")

    def close(self) -> None:
        """All pins are inputs again; may be called twice."""
        for pin in self._pins.values():
            pin.close()
        self._poller.close()
        for line in self._lines.values():
            line.close()
        self._pins, self._lines = {}, {}
        if self._expander is not None:
            self._expander.close()
            self._expander = None

    @staticmethod
    def ticks() -> float:
        return time.monotonic()

    @staticmethod
    def ticks_diff(later: float, earlier: float) -> float:
        return later - earlier

    def _get_board_info(self) -> gpiozero.BoardInfo:
        return BOARD

    def _line(self, name: str) -> Line:
        if name in SYSFS_NUMBERS:
            return SysfsLine(SYSFS_NUMBERS[name], self._root)
        if self._expander is None:
            self._expander = Expander(self._bus or I2cBus(I2C_1))
        return ExpanderLine(self._expander, EXPANDER_BITS[name])
