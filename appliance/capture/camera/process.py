"""A camera in a process of its own: a driver may hang or crash there, and nobody else does.

The process is `child`. It hands pictures over through memory (see `shared`) and says on a pipe, one JSON object a line:

    {"tell": "open"}                        the camera is open
    {"tell": "picture"}                     there is another one; left out when nobody listens
    {"tell": "failed", "code", "detail"}    a `CameraError`; then it ends

Its standard input says nothing: when that ends, so does the process. What drivers and libraries print is read here, and
nothing but the end of it is kept, for the detail of an error.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import select
import subprocess
import sys
import threading
import time
from collections import deque
from typing import Any, Deque, Dict, List, Sequence

import numpy as np

from ...errors import CameraBusy, CameraError, CameraLost, CameraMissing
from .base import CameraDevice, CameraStream
from .shared import SharedPictures, new_memory

CHILD = (sys.executable, "-m", "appliance.capture.camera.child")

OPEN_SECONDS = 12.0
"""For a slow machine to load OpenCV and for a slow camera to be set up."""
LEAVE_SECONDS = 0.7
"""A process that was asked to end may take so long to give the camera back."""
KILL_SECONDS = 0.7
"""One that was killed may take so long; longer only where the kernel itself hangs."""
SLICE_SECONDS = 0.1
"""A reader that waits looks so often whether the stream was closed meanwhile."""

BLOCK = 1 << 16
LAST_WORDS = 400
"""Characters kept of what the process printed."""

ERRORS = {error.code: error for error in (CameraMissing, CameraBusy, CameraLost, CameraError)}

log = logging.getLogger(__name__)

_undead: List[subprocess.Popen[bytes]] = []
"""Killed, but held by the kernel; to be buried when it lets go."""


class ProcessStream(CameraStream):
    """One run of the process, from its start to its death."""

    def __init__(self, command: Sequence[str], open_seconds: float = OPEN_SECONDS) -> None:
        """Start it and wait until the camera is open.

        Raises `CameraMissing`, `CameraBusy`, `CameraError`; `CameraLost` where that takes longer than ``open_seconds``.
        """
        _bury()
        self._closed = False
        self._using = threading.Lock()
        self._last_words = b""
        self._unread = b""
        self._said: Deque[Dict[str, Any]] = deque()
        self._number = 0
        self._end = ""
        """How it ended; empty while it has not."""
        try:
            self._start(command)
        except OSError as error:
            raise CameraError(f"no process for the camera: {error}") from error
        try:
            self._wait_until_open(open_seconds)
        except BaseException:
            self.close()
            raise

    def read(self, timeout: float) -> np.ndarray:
        """See `CameraStream`; a process that gives nothing is killed."""
        deadline = time.monotonic() + timeout
        with self._using:
            while not self._closed and not self._end:
                newest = self._pictures.read(after=self._number)
                if newest is not None:
                    self._number, picture = newest
                    return picture
                if time.monotonic() >= deadline:
                    self._process.kill()
                    self._end = self._detail(f"no picture within {timeout:g} s")
                    break
                try:
                    self._listen(deadline)
                except CameraError as error:
                    self._end = error.detail or error.code
        raise CameraLost(self._end or "closed")

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        assert self._process.stdin is not None
        self._process.stdin.close()
        if not _ends(self._process, LEAVE_SECONDS):
            self._process.kill()
            if not _ends(self._process, KILL_SECONDS):
                _undead.append(self._process)
        with self._using:  # a reader leaves within one slice
            self._pictures.close()
            os.close(self._report)
            os.close(self._noise)

    def _start(self, command: Sequence[str]) -> None:
        """Raises OSError."""
        with contextlib.ExitStack() as ours, contextlib.ExitStack() as theirs:
            memory = new_memory()
            theirs.callback(os.close, memory)
            self._pictures = SharedPictures(memory)
            ours.callback(self._pictures.close)
            self._report, report = os.pipe()
            ours.callback(os.close, self._report)
            theirs.callback(os.close, report)
            self._noise, noise = os.pipe()
            ours.callback(os.close, self._noise)
            theirs.callback(os.close, noise)
            # Where nobody reads for a while, what is printed gets lost; the process does not wait.
            for handle in (report, self._noise, noise):
                os.set_blocking(handle, False)
            self._process = subprocess.Popen(
                [*command, "--memory", str(memory), "--report", str(report)],
                stdin=subprocess.PIPE,
                stdout=noise,
                stderr=noise,
                pass_fds=(memory, report),
                start_new_session=True,
            )
            ours.pop_all()

    def _wait_until_open(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not self._listen(deadline):
            if time.monotonic() >= deadline:
                self._process.kill()
                raise CameraLost(self._detail(f"not open within {seconds:g} s"))

    def _listen(self, deadline: float) -> bool:
        """Wait for one slice, or until something is said: whether that was "open".

        Raises the error that was told, and `CameraLost` when the process has ended.
        """
        if not self._said:
            self._hear(deadline)
        while self._said:
            message = self._said.popleft()
            if message.get("tell") == "open":
                return True
            if message.get("tell") == "failed":
                error = ERRORS.get(str(message.get("code")), CameraError)
                raise error(str(message.get("detail", ""))[:LAST_WORDS])
        return False

    def _hear(self, deadline: float) -> None:
        ready, _, _ = select.select([self._report, self._noise], [], [], _slice(deadline))
        if self._noise in ready:
            self._keep_last_words()
        if self._report not in ready:
            return
        said = os.read(self._report, BLOCK)
        if not said:
            raise CameraLost(self._detail("its process ended"))
        *lines, self._unread = (self._unread + said).split(b"\n")
        self._said.extend(_decode(line) for line in lines)

    def _keep_last_words(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._last_words = (self._last_words + os.read(self._noise, BLOCK))[-LAST_WORDS:]

    def _detail(self, what: str) -> str:
        self._keep_last_words()
        words = " ".join(self._last_words.decode("utf-8", "replace").split())
        return f"{what}; it said: {words}" if words else what


def list_devices(command: Sequence[str]) -> List[CameraDevice]:
    """What such a process, told to list, finds, where a driver must be asked that may hang; empty where that fails."""
    try:
        listed = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=OPEN_SECONDS
        ).stdout
        return [CameraDevice(device["path"], device["name"]) for device in json.loads(listed or b"[]")]
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        log.warning("cameras cannot be listed: %s", type(error).__name__)
        return []


def _slice(deadline: float) -> float:
    return min(SLICE_SECONDS, max(0.0, deadline - time.monotonic()))


def _decode(line: bytes) -> Dict[str, Any]:
    try:
        message = json.loads(line)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}


def _ends(process: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def _bury() -> None:
    _undead[:] = [process for process in _undead if process.poll() is None]
