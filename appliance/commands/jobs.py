"""``appliance jobs``: what the engine has to do and has done."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Optional

import click

from ..engine.job import State
from .engine import connect, follow, leaving_alone
from .output import Output, output_options

if TYPE_CHECKING:
    from ..engine.view import JobView

PAGE = 500


@click.group(invoke_without_command=True)
@output_options
@click.pass_context
def jobs(context: click.Context) -> None:
    """The jobs of the engine: list, show, watch, save or delete them. Without a command, list."""
    if context.invoked_subcommand is None:
        context.invoke(list_jobs)


@jobs.command(name="list")
@click.option("--state", type=click.Choice([state.value for state in State]), help="only jobs in this state")
@output_options
@click.pass_obj
def list_jobs(output: Output, state: Optional[str] = None) -> None:
    """List all jobs, newest first."""
    with connect() as engine:
        before = None
        while True:
            page = engine.jobs(State(state) if state else None, PAGE, before)
            for view in page:
                if output.json:
                    output.event("job", **_facts(view))
                else:
                    click.echo(_line(view))
            if len(page) < PAGE:
                return
            before = page[-1].job.sequence


@jobs.command()
@click.argument("job")
@output_options
@click.pass_obj
def show(output: Output, job: str) -> None:
    """Show all that is known of JOB."""
    with connect() as engine:
        facts = _facts(engine.job(job))
    if output.json:
        output.event("job", **facts)
        return
    for name, value in facts.items():
        if value is not None:
            click.echo(f"{name:12} {value if isinstance(value, str) else json.dumps(value)}")


@jobs.command()
@click.argument("job")
@output_options
@click.pass_obj
def watch(output: Output, job: str) -> None:
    """Show the progress of JOB until its end. The exit code is that of the job."""
    with connect() as engine, leaving_alone(output, job):
        follow(output, engine, job)


@jobs.command()
@click.argument("job")
@click.option("-o", "--output", "out_path", type=click.Path(path_type=Path), required=True, help="the MP4 to write")
@output_options
@click.pass_obj
def save(output: Output, job: str, out_path: Path) -> None:
    """Write the finished video of JOB."""
    with connect() as engine:
        engine.save(job, out_path)
    if output.json:
        output.event("result", file=str(out_path))


@jobs.command()
@click.argument("job", nargs=-1, required=True)
@output_options
@click.pass_obj
def delete(output: Output, job: Any) -> None:
    """Cancel JOB if it is being made, and remove its photo, recording and video."""
    with connect() as engine:
        for job_id in job:
            engine.delete(job_id)
            if output.json:
                output.event("deleted", id=job_id)


def _facts(view: JobView) -> Dict[str, Any]:
    job = view.job
    return {
        "id": job.id,
        "state": job.state.value,
        "priority": job.priority.name.lower(),
        "position": view.position,
        "created": _time(job.created),
        "started": _time(job.started),
        "finished": _time(job.finished),
        "frames": job.frames,
        "frames_done": job.frames_done,
        "segments": job.segments,
        "consent": job.consent,
        "options": job.options or None,
        "progress": vars(view.progress) if view.progress else None,
        "failure": vars(job.failure) if job.failure else None,
        "result": job.result,
    }


def _line(view: JobView) -> str:
    job = view.job
    words = ""
    if job.state is State.QUEUED and view.position is not None:
        words = f"place {view.position}"
    if view.progress is not None:
        words = f"{view.progress.stage} {100 * view.progress.done // max(view.progress.total, 1)} %"
    if job.failure is not None:
        words = job.failure.code
    return f"{job.id}  {job.state.value:8} {job.priority.name.lower():8} {_time(job.created)}  {words}".rstrip()


def _time(seconds: Optional[float]) -> Optional[str]:
    return None if seconds is None else time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
