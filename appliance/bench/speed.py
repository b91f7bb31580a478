"""``appliance bench speed``: where the time and the memory of a run go.

Each run is a process of its own, started like any user's, so that its start-up is whole and its peak memory its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Dict, List, Optional, Tuple

import click

from ..commands.output import Output, output_options
from ..demo import write_portrait, write_speech
from ..errors import SonicError
from .processes import PeakMemory

START_UP = ("models", "face")
"""Stages that come once, however long the speech."""
PER_FRAME = ("speech", "motion", "render", "encode")


@dataclass(frozen=True)
class Measurement:
    """One run. Seconds and MB; ``real_time`` = seconds of video made a second, without the start-up."""

    speech: float
    frames: int
    width: int
    height: int
    runtime: str
    precision: str
    start_up: float
    total: float
    real_time: float
    stages: Dict[str, float]
    memory_python: float
    memory_ffmpeg: float


@click.command()
@click.option("--photo", type=click.Path(path_type=Path, exists=True), help="default: the demo's portrait")
@click.option("--seconds", multiple=True, type=float, default=(10.0, 600.0), help="of speech; default: 10 and 600")
@click.option("--min-resolution", type=int, default=512, show_default=True)
@click.option("--framing", type=click.Choice(["face", "full"]), default="face", show_default=True)
@click.option("--runtime", default="auto", show_default=True)
@click.option("--precision", default=None)
@output_options
@click.pass_obj
def command(output: Output, photo: Optional[Path], seconds: Tuple[float, ...], **options: Optional[str]) -> None:
    """Measure speed and memory on the demo's recordings, repeated to the length asked for."""
    flags = [f"--{name.replace('_', '-')}={value}" for name, value in options.items() if value is not None]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        if photo is None:
            photo = folder / "portrait.png"
            write_portrait(photo)
        for length in seconds:
            measured = measure(photo, length, folder, flags)
            if output.json:
                output.event("measurement", **asdict(measured))
            else:
                click.echo(table(measured))


def measure(photo: Path, seconds: float, folder: Path, flags: List[str]) -> Measurement:
    """Make one video of ``seconds`` of speech in a process of its own. Raises the run's error as `SonicError`."""
    speech = folder / "speech.flac"
    write_speech(speech, seconds)
    command = [sys.executable, "-m", "appliance", "make", "--json", str(photo), str(speech)]
    began = time.monotonic()
    process = subprocess.Popen([*command, "-o", str(folder / "out.mp4"), *flags], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    memory = PeakMemory(process.pid)
    start_up = 0.0
    last: Dict[str, object] = {}
    for line in process.stdout:
        last = json.loads(line)
        if last["event"] == "progress" and last["stage"] in START_UP:
            start_up = time.monotonic() - began
    process.wait()
    total = time.monotonic() - began
    memory.stop()
    if last.get("event") != "result":
        raise SonicError(message=str(last.get("message", "The run failed.")), action=str(last.get("action", "")))
    made = {name: last[name] for name in ("frames", "width", "height", "runtime", "precision")}
    length = float(str(last["duration"]))
    return Measurement(
        speech=length,
        start_up=start_up,
        total=total,
        real_time=length / (total - start_up),
        stages=last["seconds_per_stage"],  # type: ignore[arg-type]
        memory_python=memory.own / 2**20,
        memory_ffmpeg=memory.children / 2**20,
        **made,  # type: ignore[arg-type]
    )


def table(run: Measurement) -> str:
    """The measurement as Markdown."""
    spent = sum(run.stages[stage] for stage in PER_FRAME)
    rows = [("stage", "ms a frame", "share"), ("---", "--:", "--:")]
    rows += [(s, f"{1000 * run.stages[s] / run.frames:.2f}", f"{run.stages[s] / spent:.0%}") for s in PER_FRAME]
    rows.append(("all", f"{1000 * spent / run.frames:.2f}", "100%"))
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(
        [
            f"### {run.speech:.0f} s of speech, {run.width} x {run.height}, {run.runtime} {run.precision}",
            "",
            *lines,
            "",
            f"{run.real_time:.1f} x real time after a start-up of {run.start_up:.1f} s "
            f"(models {run.stages['models']:.1f} s, face {run.stages['face']:.1f} s, the rest imports); "
            f"peak memory {run.memory_python:.0f} MB, ffmpeg {run.memory_ffmpeg:.0f} MB.",
            "",
        ]
    )
