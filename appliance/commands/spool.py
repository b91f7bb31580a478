"""``appliance spool``: a watched folder in which photos and recordings become videos."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Optional

import click

from ..engine.job import Priority
from ..errors import UsageError
from ..settings import MakeOptions
from ..settings_file import load_settings
from .knobs import knob_options
from .output import Output, output_options


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), required=False)
@click.option("--consent", is_flag=True, help="everybody shown in this folder has agreed to the use of face and voice")
@knob_options
@output_options
@click.pass_obj
def spool(output: Output, folder: Optional[Path], consent: bool, **knobs: Any) -> None:
    """Watch FOLDER: NAME.jpg and NAME.wav put into it become NAME.mp4, or NAME.error.txt.

    FOLDER: default from the settings. Photos: .jpg .jpeg .png .webp .bmp; recordings: .wav .flac .mp3 .m4a .ogg .opus.
    A photo named default.jpg serves every recording without one of its own. Files are taken when their copy is
    complete; the engine makes the videos. To give up a video, take its recording away again.
    """
    settings = load_settings()
    folder = folder or (Path(settings.spool.folder) if settings.spool.folder else None)
    if folder is None:
        raise UsageError(message="No folder to watch was named.", action="Name one, or set [spool] folder.")
    if not folder.is_dir():
        raise UsageError(message="The folder to watch does not exist.", action="Create it first.")

    from ..engine.client import EngineClient
    from ..engine.service.log import configure_logging
    from ..engine.service.notify import Notifier
    from ..engine.spool import SpoolOptions, watch_folder

    options = SpoolOptions(
        priority=Priority[settings.spool.priority.upper()],
        keep_inputs=settings.spool.keep_inputs,
        consent=consent,
        make=MakeOptions(**knobs),
    )
    configure_logging()
    notifier = Notifier()
    try:
        watch_folder(folder.resolve(), lambda: EngineClient(settings.engine.socket), options, notifier)
    except KeyboardInterrupt:
        # Whenever it ends, nothing is half done: that is how a service is meant to end, so no failure.
        notifier.stopping()
