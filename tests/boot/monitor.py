"""The hands and eyes of whoever stands before an emulated machine, by QEMU's own protocol (QMP)."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any, List

import numpy as np
from PIL import Image

ANSWER_SECONDS = 120.0
"""QEMU answers in between imitating a processor."""


class Monitor:
    def __init__(self, path: Path) -> None:
        """``path``: where the socket is to be."""
        self._path = path

    def options(self) -> List[str]:
        """With which QEMU listens there."""
        return ["-qmp", f"unix:{self._path},server=on,wait=off"]

    def do(self, command: str, **arguments: Any) -> Any:
        """What QEMU answers. Raises `RuntimeError` with its words where it refuses."""
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(ANSWER_SECONDS)
            client.connect(str(self._path))
            with client.makefile("rw") as stream:
                stream.readline()  # a greeting
                answer: Any = None
                for request in ({"execute": "qmp_capabilities"}, {"execute": command, "arguments": arguments}):
                    stream.write(json.dumps(request) + "\n")
                    stream.flush()
                    answer = next(line for line in map(json.loads, stream) if "event" not in line)
                    if "error" in answer:
                        raise RuntimeError(f"{command}: {answer['error']['desc']}")
                return answer["return"]

    def screen(self, path: Path) -> np.ndarray:
        """What the screen shows, uint8 (height, width, 3) RGB; kept as a PNG."""
        raw = path.with_suffix(".ppm")
        self.do("screendump", filename=str(raw))
        with Image.open(str(raw)) as picture:
            picture.save(str(path))
            pixels: np.ndarray = np.asarray(picture.convert("RGB"))
        raw.unlink()
        return pixels

    def press(self, key: str) -> None:
        """A key of the keyboard, by QEMU's name for it."""
        self.do("send-key", keys=[{"type": "qcode", "data": key}])
