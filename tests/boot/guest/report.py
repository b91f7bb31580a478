"""What was seen inside the machine, one JSON object a line, written at once: a machine may be cut off at any moment.

{"step": "spool", "seconds": 12.1, "facts": {...}}     a step that went through
{"step": "spool", "seconds": 3.0, "error": "..."}      one that did not, with its traceback
{"mark": "segment", "facts": {...}}                    something to act upon from outside, while a step runs
"""

from __future__ import annotations

import contextlib
import json
import os
import time
import traceback
from pathlib import Path
from typing import Any, Dict, Iterator

SHARED = Path("/opt/boot-test")
OUT = SHARED / "out"
SERIAL = Path("/dev/ttyS1")
"""The second serial port of the virtual machine leads to a file outside; a container has none."""


class Report:
    def __init__(self) -> None:
        OUT.mkdir(exist_ok=True)
        self._file = (OUT / "report.jsonl").open("a")

    def mark(self, name: str, **facts: Any) -> None:
        self._write({"mark": name, "facts": facts})

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[Dict[str, Any]]:
        """Facts to fill; the step is reported however it ends."""
        facts: Dict[str, Any] = {}
        began = time.monotonic()
        line: Dict[str, Any] = {"step": name, "facts": facts}
        try:
            yield facts
        except Exception:
            line["error"] = traceback.format_exc()
        line["seconds"] = round(time.monotonic() - began, 2)
        self._write(line)

    def _write(self, line: Dict[str, Any]) -> None:
        text = json.dumps(line) + "\n"
        self._file.write(text)
        self._file.flush()
        os.fsync(self._file.fileno())
        if SERIAL.exists():
            with contextlib.suppress(OSError), SERIAL.open("w") as serial:
                serial.write(text)
