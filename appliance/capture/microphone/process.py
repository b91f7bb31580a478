"""A microphone that is read by a process of its own.

Libraries of sound write to standard error, hang when a device does, look for devices only once, and crash. All of that
ends with the process, which can be killed; the appliance goes on.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import select
import subprocess
import sys
import threading
import time
from typing import Any, Dict, List, Sequence

import numpy as np

from ...errors import MicrophoneBusy, MicrophoneLost, MicrophoneMissing
from .base import Microphone, MicrophoneDevice, MicrophoneStream

OPEN_SECONDS = 10.0
"""How long a device, or the list of all, may take to answer; sound servers retry for seconds."""
GRACE_SECONDS = 1.0
"""How long a process has to give its device back before it is killed."""
LONGEST_BLOCK = 0.1
"""Seconds of sound that are read at once."""

F_SETPIPE_SZ = 1031
PIPE_BYTES = 1 << 20
"""Some seconds of sound, for a reader that is held up by a slow disk."""

log = logging.getLogger(__name__)


class ProcessMicrophone(Microphone):
    def __init__(self, module: str, *arguments: str) -> None:
        """``module``: of `appliance.capture.microphone.child`; ``arguments`` before those of `outlet.run`."""
        self._command = [sys.executable, "-m", f"appliance.capture.microphone.child.{module}", *arguments]

    def devices(self) -> List[MicrophoneDevice]:
        child = _Child([*self._command, "list"])
        try:
            answer = child.answer(OPEN_SECONDS)
        except (MicrophoneLost, MicrophoneMissing) as error:
            log.warning("microphones cannot be listed: %s", error.detail)
            return []
        finally:
            child.end()
        return [MicrophoneDevice(name, default) for name, default in answer["devices"]]

    def open(self, device: str = "") -> MicrophoneStream:
        child = _Child([*self._command, "open", device])
        try:
            answer = child.answer(OPEN_SECONDS)
        except MicrophoneLost as error:
            child.end()
            raise MicrophoneMissing(f"it did not open: {error.detail}") from error
        except BaseException:
            child.end()
            raise
        return ProcessStream(child, answer["rate"], answer["channels"])


class ProcessStream(MicrophoneStream):
    def __init__(self, child: _Child, rate: int, channels: int) -> None:
        self.rate = rate
        self._channels = channels
        self._child = child

    def read(self, timeout: float) -> np.ndarray:
        frame = 2 * self._channels
        raw = self._child.read(frame, frame * int(self.rate * LONGEST_BLOCK), timeout)
        samples = np.frombuffer(raw, dtype=np.int16).reshape(-1, self._channels)
        if self._channels == 1:
            return samples[:, 0]
        return samples.mean(axis=1).round().astype(np.int16)

    def close(self) -> None:
        self._child.end()


class _Child:
    """One such process. One thread reads, any thread may end it."""

    def __init__(self, command: Sequence[str]) -> None:
        self._ending, self._reading = threading.Lock(), threading.Lock()
        self._ended = False
        self._unread = b""
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                # JACK's library would start its server, which takes the device for itself.
                env={**os.environ, "JACK_NO_START_SERVER": "1"},
                # Ctrl-C reaches us alone; what was recorded is written before this process is ended.
                start_new_session=True,
            )
        except OSError as error:
            raise MicrophoneMissing(f"no process for it: {error.strerror}") from error
        self._stirred, self._stir = os.pipe()
        assert self._process.stdin is not None and self._process.stdout is not None
        self._lifeline, self._sound = self._process.stdin, self._process.stdout
        try:
            fcntl.fcntl(self._sound, F_SETPIPE_SZ, PIPE_BYTES)
        except OSError:
            log.info("the pipe from the microphone stays small")

    def answer(self, seconds: float) -> Dict[str, Any]:
        """What the process says first. Raises `MicrophoneBusy`, `MicrophoneMissing`; `MicrophoneLost` for nothing."""
        deadline = time.monotonic() + seconds
        with self._reading:
            while b"\n" not in self._unread:
                self._unread += self._more(PIPE_BYTES, deadline)
            line, self._unread = self._unread.split(b"\n", 1)
        answer: Dict[str, Any] = json.loads(line)
        if "refusal" in answer:
            raise (MicrophoneBusy if answer["refusal"] == "busy" else MicrophoneMissing)(answer["detail"])
        return answer

    def read(self, unit: int, most: int, seconds: float) -> bytes:
        """The next bytes, a multiple of ``unit``, at least one and at most ``most``. Raises `MicrophoneLost`."""
        deadline = time.monotonic() + seconds
        with self._reading:
            if self._ended:
                self._unread = b""
            while len(self._unread) < unit:
                self._unread += self._more(most, deadline)
            whole = min(most, len(self._unread) // unit * unit)
            data, self._unread = self._unread[:whole], self._unread[whole:]
        return data

    def end(self) -> None:
        """Also one that hangs; harmless afterwards."""
        with self._ending:
            if self._ended:
                return
            self._ended = True
        os.write(self._stir, b".")
        self._lifeline.close()
        if not self._gone():
            self._process.kill()
            if not self._gone():
                log.warning("the driver of the microphone does not let go of process %d", self._process.pid)
        with self._reading:
            self._sound.close()
            os.close(self._stirred)
            os.close(self._stir)

    def _more(self, most: int, deadline: float) -> bytes:
        if self._ended:
            raise MicrophoneLost("it was closed")
        poll = select.poll()
        poll.register(self._sound, select.POLLIN)
        poll.register(self._stirred, select.POLLIN)
        ready = [descriptor for descriptor, _ in poll.poll(max(0.0, deadline - time.monotonic()) * 1000)]
        if self._stirred in ready:
            raise MicrophoneLost("it was closed")
        if not ready:
            raise MicrophoneLost("it gave nothing for too long")
        data = os.read(self._sound.fileno(), most)
        if not data:
            self._gone()
            raise MicrophoneLost(f"its process ended with status {self._process.returncode}")
        return data

    def _gone(self) -> bool:
        try:
            self._process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            return False
        return True
