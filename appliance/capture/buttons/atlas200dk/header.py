"""The 40-pin header of the Atlas 200 DK, and how its lines are reached.

Huawei, "Atlas 200 Developer Kit 1.0.13", the sections on the 40-pin header and its GPIO. The numbers are not those of a
Raspberry Pi. GPIO2 is on the header too, but under which number Linux has it is not documented; GPIO8 to GPIO10 are
connected on one of the main boards only.
"""

from __future__ import annotations

from typing import Dict

from ..library import gpiozero

SYSFS_NUMBERS: Dict[str, int] = {"GPIO0": 504, "GPIO1": 444}
"""Of the lines of the Ascend 310. As outputs they need a pull-up of 1 to 10 kilohm."""

EXPANDER_BITS: Dict[str, int] = {"GPIO3": 0x10, "GPIO4": 0x20, "GPIO5": 0x40, "GPIO6": 0x80, "GPIO7": 0x08}
"""Of port 1 of the port expander. 10 mA high, 25 mA low at 3.3 V: enough for a lamp."""

_NUMBERS: Dict[int, str] = {7: "GPIO0", 11: "GPIO1", 29: "GPIO3", 31: "GPIO4", 33: "GPIO5", 35: "GPIO6", 37: "GPIO7"}
_COLUMNS = 2
_ROWS = 20


def _pin(number: int, name: str) -> gpiozero.PinInfo:
    row, column = divmod(number - 1, _COLUMNS)
    return gpiozero.PinInfo(
        number=number,
        name=name,
        names=frozenset({name, f"BOARD{number}"}),
        pull="",
        row=row + 1,
        col=column + 1,
        # Not the dict that the library documents: its reservations need what can be hashed.
        interfaces=frozenset({"gpio"}),
    )


_PINS = {number: _pin(number, name) for number, name in _NUMBERS.items()}

BOARD = gpiozero.BoardInfo(
    revision="1",
    model="Atlas 200 DK",
    pcb_revision="",
    released="",
    soc="Ascend 310",
    manufacturer="Huawei",
    memory=8192,
    storage="MicroSD",
    usb=1,
    usb3=1,
    ethernet=1,
    eth_speed=1000,
    wifi=False,
    bluetooth=False,
    csi=2,
    dsi=0,
    headers={"J1": gpiozero.HeaderInfo(name="J1", rows=_ROWS, columns=_COLUMNS, pins=_PINS)},
    board="",
)
