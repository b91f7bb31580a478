"""Which files can be used at all, found out in a process that hostile ones may crash or hang."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Callable, Dict, Optional, Sequence, Type

import numpy as np

from .scan import Found

COMMAND = (sys.executable, "-m", "appliance.capture.picker.decoding")

THUMBNAIL = 320
"""Longest side in pixels."""

FILE_SECONDS = 15.0
"""For one file, and as long again for the first, which has to wait for the process to start."""

PAUSE_S = 0.25
BLOCK = 1 << 16
LONGEST_ANSWER = 1 << 12
"""Bytes before the thumbnail."""


class DecoderLost(Exception):
    """The process died, or had to be killed, over this file."""


@dataclass(frozen=True)
class Checked:
    """A file that can be used. ``thumbnail``: uint8 (height, width, 3) RGB of a photo. ``seconds`` of a recording, None
    where that is not known."""

    thumbnail: Optional[np.ndarray] = field(default=None, compare=False)
    seconds: Optional[float] = None


def request(found: Found, kind: str) -> bytes:
    """A line for the process."""
    message = {
        "kind": kind, "root": str(found.root), "parts": found.parts, "device": found.device, "size": found.size,
        "modified": found.modified,
    }  # fmt: skip
    return json.dumps(message).encode("ascii") + b"\n"


class Checker:
    """Keeps one such process, started when it is needed. A context manager of one thread; `close` is for any.

    The process ends with the thread that first called `check`, at the latest.
    """

    def __init__(self, command: Sequence[str] = COMMAND, file_seconds: float = FILE_SECONDS) -> None:
        self.while_waiting: Callable[[], None] = lambda: None
        """Called now and then while the decoder takes its time."""
        self._command, self._file_seconds = [*command, str(os.getpid())], file_seconds
        self._process: Optional[subprocess.Popen[bytes]] = None
        self._unread = b""
        self._closed = False
        self._lock = threading.Lock()

    def __enter__(self) -> Checker:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Any, trace: Optional[TracebackType]) -> None:
        self.close()
        self._end()

    def close(self) -> None:
        """Have the check under way end at once."""
        with self._lock:
            self._closed = True
            self._kill()

    def check(self, found: Found, kind: str) -> Optional[Checked]:
        """What it is good for; None where it is good for nothing. Raises `DecoderLost`."""
        deadline = time.monotonic() + self._file_seconds * (1 if self._process else 2)
        try:
            return self._ask(request(found, kind), deadline)
        except (OSError, ValueError) as error:
            self._end()
            raise DecoderLost(type(error).__name__) from error

    def _ask(self, line: bytes, deadline: float) -> Optional[Checked]:
        process = self._started()
        assert process.stdin is not None
        process.stdin.write(line)
        answer: Dict[str, Any] = json.loads(self._read_line(deadline).decode("ascii"))
        picture = None
        if answer["shape"] is not None:
            height, width = answer["shape"]
            if not (0 < height <= THUMBNAIL and 0 < width <= THUMBNAIL):
                raise ValueError("shape")
            pixels = np.frombuffer(self._read(3 * height * width, deadline), np.uint8)
            picture = pixels.reshape(height, width, 3)
        return Checked(picture, answer["seconds"]) if answer["fine"] else None

    def _started(self) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._closed:
                raise BrokenPipeError
            if self._process is None:
                self._unread = b""
                self._process = subprocess.Popen(
                    self._command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,  # what decoders say of the files of strangers is not for the log
                    bufsize=0,
                    start_new_session=True,
                )
            return self._process

    def _read_line(self, deadline: float) -> bytes:
        while b"\n" not in self._unread:
            if len(self._unread) > LONGEST_ANSWER:
                raise ValueError("no answer")
            self._read_more(deadline)
        line, _, self._unread = self._unread.partition(b"\n")
        return line

    def _read(self, count: int, deadline: float) -> bytes:
        while len(self._unread) < count:
            self._read_more(deadline)
        taken, self._unread = self._unread[:count], self._unread[count:]
        return taken

    def _read_more(self, deadline: float) -> None:
        """Raises OSError at the end of time or of the process."""
        assert self._process is not None and self._process.stdout is not None
        source = self._process.stdout.fileno()
        poll = select.poll()
        poll.register(source, select.POLLIN)
        while not poll.poll(1000 * max(0.0, min(PAUSE_S, deadline - time.monotonic()))):
            if time.monotonic() >= deadline:
                raise TimeoutError
            self.while_waiting()
        data = os.read(source, BLOCK)
        if not data:
            raise BrokenPipeError
        self._unread += data

    def _kill(self) -> None:
        """With the ffmpeg it may have started."""
        if self._process is not None and self._process.returncode is None:
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def _end(self) -> None:
        with self._lock:
            self._kill()
            process, self._process = self._process, None
        if process is not None:
            process.wait()  # not under the lock: a stick that dies can hold even a killed process
            for pipe in (process.stdin, process.stdout):
                assert pipe is not None
                pipe.close()
