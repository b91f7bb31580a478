"""``appliance make``: photo + speech → MP4."""

from __future__ import annotations

import abc
import dataclasses
import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Optional, Type

import click

from ..settings import MakeOptions
from .knobs import knob_options
from .output import Output, output_options

if TYPE_CHECKING:
    from rich.progress import TaskID

    from ..pipeline.generate import Progress, Result

FEW_STEPS = 10
"""Below so many sampler steps the motion gets visibly coarse."""

EXIT_CODES = """\b
Exit codes:
  0    the video was made
  1    a fault of the program
  2    wrong usage
  3    the photo cannot be used
  4    the recording cannot be used
  5    models or run time missing or damaged
  6    the video cannot be written
  7    the engine or the installation
  130  interrupted
"""


@click.command(epilog=EXIT_CODES)
@click.argument("photo", type=click.Path(path_type=Path))
@click.argument("speech", type=click.Path(path_type=Path))
@click.option("-o", "--output", "out_path", type=click.Path(path_type=Path), required=True, help="the MP4 to write")
@knob_options
@output_options
@click.pass_obj
def make(output: Output, photo: Path, speech: Path, out_path: Path, **knobs: Any) -> None:
    """Make the face in PHOTO say what is heard in SPEECH.

    PHOTO: JPEG, PNG, WebP or BMP. SPEECH: WAV, FLAC, MP3, M4A, OGG, Opus or an MP4 with sound.
    The video appears only when it is complete.
    """
    options = MakeOptions(**knobs)
    if options.inference_steps < FEW_STEPS:
        output.warn(f"with {options.inference_steps} steps the motion may be coarse; 10 to 30 are recommended.")

    from ..models import ModelStore
    from ..pipeline.generate import FaceTaken, Progress, Result, make_video

    with _display(output) as display:
        for event in make_video(photo, speech, out_path, options, ModelStore()):
            if isinstance(event, Progress):
                display.progress(event)
            elif isinstance(event, FaceTaken) and event.count > 1 and options.face is None:
                output.warn(f"{event.count} faces found; took number {event.number} from the left, the largest.")
            elif isinstance(event, Result):
                result = event
    display.result(result, out_path)


class _Display(abc.ABC):
    """Where progress goes."""

    def __init__(self, output: Output) -> None:
        self.output = output
        self.began = time.monotonic()

    def __enter__(self) -> _Display:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Any, trace: Optional[TracebackType]) -> None:
        return None

    @abc.abstractmethod
    def progress(self, event: Progress) -> None:
        """Show that a stage has come this far."""

    def result(self, result: Result, out_path: Path) -> None:
        speed = result.duration / (time.monotonic() - self.began)
        click.echo(
            f"{out_path}: {result.duration:.2f} s, {result.width} x {result.height}, {result.frames} frames, "
            f"{result.runtime} {result.precision}, {speed:.1f} x real time"
        )


class _Machine(_Display):
    """JSON events; at most a hundred a stage."""

    def __init__(self, output: Output) -> None:
        super().__init__(output)
        self._stage, self._percent, self._stage_began = "", -1, 0.0

    def progress(self, event: Progress) -> None:
        if event.stage != self._stage:
            self._stage, self._percent, self._stage_began = event.stage, -1, time.monotonic()
        percent = 100 * event.done // event.total
        if percent > self._percent:
            self._percent = percent
            elapsed = time.monotonic() - self._stage_began
            left = elapsed * (event.total - event.done) / event.done if event.done else None
            self.output.event("progress", **dataclasses.asdict(event), stage_seconds_left=left)

    def result(self, result: Result, out_path: Path) -> None:
        self.output.event("result", file=str(out_path), **dataclasses.asdict(result))


class _Lines(_Display):
    """For pipes and log files: a line for each finished stage, and every tenth of the video."""

    def __init__(self, output: Output) -> None:
        super().__init__(output)
        self._tenth = 0

    def progress(self, event: Progress) -> None:
        tenth = 10 * event.done // event.total
        if event.stage == "video" and self._tenth < tenth < 10:
            self._tenth = tenth
            self.output.console.print(f"video: {10 * tenth} %")
        elif event.done == event.total:
            self.output.console.print(f"{event.stage}: done")


class _Bar(_Display):
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

    def __enter__(self) -> _Display:
        self._bars.start()
        return self

    def __exit__(self, *error: Any) -> None:
        self._bars.stop()

    def progress(self, event: Progress) -> None:
        if self._task is None or event.stage != self._stage:
            if self._task is not None:
                self._bars.remove_task(self._task)
            self._stage, self._stage_began = event.stage, time.monotonic()
            self._task = self._bars.add_task(event.stage, total=event.total, speed="")
        elapsed = time.monotonic() - self._stage_began
        speed = f"{event.done / elapsed:4.0f} frame/s" if event.stage == "video" and elapsed > 0.5 else ""
        self._bars.update(self._task, completed=event.done, speed=speed)


def _display(output: Output) -> _Display:
    if output.json:
        return _Machine(output)
    return _Bar(output) if output.console.is_terminal else _Lines(output)
