"""What a microphone's process says to its parent: one line of JSON, then samples, until the parent goes.

The line is ``{"devices": [[name, default], ...]}``, ``{"rate": Hz, "channels": n}`` or ``{"refusal": "busy" or
"missing", "detail": why}``. The samples are int16, interleaved, in the machine's byte order.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from abc import ABC, abstractmethod
from typing import Any, List, Tuple


class Refusal(Exception):
    """Why there is no sound. ``kind``: "busy" or "missing"."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind


class Source(ABC):
    """One library that gives sound."""

    rate: int
    channels: int

    @abstractmethod
    def devices(self) -> List[Tuple[str, bool]]:
        """(name, whether it is the system's default)."""

    @abstractmethod
    def open(self, device: str) -> None:
        """Sets ``rate`` and ``channels``. Raises `Refusal`."""

    @abstractmethod
    def read(self) -> bytes:
        """The next samples, some 50 ms of them. Raises OSError when there will be none."""

    @abstractmethod
    def close(self) -> None:
        """What has to be done before the process ends."""


def run(source: Source, arguments: List[str]) -> None:
    """``arguments``: "list", or "open" and the name of a device. Ends the process."""
    pipe = _quiet()
    lifeline = threading.Thread(target=_until_parent_goes, args=(source,), daemon=True)
    lifeline.start()
    try:
        if arguments[0] == "list":
            _say(pipe, {"devices": source.devices()})
        else:
            source.open(arguments[1])
            _say(pipe, {"rate": source.rate, "channels": source.channels})
            while True:
                _write(pipe, source.read())
    except Refusal as refusal:
        _say(pipe, {"refusal": refusal.kind, "detail": str(refusal)})
    except OSError:
        source.close()
    finally:
        os._exit(0)  # the library's own way out may hang


def _quiet() -> int:
    """A pipe to the parent that is ours alone: ALSA and JACK write to standard output and error as they please."""
    pipe = os.dup(1)
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    return pipe


def _until_parent_goes(source: Source) -> None:
    """Standard input ends with the parent, also with one that was killed."""
    while sys.stdin.buffer.read(1):
        pass
    source.close()
    os._exit(0)


def _say(pipe: int, what: Any) -> None:
    _write(pipe, json.dumps(what).encode() + b"\n")


def _write(pipe: int, data: bytes) -> None:
    while data:
        data = data[os.write(pipe, data) :]
