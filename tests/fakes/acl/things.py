"""What a program makes of the NPU and has to give back, and what it did wrong."""

from __future__ import annotations

import ctypes
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Dict, List, NamedTuple, Optional

import numpy as np

CANARY = b"\xc5" * 32
ALIGNMENT = 64
DEPTH = 6
HERE = str(Path(__file__).parent)


class Complaint(NamedTuple):
    """``name``: the kind of mistake; ``where``: the stack of the call, or of the birth of what leaks."""

    name: str
    call: str
    text: str
    where: str

    def __str__(self) -> str:
        return f"{self.name} ({self.call}): {self.text}\n{self.where}"


class Refusal(Exception):
    """A call returns this number."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code, self.text = code, text


def stack() -> str:
    """Who called, outermost first; without the frames of the double itself."""
    lines: List[str] = []
    frame: Optional[FrameType] = sys._getframe()
    while frame is not None and len(lines) < DEPTH:
        file = frame.f_code.co_filename
        if not file.startswith(HERE):
            lines.insert(0, f"  {file}:{frame.f_lineno} in {frame.f_code.co_name}")
        frame = frame.f_back
    return "\n".join(lines)


class Thing:
    """Something with a handle. ``kind``: its name in leaks, such as "stream"."""

    kind = "thing"

    def __init__(self) -> None:
        self.where = stack()


class Context(Thing):
    kind = "context"

    def __init__(self, default: bool) -> None:
        super().__init__()
        self.default = default


class Stream(Thing):
    kind = "stream"

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.context = context
        self.tasks: List[Task] = []


class Block(Thing):
    """Memory of the device between canaries."""

    kind = "memory"

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size
        self._memory = ctypes.create_string_buffer(size + 2 * len(CANARY) + ALIGNMENT)
        start = ctypes.addressof(self._memory) + len(CANARY)
        self.address = start + -start % ALIGNMENT
        ctypes.memmove(self.address - len(CANARY), CANARY, len(CANARY))
        ctypes.memmove(self.address + size, CANARY, len(CANARY))
        self.fill(0xA7)
        self.written = False

    def fill(self, value: int) -> None:
        ctypes.memset(self.address, value, self.size)

    def content(self, address: int, dtype: str, shape: tuple) -> np.ndarray:
        count = int(np.prod(shape)) * np.dtype(dtype).itemsize
        return np.frombuffer(ctypes.string_at(address, count), dtype).reshape(shape)

    def intact(self) -> bool:
        before = ctypes.string_at(self.address - len(CANARY), len(CANARY))
        return before == CANARY and ctypes.string_at(self.address + self.size, len(CANARY)) == CANARY


class Buffer(Thing):
    """A data buffer: where, and how long. ``dataset``: the one it is in."""

    kind = "data-buffer"

    def __init__(self, address: int, size: int) -> None:
        super().__init__()
        self.address, self.size = address, size
        self.dataset: Optional[Dataset] = None


class Dataset(Thing):
    kind = "dataset"

    def __init__(self) -> None:
        super().__init__()
        self.buffers: List[Buffer] = []


class Description(Thing):
    kind = "description"

    def __init__(self) -> None:
        super().__init__()
        self.model: Optional[Model] = None


@dataclass
class Tensor:
    """``dtype``: numpy's name. ``size``: bytes."""

    name: str
    shape: tuple
    dtype: str
    type_id: int

    @property
    def size(self) -> int:
        return int(np.prod([abs(side) for side in self.shape])) * np.dtype(self.dtype).itemsize


class Model(Thing):
    kind = "model"

    def __init__(self, context: Context, inputs: List[Tensor], outputs: List[Tensor], size: int) -> None:
        super().__init__()
        self.context, self.inputs, self.outputs, self.size = context, inputs, outputs, size
        self.batches: List[int] = []
        self.batch_set = False
        self.datasets: Optional[tuple] = None
        """Those of its last run."""


@dataclass
class Task:
    """A run that waits in a stream."""

    model: Model
    reads: List[Buffer]
    writes: List[Buffer]
    blocks: Dict[str, List[Block]] = field(default_factory=dict)
