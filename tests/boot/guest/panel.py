"""A touch panel that the kernel takes for real (uinput): ten fingers, of which one is used."""

from __future__ import annotations

import fcntl
import os
import struct
import time
from types import TracebackType
from typing import Optional, Tuple, Type

# linux/uinput.h and linux/input-event-codes.h
SET_EVENT, SET_KEY, SET_AXIS, SET_PROPERTY, CREATE, DESTROY = (
    0x40045564, 0x40045565, 0x40045567, 0x4004556E, 0x5501, 0x5502
)  # fmt: skip
SYNC, KEY, AXIS = 0, 1, 3
TOUCH, DIRECT = 0x14A, 1
X, Y, SLOT, FINGER_X, FINGER_Y, FINGER = 0x00, 0x01, 0x2F, 0x35, 0x36, 0x39
AXES = 64
USB = 3
HELD_SECONDS = 0.2


class Panel:
    """Of ``size`` pixels. A context manager: connected within."""

    def __init__(self, size: Tuple[int, int]) -> None:
        highest = {X: size[0] - 1, Y: size[1] - 1, FINGER_X: size[0] - 1, FINGER_Y: size[1] - 1, SLOT: 9, FINGER: 65535}
        self._file = os.open("/dev/uinput", os.O_WRONLY)
        for request, values in (
            (SET_EVENT, (SYNC, KEY, AXIS)), (SET_KEY, (TOUCH,)), (SET_AXIS, tuple(highest)), (SET_PROPERTY, (DIRECT,))
        ):  # fmt: skip
            for value in values:
                fcntl.ioctl(self._file, request, value)
        limits = [highest.get(axis, 0) for axis in range(AXES)] + [0] * (3 * AXES)
        os.write(self._file, struct.pack(f"80s4HI{4 * AXES}i", b"boot-test panel", USB, 1, 1, 1, 0, *limits))
        fcntl.ioctl(self._file, CREATE)

    def __enter__(self) -> Panel:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        fcntl.ioctl(self._file, DESTROY)
        os.close(self._file)

    def tap(self, x: int, y: int) -> None:
        self._send((AXIS, SLOT, 0), (AXIS, FINGER, 1), (AXIS, FINGER_X, x), (AXIS, FINGER_Y, y), (KEY, TOUCH, 1),
                   (AXIS, X, x), (AXIS, Y, y))  # fmt: skip
        time.sleep(HELD_SECONDS)
        self._send((AXIS, FINGER, -1), (KEY, TOUCH, 0))

    def _send(self, *events: Tuple[int, int, int]) -> None:
        for event in (*events, (SYNC, 0, 0)):
            os.write(self._file, struct.pack("llHHi", 0, 0, *event))
