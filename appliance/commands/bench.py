"""``appliance bench``: measurements. Each is a module of `appliance.bench` with a click ``command``."""

from __future__ import annotations

import importlib
import importlib.util
from typing import List, Optional

import click

NAMES = ("speed", "quality", "engine", "kiosk")


class _Benches(click.Group):
    """Loads a measurement only when it is asked for; without a name, `speed`."""

    def list_commands(self, context: click.Context) -> List[str]:
        return [name for name in NAMES if importlib.util.find_spec(f"appliance.bench.{name}")]

    def get_command(self, context: click.Context, name: str) -> Optional[click.Command]:
        if name not in self.list_commands(context):
            return None
        return importlib.import_module(f"appliance.bench.{name}").command

    def parse_args(self, context: click.Context, args: List[str]) -> List[str]:
        asks_for_help = bool(args) and args[0] in context.help_option_names
        if not asks_for_help and not (args and args[0] in self.list_commands(context)):
            args = ["speed", *args]
        return super().parse_args(context, args)


@click.group(cls=_Benches)
def bench() -> None:
    """Measure speed and memory (the default), quality, how the service holds, or how quick the screen is."""
