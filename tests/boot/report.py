"""What a booted machine reported about itself (written by guest/report.py)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, Iterator, List

Facts = Dict[str, Any]


class Report:
    """Facts of every step. ``out``: the folder of the other files that the machine left."""

    def __init__(self, lines: List[Dict[str, Any]], out: Path, console: Path) -> None:
        self.steps = {line["step"]: line for line in lines if "step" in line}
        self.marks = [line for line in lines if "mark" in line]
        self.out = out
        self.console = console

    def as_json(self) -> Dict[str, Any]:
        return {"steps": list(self.steps.values()), "marks": self.marks}

    def __getitem__(self, step: str) -> Facts:
        """Raises `AssertionError` with the machine's own words, for a step that failed or was never reached."""
        if step not in self.steps:
            raise AssertionError(f"the machine did not get to {step!r}; its console: {self.console}")
        line = self.steps[step]
        failure = line.get("error")
        assert failure is None, f"{step!r} failed in the machine:\n{failure}\nFacts until then: {line['facts']}"
        return line["facts"]


def read_lines(path: Path) -> Iterator[Dict[str, Any]]:
    """The whole lines of a report that may still grow."""
    if path.exists():
        for line in path.read_bytes().splitlines(keepends=True):
            if line.endswith(b"\n") and line.startswith(b"{"):
                yield json.loads(line)
