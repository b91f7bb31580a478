"""``appliance bench kiosk``: whether the screen stays quick while camera, engine and player work beside it."""

from __future__ import annotations

import os
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Tuple

import click

from ...commands.output import Output, output_options
from ..engine import command_line, machine
from ..engine.figure import HEAD


@click.command()
@click.option("--quick", is_flag=True, help="a few seconds of each: shows that it works, measures little")
@click.option(
    "--size", type=(int, int), default=(1280, 800), show_default=True, help="of the window, in px: width and height"
)
@click.option(
    "--platform", default="offscreen", show_default=True, help="how Qt draws: offscreen, xcb, linuxfb ...; see kiosk"
)
@output_options
@click.pass_obj
def command(output: Output, quick: bool, size: Tuple[int, int], platform: str) -> None:
    """Go through a visit with a camera and a microphone that read files and the real engine, and watch Qt's loop."""
    from ...ui.kiosk.platform import require_qt

    require_qt()
    os.environ["QT_QPA_PLATFORM"] = platform
    from .visit import measure

    if not output.json:
        click.echo(f"`{command_line()}`, {machine()}:\n\n{HEAD}")
    with tempfile.TemporaryDirectory(prefix="sonic") as scratch:
        for figure in measure(Path(scratch), size, quick):
            if output.json:
                output.event("figure", group="kiosk", **asdict(figure))
            else:
                click.echo(figure.row)
