"""``appliance make``: photo + speech → MP4."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import click

from ..settings import MakeOptions
from .display import display_for
from .knobs import knob_options
from .output import Output, output_options

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
  8    a device, such as the microphone
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

    with display_for(output) as display:
        for event in make_video(photo, speech, out_path, options, ModelStore()):
            if isinstance(event, Progress):
                display.progress(event.stage, event.done, event.total)
            elif isinstance(event, FaceTaken) and event.count > 1 and options.face is None:
                output.warn(f"{event.count} faces found; took number {event.number} from the left, the largest.")
            elif isinstance(event, Result):
                result = event
    display.result(out_path, dataclasses.asdict(result))
