"""The program that speaks to PortAudio for `pyaudio_speaker`; its argument is the name of a device, or a part of it.

A process of its own: it may print what it likes, hang in a driver or be ended by a sound server that went away, and
the screen goes on. Orders come on standard input, each a letter and a length (`ORDER`): ``W`` with samples, ``F``
flush, ``P`` pause, ``R`` resume. Reports go to standard output, a line each: ``open``; ``failed`` and why; ``at`` with
the number of flushes so far, the sample frame that is heard, the last one that the device has, and the monotonic time
(s) of this.
"""

from __future__ import annotations

import os
import struct
import sys
import threading
import time
from collections import deque
from typing import Any, Deque, List, Tuple

RATE, CHANNELS, SAMPLE_BYTES = 48_000, 2, 2
"""As in `speaker`, which would bring in NumPy: this program shall be there at once."""
FRAME_BYTES = CHANNELS * SAMPLE_BYTES
CHUNK = 960
"""Sample frames given to the device in one go: 20 ms."""
DEVICE_FRAMES = 1024
"""Of a period; the device holds a few of them."""
ORDER = struct.Struct("<cI")

AHEAD_SECONDS = 0.2
"""A device that takes sound faster than it can be heard, such as ALSA's `null`, gets no more than this too early."""
FASTEST = 1.001
"""Seconds that a device may play in a second: its clock is not exactly ours."""


class Waiting:
    """What was ordered and is not with the device yet."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pieces: Deque[bytes] = deque()
        self._paused = False
        self._flushes = self._taken = 0
        self.closed = False

    def order(self, kind: bytes, content: bytes) -> None:
        with self._lock:
            if kind == b"W":
                self._pieces.append(content)
            elif kind == b"F":
                self._pieces.clear()
                self._flushes, self._taken = self._flushes + 1, 0
            else:
                self._paused = kind == b"P"

    def take(self) -> Tuple[int, int, bytes]:
        """Flushes so far, the first sample frame, and at most `CHUNK` of them."""
        with self._lock:
            taken: List[bytes] = []
            room = CHUNK * FRAME_BYTES
            while room and self._pieces and not self._paused:
                piece = self._pieces.popleft()
                taken.append(piece[:room])
                if len(piece) > room:
                    self._pieces.appendleft(piece[room:])
                room -= len(taken[-1])
            first = self._taken
            content = b"".join(taken)
            self._taken += len(content) // FRAME_BYTES
            return self._flushes, first, content


class Played:
    """Which sound lies where in what the device was given since the last flush."""

    def __init__(self) -> None:
        self.frames = 0
        """Given to the device in all, silence too."""
        self._flushes = 0
        self._stretches: Deque[Tuple[int, int, int]] = deque([(0, 0, 0)])
        """First frame of the device, first frame of the sound, frames of sound; silence follows them."""

    def add(self, flushes: int, first: int, frames: int) -> None:
        """A chunk that begins with so much sound."""
        if flushes != self._flushes:
            self._flushes = flushes
            self._stretches.clear()
        self._stretches.append((self.frames, first, frames))
        self.frames += CHUNK

    def at(self, frame: float) -> Tuple[int, float, int]:
        """Flushes, the frame of the sound that is heard when the device plays that frame, and the last that it has."""
        while len(self._stretches) > 1 and self._stretches[1][0] <= frame:
            self._stretches.popleft()
        begun, first, frames = self._stretches[0]
        last = self._stretches[-1]
        return self._flushes, first + min(max(frame - begun, 0.0), float(frames)), last[1] + last[2]


def main(name: str) -> None:
    try:
        stream = _opened(name)
    except (ImportError, OSError, ValueError) as error:
        _report(f"failed {type(error).__name__}: {error}")
        return
    _report("open")
    waiting = Waiting()
    threading.Thread(target=_listen, args=(waiting,), daemon=True).start()
    try:
        _play(stream, waiting)
    except OSError as error:
        _report(f"failed {error}")


def _opened(name: str) -> Any:
    """An output stream of PyAudio."""
    import pyaudio

    audio = pyaudio.PyAudio()
    index = None
    if name:
        devices = [audio.get_device_info_by_index(number) for number in range(audio.get_device_count())]
        fitting = [info["index"] for info in devices if info["maxOutputChannels"] > 0 and name in str(info["name"])]
        if not fitting:
            raise ValueError("no such output")
        index = fitting[0]
    return audio.open(
        RATE, CHANNELS, pyaudio.paInt16, output=True, output_device_index=index, frames_per_buffer=DEVICE_FRAMES
    )


def _play(stream: Any, waiting: Waiting) -> None:
    latency = stream.get_output_latency()
    played = Played()
    began = time.monotonic()
    while not waiting.closed:
        flushes, first, content = waiting.take()
        played.add(flushes, first, len(content) // FRAME_BYTES)
        stream.write(content.ljust(CHUNK * FRAME_BYTES, b"\0"))
        elapsed = FASTEST * (time.monotonic() - began)
        early = played.frames / RATE - elapsed - max(latency, AHEAD_SECONDS)
        if early > 0:
            time.sleep(early)
        now = time.monotonic()
        heard = min(played.frames - latency * RATE, FASTEST * (now - began) * RATE)
        _report("at {} {:.1f} {} {:.6f}".format(*played.at(heard), now))


def _listen(waiting: Waiting) -> None:
    """Take orders, until whoever gives them is gone."""
    orders = sys.stdin.buffer
    while True:
        head = orders.read(ORDER.size)
        if len(head) < ORDER.size:
            waiting.closed = True
            time.sleep(1.0)
            os._exit(0)  # the device hangs
        kind, length = ORDER.unpack(head)
        waiting.order(kind, orders.read(length))


def _report(line: str) -> None:
    try:
        os.write(1, line.encode("utf-8", "replace") + b"\n")
    except OSError:
        os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")
