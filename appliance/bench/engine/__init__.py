"""``appliance bench engine``: what becomes of jobs under load, kills, full disks and long speech; and how soon.

Every figure is of a real service with the real worker, on its own state folder. `docs/reliability.md` says what each
run does and what it does not prove.
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Optional, Tuple

import click

from ...commands.output import Output, output_options
from . import disk, kills, latency, length, load
from .figure import HEAD
from .materials import Materials

GROUPS = {
    "load": load.measure,
    "service-kills": kills.service_killed,
    "worker-kills": kills.worker_killed,
    "disk": disk.measure,
    "length": length.measure,
    "latency": latency.measure,
}


@click.command()
@click.option("--only", multiple=True, type=click.Choice(list(GROUPS)), help="these groups of figures; default: all")
@click.option("--quick", is_flag=True, help="a few jobs, kills and seconds: shows that it works, measures nothing")
@click.option(
    "--folder", type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="where the services keep their files; default: the folder for temporary files",
)  # fmt: skip
@output_options
@click.pass_obj
def command(output: Output, only: Tuple[str, ...], quick: bool, folder: Optional[Path]) -> None:
    """Measure how the service holds under load, faults and long speech. The whole takes hours."""
    if not output.json:
        click.echo(f"`{command_line()}`, {machine()}:\n\n{HEAD}")
    with tempfile.TemporaryDirectory(prefix="sonic", dir=folder and str(folder)) as scratch:
        materials = Materials(Path(scratch))
        for name in only or GROUPS:
            own = Path(scratch) / name
            own.mkdir()
            for figure in GROUPS[name](materials, own, quick):
                if output.json:
                    output.event("figure", group=name, **asdict(figure))
                else:
                    click.echo(figure.row)


def machine() -> str:
    """What the figures were measured on."""
    cores = len(os.sched_getaffinity(0))
    return f"{cores} cores of {_processor()}, Linux {platform.release()}, CPython {platform.python_version()}"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() in ("model name", "Model"):
            return f"{value.strip()} ({platform.machine()})"
    return platform.machine()


def command_line() -> str:
    return " ".join(["appliance", *sys.argv[1:]])
