"""``appliance wipe``: remove photos, recordings and videos from the engine."""

from __future__ import annotations

import sys

import click

from ..errors import UsageError
from .engine import connect
from .output import Output, output_options


@click.command()
@click.option("--all", "everything", is_flag=True, help="every job, also those that wait or are being made")
@click.option("--expired", is_flag=True, help="finished jobs that have been kept as long as the settings say")
@click.option("--yes", is_flag=True, help="do not ask")
@output_options
@click.pass_obj
def wipe(output: Output, everything: bool, expired: bool, yes: bool) -> None:
    """Delete jobs with all their files: photos, recordings, videos and whatever was made on the way."""
    if everything == expired:
        raise UsageError(message="Say either --all or --expired.", action="See `appliance wipe --help`.")
    if everything and not yes and sys.stdin.isatty() and not output.json:
        click.confirm("Delete every photo, recording and video of the engine?", abort=True, err=True)
    with connect() as engine:
        deleted = engine.wipe(expired)
    if output.json:
        output.event("wiped", deleted=deleted)
    else:
        click.echo(f"{deleted} {'job' if deleted == 1 else 'jobs'} deleted.")
