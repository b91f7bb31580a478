"""Pictures handed from one process to another through memory that both see.

The writer goes round through `SLOTS` slots and never waits: what nobody read in time is written over. A header says
which picture is being written and which one is complete, so that a reader knows whether what it copied is whole.
"""

from __future__ import annotations

import ctypes
import mmap
import os
from typing import Optional, Tuple

import numpy as np

SLOTS = 4
MAX_PICTURE = 4096 * 3072 * 3
"""Bytes of the largest picture. Memory that is not used costs nothing."""

_HEADER = 4096
_SLOT = -(-MAX_PICTURE // mmap.PAGESIZE) * mmap.PAGESIZE
SIZE = _HEADER + SLOTS * _SLOT

# linux/memfd.h
MFD_CLOEXEC = 1


def new_memory() -> int:
    """A file descriptor of memory without a name: faces in it never reach a disk. Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)  # os.memfd_create came with CPython 3.8
    handle: int = libc.memfd_create(b"camera", MFD_CLOEXEC)
    if handle < 0:
        raise OSError(ctypes.get_errno(), "memfd_create")
    os.ftruncate(handle, SIZE)
    return handle


class SharedPictures:
    """Both ends. One process writes, one reads; each maps the memory itself and keeps its own copy of ``handle``."""

    def __init__(self, handle: int) -> None:
        self._memory = mmap.mmap(handle, SIZE)
        self._header = np.frombuffer(self._memory, np.int64, 2 + 2 * SLOTS)

    def write(self, picture: np.ndarray) -> None:
        """``picture``: uint8 (height, width, 3) of at most `MAX_PICTURE` bytes, else ValueError."""
        if picture.nbytes > MAX_PICTURE or picture.ndim != 3 or picture.dtype != np.uint8:
            raise ValueError(f"no picture to hand over: {picture.dtype} {picture.shape}")
        number = int(self._header[1]) + 1
        slot = number % SLOTS
        self._header[0] = number
        self._header[2 + 2 * slot : 4 + 2 * slot] = picture.shape[:2]
        self._pixels(slot, picture.shape[0], picture.shape[1])[:] = picture
        self._header[1] = number

    def read(self, after: int) -> Optional[Tuple[int, np.ndarray]]:
        """The newest picture and its number, counted from 1; None if there is none beyond number ``after``."""
        for _ in range(SLOTS):
            number = int(self._header[1])
            if number <= after:
                break
            slot = number % SLOTS
            height, width = self._header[2 + 2 * slot : 4 + 2 * slot].tolist()
            if not (0 < height and 0 < width and height * width * 3 <= MAX_PICTURE):
                break
            picture = self._pixels(slot, height, width).copy()
            # The writer may have come round while we copied.
            if int(self._header[0]) < number + SLOTS:
                return number, picture
        return None

    def close(self) -> None:
        del self._header
        self._memory.close()

    def _pixels(self, slot: int, height: int, width: int) -> np.ndarray:
        flat = np.frombuffer(self._memory, np.uint8, height * width * 3, _HEADER + slot * _SLOT)
        return flat.reshape(height, width, 3)
