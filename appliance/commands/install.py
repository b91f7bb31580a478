"""``appliance install``: make this system, or the tree of one, an appliance."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Callable, Optional

import click

from ..errors import UsageError
from .output import Output, output_options

if TYPE_CHECKING:
    from ..installation.changes import Change


@click.command()
@click.option(
    "--profile",
    type=click.Choice(["kiosk", "classroom", "headless"]),
    help="what the machine is to be; needed the first time, then kept",
)
@click.option("--root", type=click.Path(path_type=Path), help="install into this tree instead of the running system")
@click.option("--dry-run", is_flag=True, help="say what would be done, and change nothing")
@click.option("--rollback", is_flag=True, help="go back to the release before this one, with its units")
@output_options
@click.pass_obj
def install(output: Output, profile: Optional[str], root: Optional[Path], dry_run: bool, rollback: bool) -> None:
    """Write units, users, device rules and settings, and start them at every boot.

    Files that were edited are kept, and the new version is put beside them as NAME.new. Run from a release of a bundle,
    this makes it the current one; the one before is kept for --rollback. Jobs and videos are never touched.
    """
    from ..installation.install import install as install_appliance
    from ..installation.install import roll_back
    from ..installation.layout import Layout

    if rollback and (profile or dry_run):
        raise UsageError(message="--rollback goes with --root alone.", action="See `appliance install --help`.")
    if rollback:
        arguments = [*(["--root", str(root)] if root else []), *(["--json"] if output.json else [])]
        roll_back(Layout(root), arguments)
    install_appliance(Layout(root), profile, printer(output), dry_run)
    if not output.json:
        click.echo("Nothing was changed: --dry-run." if dry_run else "Installed.")


def printer(output: Output) -> Callable[[Change], None]:
    """What was done, a line each."""

    def report(change: Change) -> None:
        if output.json:
            output.event("change", what=change.what.rstrip(":"), path=change.path)
        else:
            click.echo(f"{change.what} {change.path}")

    return report
