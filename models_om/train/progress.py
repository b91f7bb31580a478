"""How far a training is: a bar with the time left on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Optional, Type

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

LINE_EVERY = 50
"""Steps between two plain lines."""


class Watch:
    """Shows the steps ``first .. total`` of a training on standard error."""

    def __init__(self, name: str, first: int, total: int) -> None:
        self.first, self.total, self.began = first, total, time.time()
        console = Console(stderr=True)
        self.bar: Optional[Progress] = None
        if sys.stderr.isatty():
            left = TextColumn("{task.fields[pace]} · left")
            self.bar = Progress(
                TextColumn(name), BarColumn(None), MofNCompleteColumn(), TextColumn("loss {task.fields[loss]}"), left,
                TimeRemainingColumn(), console=console,
            )  # fmt: skip
            self.task = self.bar.add_task(name, total=total, completed=first, loss="?", pace="")

    def __enter__(self) -> Watch:
        if self.bar:
            self.bar.start()
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        if self.bar:
            self.bar.stop()

    def show(self, step: int, loss: float) -> None:
        """``step`` steps are done."""
        pace = (time.time() - self.began) / max(step - self.first, 1)
        if self.bar:
            self.bar.update(self.task, completed=step, loss=f"{loss:.4f}", pace=f"{pace:.2f} s/step")
        elif step % LINE_EVERY == 0:
            left = (self.total - step) * pace / 60
            self.say(f"{step}/{self.total} loss {loss:.4f}, {pace:.2f} s/step, {left:.1f} min left")

    def say(self, line: str) -> None:
        """A line that stays."""
        if self.bar:
            self.bar.console.print(line, highlight=False, markup=False)
        else:
            print(line, file=sys.stderr, flush=True)
