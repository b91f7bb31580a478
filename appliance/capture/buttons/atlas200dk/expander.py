"""Lines of the PCA6416 port expander on the board (NXP, PCA6416A data sheet), which others use too.

Every change reads the register, changes the one bit that is ours, and writes it back, under a lock of the threads and
one of the processes. The chip tells nobody when an input changes, on this board: it has to be asked.
"""

from __future__ import annotations

import threading

from .i2c import Bus
from .line import Line

ADDRESS = 0x20

# Registers of port 1; 6.2 of the data sheet.
INPUT = 0x01
OUTPUT = 0x03
CONFIGURATION = 0x07
"""A set bit makes an input."""


class Expander:
    """The chip, shared by its lines."""

    def __init__(self, bus: Bus, address: int = ADDRESS) -> None:
        self._bus, self._address = bus, address
        self._lock = threading.Lock()

    def bit(self, register: int, mask: int) -> bool:
        with self._lock:
            return bool(self._bus.read(self._address, register) & mask)

    def set_bit(self, register: int, mask: int, value: bool) -> None:
        with self._lock, self._bus.locked():
            before = self._bus.read(self._address, register)
            after = before | mask if value else before & ~mask
            if after != before:
                self._bus.write(self._address, register, after)

    def close(self) -> None:
        with self._lock:
            self._bus.close()


class ExpanderLine(Line):
    """The line behind one bit of port 1."""

    def __init__(self, expander: Expander, mask: int) -> None:
        """Raises OSError where the chip does not answer."""
        self._expander, self._mask = expander, mask
        self._output = not expander.bit(CONFIGURATION, mask)

    @property
    def is_output(self) -> bool:
        return self._output

    def make_input(self) -> None:
        self._expander.set_bit(CONFIGURATION, self._mask, True)
        self._output = False

    def make_output(self, level: bool) -> None:
        self._expander.set_bit(OUTPUT, self._mask, level)
        self._expander.set_bit(CONFIGURATION, self._mask, False)
        self._output = True

    def read(self) -> bool:
        return self._expander.bit(INPUT, self._mask)

    def write(self, level: bool) -> None:
        self._expander.set_bit(OUTPUT, self._mask, level)

    def close(self) -> None:
        """The chip is closed by whoever opened it."""
