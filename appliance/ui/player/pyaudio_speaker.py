"""PortAudio by way of PyAudio: ALSA and PulseAudio."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
import time
from typing import Tuple

import numpy as np

from ...errors import SpeakerError
from .portaudio_process import ORDER
from .speaker import RATE, Speaker, SpeakerStream

OPEN_SECONDS = 10.0
"""A slow board starts the program and looks through its devices in far less."""
LOST_SECONDS = 3.0
"""A device that has taken nothing for so long is gone. Reports come 50 times a second."""
COMMAND = (sys.executable, "-m", "appliance.ui.player.portaudio_process")


class PyAudioSpeaker(Speaker):
    """PortAudio in a process of its own, see `portaudio_process`."""

    def __init__(self, device: str = "") -> None:
        """``device``: a name or a part of one; empty: the system's default."""
        self._device = device

    def open(self) -> PyAudioStream:
        try:
            process = subprocess.Popen(
                [*COMMAND, self._device],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # ALSA and JACK have much to say
                bufsize=0,
                start_new_session=True,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            )
        except OSError as error:
            raise SpeakerError(str(error)) from error
        stream = PyAudioStream(process)
        try:
            stream.wait_until_open(OPEN_SECONDS)
        except BaseException:
            stream.close()
            raise
        return stream


class PyAudioStream(SpeakerStream):
    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._opened: queue.Queue[str] = queue.Queue()
        self._lock = threading.Lock()
        """Of what is known."""
        self._orders = threading.Lock()
        """Of the pipe: one order after another."""
        self._flushes = 0
        self._position = 0.0
        self._report: Tuple[float, float, float] = (0.0, 0.0, time.monotonic())
        """Seconds heard, seconds that the device has, and when."""
        self._lost = ""
        self._reader = threading.Thread(target=self._read, name="speaker", daemon=True)
        self._reader.start()

    def wait_until_open(self, seconds: float) -> None:
        """Raises `SpeakerError`."""
        try:
            answer = self._opened.get(timeout=seconds)
        except queue.Empty:
            answer = "no answer"
        if answer != "open":
            raise SpeakerError(answer)

    def write(self, samples: np.ndarray) -> None:
        self._order(b"W", np.ascontiguousarray(samples, dtype="<i2").tobytes())

    def position(self) -> float:
        with self._lock:
            heard, limit, when = self._report
            silent_for = time.monotonic() - when
            if silent_for > LOST_SECONDS and not self._lost:
                self._lost = "the device takes nothing"
            if self._lost:
                raise SpeakerError(self._lost)
            self._position = max(self._position, min(heard + silent_for, limit))
            return self._position

    def pause(self) -> None:
        self._order_quietly(b"P")

    def resume(self) -> None:
        self._order_quietly(b"R")

    def flush(self) -> None:
        with self._orders:
            with self._lock:
                self._flushes += 1
                self._position = 0.0
                self._report = (0.0, 0.0, time.monotonic())
            self._send(b"F", b"")

    def close(self) -> None:
        with self._lock:
            self._lost = self._lost or "closed"
        self._process.kill()
        with self._orders:
            _close(self._process.stdin)
        self._reader.join()
        self._process.wait()

    # --- inside -------------------------------------------------------------------------------------------------------

    def _order(self, kind: bytes, content: bytes = b"") -> None:
        """Raises `SpeakerError`."""
        with self._orders:
            self._send(kind, content)
        if self._lost:
            raise SpeakerError(self._lost)

    def _order_quietly(self, kind: bytes) -> None:
        """Of a device that is lost, `position` tells."""
        with self._orders:
            self._send(kind, b"")

    def _send(self, kind: bytes, content: bytes) -> None:
        assert self._process.stdin is not None
        left = memoryview(ORDER.pack(kind, len(content)) + content)
        try:
            while left:
                left = left[self._process.stdin.write(left) :]
        except (OSError, ValueError) as error:
            self._lose(str(error))

    def _read(self) -> None:
        assert self._process.stdout is not None
        with open(self._process.stdout.fileno(), "rb", closefd=False) as reports:
            for line in reports:
                self._take(line.decode("utf-8", "replace").rstrip("\n"))
        self._opened.put("the program ended")
        self._lose("the program ended")
        _close(self._process.stdout)

    def _take(self, report: str) -> None:
        word, _, rest = report.partition(" ")
        if word == "at":
            flushes, heard, limit, when = rest.split()
            with self._lock:
                if int(flushes) == self._flushes:
                    self._report = (float(heard) / RATE, float(limit) / RATE, float(when))
                else:
                    self._report = (self._report[0], self._report[1], float(when))
            return
        self._opened.put("open" if word == "open" else rest)
        if word == "open":
            with self._lock:
                self._report = (0.0, 0.0, time.monotonic())
        else:
            self._lose(rest)

    def _lose(self, why: str) -> None:
        with self._lock:
            self._lost = self._lost or why


def _close(stream: object) -> None:
    try:
        stream.close()  # type: ignore[attr-defined]
    except OSError:
        pass
