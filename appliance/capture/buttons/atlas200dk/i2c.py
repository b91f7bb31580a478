"""Registers of chips on an I2C bus, through the kernel's character device (linux/i2c-dev.h)."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import os
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, Callable, Iterator

I2C_1 = Path("/dev/i2c-1")

# linux/i2c-dev.h, linux/i2c.h
I2C_RDWR = 0x0707
I2C_M_RD = 0x0001

LOCK_PATIENCE_S = 2.0
RETRY_S = 0.005


class Message(ctypes.Structure):
    """``struct i2c_msg``: one transfer between two start conditions."""

    _fields_ = [
        ("addr", ctypes.c_uint16),
        ("flags", ctypes.c_uint16),
        ("len", ctypes.c_uint16),
        ("buf", ctypes.POINTER(ctypes.c_uint8)),
    ]


class Transaction(ctypes.Structure):
    """``struct i2c_rdwr_ioctl_data``: transfers that nobody else can come between."""

    _fields_ = [("msgs", ctypes.POINTER(Message)), ("nmsgs", ctypes.c_uint32)]


class Bus(ABC):
    """Chips with 8-bit registers. Every method may raise OSError."""

    @abstractmethod
    def read(self, address: int, register: int) -> int:
        """0 .. 255."""

    @abstractmethod
    def write(self, address: int, register: int, value: int) -> None: ...

    @abstractmethod
    def locked(self) -> contextlib.AbstractContextManager:
        """Keeps other processes that ask too from changing what was read before it is written."""

    @abstractmethod
    def close(self) -> None:
        """May be called twice."""


class I2cBus(Bus):
    """A bus of the kernel."""

    def __init__(self, path: Path = I2C_1, ioctl: Callable[[int, int, Any], int] = fcntl.ioctl) -> None:
        """Raises OSError."""
        self._ioctl = ioctl
        self._handle = os.open(str(path), os.O_RDWR | os.O_CLOEXEC)

    def read(self, address: int, register: int) -> int:
        chosen, answer = (ctypes.c_uint8 * 1)(register), (ctypes.c_uint8 * 1)()
        self._transfer(Message(address, 0, 1, chosen), Message(address, I2C_M_RD, 1, answer))
        return answer[0]

    def write(self, address: int, register: int, value: int) -> None:
        self._transfer(Message(address, 0, 2, (ctypes.c_uint8 * 2)(register, value)))

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        deadline = time.monotonic() + LOCK_PATIENCE_S
        while True:
            try:
                fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise OSError(errno.EBUSY, os.strerror(errno.EBUSY)) from None
            time.sleep(RETRY_S)
        try:
            yield
        finally:
            fcntl.flock(self._handle, fcntl.LOCK_UN)

    def close(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def _transfer(self, *messages: Message) -> None:
        array = (Message * len(messages))(*messages)
        self._ioctl(self._handle, I2C_RDWR, Transaction(array, len(messages)))
