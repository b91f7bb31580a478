"""A worker without networks: the real loop and protocol, videos of a few bytes. The recording says how it behaves.

`speech(segments=3, gate=1)` makes such a recording. Words, each ``name`` or ``name=number``:

* ``segments`` (2) of ``frames`` (5) each, ``delay`` (0) seconds a frame, ``wide`` (64) bytes a segment;
* ``gate=K``    before segment K, wait until the file `go` lies among the segments, with a sign of life every 10 ms;
* ``fail=K``    raise `SpeechSilent` at segment K; ``error=K`` raise something unforeseen; ``full=K`` find no space;
* ``crash=K``   be killed at segment K; ``crash_once=K`` only the first time;
* ``hang=K``    stand still at segment K; ``hang_once=K`` only the first time;
* ``child=K``   start a program at segment K that does nothing for long, as ffmpeg may;
* ``filler=0``  when the video is made, fill the disk with the file `filler` beside it;
* ``silent=K``  work on at segment K for ever, but never come to its end.

A number left out is 0. The finished video is the initial segment and all segments in one.
While the file named by `TOY_BROKEN` exists, the worker cannot start.
"""

from __future__ import annotations

import errno
import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Dict, Iterator, Optional, Union

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from appliance.engine.worker import loop as worker
from appliance.errors import ModelMissing, SpeechSilent, SpeechTooLong
from appliance.pipeline.generate import FaceTaken, Progress, Result
from appliance.settings import FRAME_RATE, MakeOptions

try:
    from appliance.pipeline.generate import Segment
except ImportError:
    from dataclasses import dataclass

    @dataclass(frozen=True)
    class Segment:  # type: ignore[no-redef]
        index: int
        first_frame: int
        frames: int


COMMAND = (sys.executable, str(Path(__file__).resolve()))
PREFIX = "toy:"

Event = Union[Progress, FaceTaken, Segment, Result]


def speech(**behaviour: float) -> bytes:
    """A recording that makes the toy behave like this."""
    return (PREFIX + ",".join(f"{name}={value}" for name, value in behaviour.items()) + "\n").encode()


def video(recording: bytes) -> bytes:
    """The video that the toy makes of this recording."""
    words = _words(recording)
    return b"".join([_init(recording), *(_segment(recording, index, words) for index in range(int(words["segments"])))])


class ToyMaker:
    def __init__(self, runtime: str, precision: Optional[str]) -> None:
        self.runtime, self.precision = runtime, precision or "int8"
        if os.path.exists(os.environ.get("TOY_BROKEN", "")):
            raise ModelMissing("toy")

    def close(self) -> None:
        pass

    def make(
        self, photo: Path, speech: Path, out: Path, options: MakeOptions, segments: Path,
        longest: Optional[float] = None,
    ) -> Iterator[Event]:  # fmt: skip
        recording = speech.read_bytes()
        words = _words(recording)
        count, frames = int(words["segments"]), int(words["frames"])
        if longest is not None and count * frames / FRAME_RATE > longest:
            raise SpeechTooLong()
        began = time.perf_counter()
        yield Progress("face", 0, 1)
        photo.read_bytes()
        yield FaceTaken(1, 1)
        yield Progress("face", 1, 1)
        yield Progress("speech", 1, 1)
        if not (segments / "init.mp4").exists():
            _write(segments / "init.mp4", _init(recording))
        for index in range(count):
            path = segments / f"{index:06d}.m4s"
            if not path.exists():
                yield from _misbehave(words, index, segments)
                for frame in range(frames):
                    time.sleep(words["delay"])
                    yield Progress("video", index * frames + frame + 1, count * frames)
                _write(path, _segment(recording, index, words))
            yield Segment(index, index * frames, frames)
        yield Progress("finish", 0, 1)
        _write(out, video(recording))
        if "filler" in words:
            _fill(out.with_name("filler"))
        yield Result(
            frames=count * frames, duration=count * frames / FRAME_RATE, width=2, height=2, face_number=1, face_count=1,
            runtime=self.runtime, precision=self.precision,
            seconds_per_stage={"video": time.perf_counter() - began},
        )  # fmt: skip


def _misbehave(words: Dict[str, float], index: int, segments: Path) -> Iterator[Event]:
    def now(word: str) -> bool:
        return words.get(word) == index

    def first_time(word: str) -> bool:
        marker = segments / "toy_was_here"
        if not now(word) or marker.exists():
            return False
        marker.touch()
        return True

    if now("child"):
        subprocess.Popen(["sleep", "1000"])
    while now("gate") and not (segments / "go").exists():
        time.sleep(0.01)
        yield Progress("video", index * int(words["frames"]), int(words["segments"] * words["frames"]))
    while now("silent"):
        time.sleep(0.01)
        yield Progress("video", index * int(words["frames"]), int(words["segments"] * words["frames"]))
    if now("fail"):
        raise SpeechSilent("toy")
    if now("error"):
        raise ValueError("toy")
    if now("full"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if now("crash") or first_time("crash_once"):
        os.kill(os.getpid(), signal.SIGKILL)
    if now("hang") or first_time("hang_once"):
        time.sleep(1000)


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass


def _words(recording: bytes) -> Dict[str, float]:
    line = recording.split(b"\n")[0].decode("ascii", "replace")
    words = {"segments": 2.0, "frames": 5.0, "delay": 0.0, "wide": 64.0}
    if line.startswith(PREFIX):
        pairs = (word.partition("=") for word in line[len(PREFIX) :].split(",") if word)
        words.update({name: float(value or 0) for name, _, value in pairs})
    return words


def _init(recording: bytes) -> bytes:
    return b"init" + hashlib.sha256(recording).digest()


def _segment(recording: bytes, index: int, words: Dict[str, float]) -> bytes:
    return hashlib.sha256(recording + bytes([index % 256])).digest() * (int(words["wide"]) // 32)


def _write(path: Path, content: bytes) -> None:
    part = path.with_name("." + path.name + ".part")
    part.write_bytes(content)
    os.replace(str(part), str(path))


if __name__ == "__main__":
    sys.exit(worker.main(sys.argv[1:], ToyMaker))
