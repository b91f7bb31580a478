"""What the commands share that speak to the engine."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Iterator, Optional

import click

from ..engine.job import State
from ..settings_file import load_settings
from .display import display_for
from .output import Output

if TYPE_CHECKING:
    from ..engine.client import EngineClient

INTERRUPTED = 130


def connect() -> EngineClient:
    """The engine whose socket the settings name."""
    from ..engine.client import EngineClient

    return EngineClient(load_settings().engine.socket)


def follow(output: Output, engine: EngineClient, job_id: str, out_path: Optional[Path] = None) -> None:
    """Show a job until its end, and save its video if a path is given. Raises the error that the job failed with."""
    from ..engine.client import error_of

    with display_for(output) as display:
        for view in engine.events(job_id):
            if view.job.state is State.QUEUED:
                display.waiting(view.position or 0)
            elif view.progress is not None:
                display.progress(view.progress.stage, view.progress.done, view.progress.total)
    if view.job.failure is not None:
        raise error_of(view.job.failure)
    if out_path is not None:
        engine.save(job_id, out_path)
        display.result(out_path, view.job.result or {})


@contextlib.contextmanager
def leaving_alone(output: Output, job_id: str) -> Iterator[None]:
    """Ctrl-C ends the watching of a job, not the job; say how to find it again."""
    try:
        yield
    except KeyboardInterrupt:
        message = f"The engine goes on with job {job_id}."
        action = f"See `appliance jobs watch {job_id}`; `appliance jobs delete {job_id}` cancels it."
        if output.json:
            output.event("error", code="interrupted", message=message, action=action)
        else:
            output.console.print(f"{message}\n{action}", markup=False)
        raise click.exceptions.Exit(INTERRUPTED) from None
