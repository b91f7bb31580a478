"""The real process of a camera with a source that is no camera: the real protocol, and any behaviour.

Words of the command line, in any number:

* ``hang-open``, ``crash-open``, ``busy``, ``missing``   at the opening;
* ``hang=N``, ``crash=N``, ``lost=N``    at picture N, from 1; ``crash`` as a driver does, by a signal;
* ``slow``, ``fast``   a picture every 0.3 s, or without a pause; else every 1/30 s;
* ``garbage``   pictures that are none; ``wide`` ones that have no room; ``babble`` nonsense on the report;
* ``noisy``     a megabyte of complaints with every picture;
* ``stubborn``  does not leave when it is told to;
* ``pid=PATH``  writes its process number there.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Dict

import numpy as np

from appliance.capture.camera import child
from appliance.capture.camera.source import Source
from appliance.errors import CameraBusy, CameraLost, CameraMissing


class Toy(Source):
    def __init__(self, behaviour: Dict[str, str]) -> None:
        self._behaviour = behaviour
        self._number = 0
        if "hang-open" in behaviour:
            time.sleep(1e6)
        if "crash-open" in behaviour:
            os.kill(os.getpid(), signal.SIGSEGV)
        if "busy" in behaviour:
            raise CameraBusy("taken")
        if "missing" in behaviour:
            raise CameraMissing("none")

    def read(self) -> np.ndarray:
        self._number += 1
        if self._is_time_for("hang"):
            time.sleep(1e6)
        if self._is_time_for("crash"):
            os.kill(os.getpid(), signal.SIGSEGV)
        if self._is_time_for("lost"):
            raise CameraLost("the toy is lost")
        if "noisy" in self._behaviour:
            for line in range(10_000):
                complain(f"{line:06d} " + 92 * "?" + "\n")
            complain("Corrupt JPEG data\n")
        if "garbage" in self._behaviour:
            return np.zeros((7,), np.float64)
        if "wide" in self._behaviour:
            return np.zeros((6000, 6000, 3), np.uint8)
        if "fast" not in self._behaviour:
            time.sleep(0.3 if "slow" in self._behaviour else 1 / 30)
        picture = np.zeros((48, 64, 3), np.uint8)
        picture[:, :32, 0] = 255
        picture[:, 32:, 2] = 255
        return picture

    def close(self) -> None:
        if "stubborn" in self._behaviour:
            time.sleep(1e6)

    def _is_time_for(self, what: str) -> bool:
        return self._behaviour.get(what) == str(self._number)


def complain(words: str) -> None:
    try:
        os.write(2, words.encode())
    except BlockingIOError:
        pass  # as a library written in C would do


def main() -> int:
    words = sys.argv[1:-4]
    memory, report = (int(word) for word in (sys.argv[-3], sys.argv[-1]))
    behaviour = dict(word.partition("=")[::2] for word in words)
    if "pid" in behaviour:
        Path(behaviour["pid"]).write_text(str(os.getpid()))
    if "babble" in behaviour:
        os.write(report, b'\xff\x00not json\n[1]\n{"tell": 7}\n' + b"x" * 3000 + b"\n")
    if "stubborn" in behaviour:
        child.LEAVE_SECONDS = 1e6
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    return child.run(lambda: Toy(behaviour), memory, report)


if __name__ == "__main__":
    sys.exit(main())
