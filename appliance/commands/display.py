"""How far a video is: a live bar for terminals, lines for log files, JSON events for machines."""

from __future__ import annotations

import abc
import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Dict, Optional, Type

import click

from .output import Output

if TYPE_CHECKING:
    from rich.progress import TaskID


class Display(abc.ABC):
    """Where progress goes. A context manager."""

    def __init__(self, output: Output) -> None:
        self.output = output
        self.began = time.monotonic()

    def __enter__(self) -> Display:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Any, trace: Optional[TracebackType]) -> None:
        return None

    @abc.abstractmethod
    def waiting(self, position: int) -> None:
        """Show the place in the queue, 1 = next."""

    @abc.abstractmethod
    def progress(self, stage: str, done: int, total: int) -> None:
        """Show that a stage has come this far."""

    def result(self, out_path: Path, facts: Dict[str, Any]) -> None:
        """``facts``: fields of `appliance.pipeline.generate.Result`; none for a video of which they were lost."""
        words = ""
        if facts:
            speed = facts["duration"] / (time.monotonic() - self.began)
            words = ": {duration:.2f} s, {width} x {height}, {frames} frames, {runtime} {precision}".format(**facts)
            words += f", {speed:.1f} x real time"
        click.echo(f"{out_path}{words}")


class _Machine(Display):
    """JSON events; at most a hundred a stage."""

    def __init__(self, output: Output) -> None:
        super().__init__(output)
        self._stage, self._percent, self._stage_began = "", -1, 0.0
        self._position = -1

    def waiting(self, position: int) -> None:
        if position != self._position:
            self._position = position
            self.output.event("waiting", position=position)

    def progress(self, stage: str, done: int, total: int) -> None:
        if stage != self._stage:
            self._stage, self._percent, self._stage_began = stage, -1, time.monotonic()
        percent = 100 * done // max(total, 1)
        if percent > self._percent:
            self._percent = percent
            elapsed = time.monotonic() - self._stage_began
            left = elapsed * (total - done) / done if done else None
            self.output.event("progress", stage=stage, done=done, total=total, stage_seconds_left=left)

    def result(self, out_path: Path, facts: Dict[str, Any]) -> None:
        self.output.event("result", file=str(out_path), **facts)


class _Lines(Display):
    """For pipes and log files: a line for each finished stage, and every tenth of the video."""

    def __init__(self, output: Output) -> None:
        super().__init__(output)
        self._tenth = 0
        self._position = 0

    def waiting(self, position: int) -> None:
        if position and position != self._position:
            self._position = position
            self.output.console.print(f"waiting: place {position} in the queue")

    def progress(self, stage: str, done: int, total: int) -> None:
        tenth = 10 * done // max(total, 1)
        if stage == "video" and self._tenth < tenth < 10:
            self._tenth = tenth
            self.output.console.print(f"video: {10 * tenth} %")
        elif done == total:
            self.output.console.print(f"{stage}: done")


class _Bar(Display):
    """For terminals: a live bar with stage, frames a second and time left."""

    def __init__(self, output: Output) -> None:
        super().__init__(output)
        from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bars

        columns = (TextColumn("{task.description:<7}"), BarColumn(), TextColumn("{task.fields[speed]}"))
        self._bars = Bars(*columns, TimeRemainingColumn(), console=output.console, transient=True)
        self._task: Optional[TaskID] = None
        self._stage = ""
        self._stage_began = 0.0
        self._first_done = 0

    def __enter__(self) -> Display:
        self._bars.start()
        return self

    def __exit__(self, *error: Any) -> None:
        self._bars.stop()

    def waiting(self, position: int) -> None:
        self._show("waiting", 0, None, f"place {position}" if position else "")

    def progress(self, stage: str, done: int, total: int) -> None:
        if stage != self._stage:
            self._stage_began, self._first_done = time.monotonic(), done
        elapsed = time.monotonic() - self._stage_began
        fast = stage == "video" and elapsed > 0.5
        self._show(stage, done, total, f"{(done - self._first_done) / elapsed:4.0f} frame/s" if fast else "")

    def _show(self, stage: str, done: int, total: Optional[int], words: str) -> None:
        if self._task is None or stage != self._stage:
            if self._task is not None:
                self._bars.remove_task(self._task)
            self._stage = stage
            self._task = self._bars.add_task(stage, total=total, speed=words)
        self._bars.update(self._task, completed=done, total=total, speed=words)


def display_for(output: Output) -> Display:
    if output.json:
        return _Machine(output)
    return _Bar(output) if output.console.is_terminal else _Lines(output)
