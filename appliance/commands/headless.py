"""``appliance headless``: one button, one lamp, no screen."""

from __future__ import annotations

import faulthandler

import click

from .output import Output, output_options


@click.command()
@output_options
@click.pass_obj
def headless(output: Output) -> None:
    """Press the button and speak: the video is played, or left in a folder.

    Hold the button, and speak after the tone, as long as the lamp burns; or tap it: then a second tap or silence ends
    the recording. Only in that time is the microphone open. Next the camera takes a photo, unless [headless] portrait
    names one; the engine makes the video; the player of the settings plays it. Press again to end it. After a mistake
    (falling tones, fast blinking) a press tries again. The wipe button, held for five seconds, deletes everything.

    \b
    The lamp breathes       ready
             burns          it records, or the video is played
             blinks slowly  the video is being made
             blinks fast    something went wrong: press to try again
             flashes twice  out of service

    Tones that rise mean go on, tones that fall that something went wrong; two low ones mean not now.

    Without [buttons] factory there are no pins; in a terminal space or enter taps the button.
    """
    from ..engine.service.log import configure_logging
    from ..settings_file import load_settings
    from ..ui.headless.run import run_headless

    faulthandler.enable()
    configure_logging()
    run_headless(load_settings())
