"""``appliance submit``: photo + speech → a job of the engine, and its video."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Optional

import click

from ..engine.job import Priority
from ..errors import OutputError, UsageError
from ..settings import MakeOptions
from .engine import connect, follow, leaving_alone
from .knobs import knob_options
from .output import Output, output_options


@click.command()
@click.argument("photo", type=click.Path(path_type=Path))
@click.argument("speech", type=click.Path(path_type=Path))
@click.option("-o", "--output", "out_path", type=click.Path(path_type=Path), help="wait, and write the MP4 there")
@click.option(
    "--priority",
    type=click.Choice([one.name.lower() for one in Priority]),
    default="normal",
    help="who waits for it: a visitor is served before the others, a lecture after them  [default: normal]",
)
@click.option("--consent", is_flag=True, help="the person shown has agreed to the use of face and voice")
@knob_options
@output_options
@click.pass_obj
def submit(
    output: Output, photo: Path, speech: Path, out_path: Optional[Path], priority: str, consent: bool, **knobs: Any
) -> None:
    """Have the engine make the face in PHOTO say what is heard in SPEECH.

    Without --output the number of the job is printed at once, for `appliance jobs`. With it, progress is shown and the
    video written when it is complete; the engine keeps the job until it expires or is deleted. Ctrl-C ends the waiting,
    not the job.
    """
    options = MakeOptions(**knobs)
    if out_path is not None:
        _check_output(out_path, photo, speech)
    with connect() as engine:
        job_id = engine.submit(photo, speech, options, Priority[priority.upper()], consent).job.id
        if output.json:
            output.event("job", id=job_id)
        elif out_path is None:
            click.echo(job_id)
        if out_path is not None:
            with leaving_alone(output, job_id):
                follow(output, engine, job_id, out_path)


def _check_output(out_path: Path, photo: Path, speech: Path) -> None:
    """Before an hour of work: can the video be written there? Raises `OutputError`, `UsageError`."""
    if any(source.exists() and out_path.exists() and out_path.samefile(source) for source in (photo, speech)):
        raise UsageError(message="The video would overwrite one of its own inputs.", action="Choose another name.")
    if not out_path.name or out_path.is_dir() or not os.access(str(out_path.absolute().parent), os.W_OK):
        raise OutputError()
