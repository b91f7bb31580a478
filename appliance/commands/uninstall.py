"""``appliance uninstall``: remove what `appliance install` brought."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

import click

from .install import printer
from .output import Output, output_options


@click.command()
@click.option("--root", type=click.Path(path_type=Path), help="uninstall from this tree instead of the running system")
@click.option("--purge", is_flag=True, help="also remove the settings, all jobs and videos, and the spool folder")
@output_options
@click.pass_obj
def uninstall(output: Output, root: Optional[Path], purge: bool) -> None:
    """Stop the appliance and remove its units, rules and releases.

    Files that were edited are kept, and so are jobs and videos unless --purge is given.
    """
    from ..installation.install import uninstall as uninstall_appliance
    from ..installation.layout import Layout

    uninstall_appliance(Layout(root), purge, printer(output))
    if not output.json:
        click.echo("Uninstalled.")
