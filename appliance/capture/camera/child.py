"""``python -m appliance.capture.camera.child``: the process of a camera. `process` starts it and says how they talk.

It ends when its standard input does, within `LEAVE_SECONDS` and whatever the driver does.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Callable, List

import cv2

from ...errors import CameraError, CameraLost
from .ascend import AscendSource, channels
from .shared import SharedPictures
from .source import Source
from .v4l2 import V4l2Source

LEAVE_SECONDS = 0.4
"""Less than `process.LEAVE_SECONDS`."""


def main(arguments: List[str]) -> int:
    parser = argparse.ArgumentParser()
    kinds = parser.add_subparsers(dest="kind", required=True)
    v4l2 = kinds.add_parser("v4l2")
    v4l2.add_argument("--classes", type=Path)
    v4l2.add_argument("--nodes", type=Path)
    ascend = kinds.add_parser("ascend")
    listing = kinds.add_parser("list-ascend")
    for kind in (ascend, listing):
        kind.add_argument("--library")
    for kind in (v4l2, ascend):
        kind.add_argument("--device")
        kind.add_argument("--width", type=int)
        kind.add_argument("--height", type=int)
        kind.add_argument("--memory", type=int)
        kind.add_argument("--report", type=int)
    options = parser.parse_args(arguments)
    if options.kind == "list-ascend":
        print(json.dumps([dataclasses.asdict(device) for device in channels(options.library)]))
        return 0

    def source() -> Source:
        if options.kind == "v4l2":
            return V4l2Source(options.device, options.width, options.height, options.classes, options.nodes)
        return AscendSource(options.device, options.width, options.height, options.library)

    return run(source, options.memory, options.report)


def run(open_source: Callable[[], Source], memory: int, report: int) -> int:
    """Open, hand over one picture after another until told to leave; the exit status."""
    leave = threading.Event()
    threading.Thread(target=_leave_with_input, args=(leave,), daemon=True, name="input").start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)
    try:
        source = open_source()
        try:
            _tell(report, tell="open")
            pictures = SharedPictures(memory)
            while not leave.is_set():
                pictures.write(source.read())
                with contextlib.suppress(BlockingIOError):
                    _tell(report, tell="picture")
        finally:
            source.close()
    except CameraError as error:
        _tell(report, tell="failed", code=error.code, detail=error.detail)
        return 1
    except Exception as error:
        _tell(report, tell="failed", code=CameraLost.code, detail=f"{type(error).__name__}: {error}")
        return 1
    return 0


def _leave_with_input(leave: threading.Event) -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    leave.set()
    time.sleep(LEAVE_SECONDS)
    os._exit(1)


def _tell(report: int, **message: str) -> None:
    """Raises BlockingIOError where nobody has listened for long."""
    os.write(report, json.dumps(message).encode("ascii") + b"\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
