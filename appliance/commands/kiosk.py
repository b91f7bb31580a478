"""``appliance kiosk``: the touchscreen."""

from __future__ import annotations

import dataclasses

import click

from .output import Output, output_options


@click.command()
@click.option("--profile", type=click.Choice(["kiosk", "classroom"]), default="kiosk", show_default=True,
              help="for visitors of a hall, or for a teacher at a blackboard")  # fmt: skip
@click.option("--language", type=click.Choice(["zh", "en"]), help="of the screen at first; default: from the settings")
@click.option("--platform", default="", help="how Qt draws: xcb, linuxfb, vnc, offscreen ...; default: what there is")
@click.option("--windowed", is_flag=True, help="in a window, also where the settings say full screen")
@click.option("--reset-pin", is_flag=True, help="forget the staff's PIN, so that a new one can be set, and end")
@output_options
@click.pass_obj
def kiosk(output: Output, profile: str, language: str, platform: str, windowed: bool, reset_pin: bool) -> None:
    """Show the screen that visitors or a teacher touch.

    It draws on the X server that $DISPLAY names, else straight on /dev/fb0. The engine need not run yet: until it
    does, the screen says so. What the screen may do is in [kiosk] of the settings.
    """
    from ..settings_file import load_settings

    settings = load_settings()
    if reset_pin:
        from ..ui.pins import PIN_FILE, PinStore
        from ..ui.state_folder import state_folder

        PinStore(state_folder() / PIN_FILE).reset()
        if output.json:
            output.event("pin_reset")
        else:
            click.echo("The staff's PIN is forgotten. Hold the corner of the screen to set a new one.")
        return

    from ..ui.kiosk.platform import require_qt

    require_qt()
    from ..ui.kiosk.application import run_kiosk

    if language is not None:
        settings = dataclasses.replace(settings, kiosk=dataclasses.replace(settings.kiosk, language=language))
    raise click.exceptions.Exit(run_kiosk(settings, profile, platform, windowed))
