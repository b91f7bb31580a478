"""``appliance doctor``: what this machine has, what `make` would use, and why."""

from __future__ import annotations

import dataclasses
from typing import Any, Dict, List

import click

from .output import Output, output_options


@click.command()
@click.option(
    "--ascend", is_flag=True, help="also look at the Ascend board: driver, CANN, rights, memory; and try every network"
)
@output_options
@click.pass_obj
def doctor(output: Output, ascend: bool) -> None:
    """Show what this machine has, what `appliance make` would use, and why.

    The exit code is 0 when `make` can work, else that of the first obstacle (see `appliance make --help`).
    """
    from ..diagnosis import examine

    diagnosis = examine(ascend)
    if output.json:
        output.event("diagnosis", **dataclasses.asdict(diagnosis))
    else:
        _print(diagnosis.sections)
        for problem in diagnosis.problems:
            click.secho(f"\n{problem.message}", bold=True)
            click.echo(problem.action)
        if not diagnosis.problems:
            click.echo("\n`appliance make` can work here.")
    raise click.exceptions.Exit(diagnosis.problems[0].exit_code if diagnosis.problems else 0)


def _print(sections: Dict[str, List[Dict[str, Any]]]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    for title, lines in sections.items():
        console.print(title, style="bold")
        table = Table(show_header=False, box=None, pad_edge=False)
        table.add_column(style="cyan", no_wrap=True)
        table.add_column(overflow="fold")
        for line in lines:
            table.add_row(line["name"], line["value"])
        console.print(table)
        console.print()
