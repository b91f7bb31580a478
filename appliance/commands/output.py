"""How commands speak: to people on stderr, with results on stdout; to machines as one JSON object a line on stdout."""

from __future__ import annotations

import json
from typing import Any, Callable, Optional

import click
from rich.console import Console

from ..errors import SonicError


class Output:
    """What ``--json`` and ``--verbose`` ask for, and the words that go with it."""

    def __init__(self) -> None:
        self.json = False
        self.verbose = False
        self._console: Optional[Console] = None

    @property
    def console(self) -> Console:
        """For people; on stderr."""
        if self._console is None:
            self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        return self._console

    def event(self, kind: str, **fields: Any) -> None:
        """One line for machines."""
        click.echo(json.dumps({"event": kind, **fields}, ensure_ascii=False))

    def warn(self, text: str) -> None:
        if self.json:
            self.event("warning", message=text)
        else:
            self.console.print(f"Note: {text}", markup=False, style="yellow")

    def fail(self, error: SonicError) -> int:
        """Report an error; returns the exit code."""
        if self.json:
            self.event("error", code=error.code, message=error.message, action=error.action)
        else:
            self.console.print(error.message, markup=False, style="bold red")
            self.console.print(error.action, markup=False)
        if self.verbose and error.detail:
            self.console.print(error.detail, markup=False, style="dim")
        return error.exit_code

    def interrupted(self, exit_code: int) -> int:
        if self.json:
            self.event("error", code="interrupted", message="Interrupted.", action="Nothing was left behind.")
        else:
            self.console.print("Interrupted; nothing was left behind.")
        return exit_code


def output_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--json`` and ``--verbose`` to a command."""

    def remember(context: click.Context, parameter: click.Parameter, value: bool) -> None:
        setattr(context.obj, str(parameter.name), value)

    shared: Any = {"is_flag": True, "is_eager": True, "expose_value": False, "callback": remember}
    command = click.option("--verbose", help="with an error, also print its technical detail", **shared)(command)
    return click.option("--json", help="for machines: one JSON object a line on standard output", **shared)(command)
