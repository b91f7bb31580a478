"""The command ``appliance``: what all its subcommands share, above all how they fail.

Heavy parts are imported inside the commands, so that ``--help`` and a mistyped option answer at once.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import signal
import sys
import traceback
from types import FrameType
from typing import List, NoReturn, Optional

import click

from . import __version__
from .commands.output import Output
from .errors import SonicError, UsageError

INTERRUPTED = 130


COMMANDS = (
    "make", "submit", "jobs", "wipe", "serve", "spool", "kiosk", "headless", "doctor", "models", "bench",
    "install", "uninstall",
)  # fmt: skip
"""Each is a module of `appliance.commands` that holds a click command of its own name."""


class _Commands(click.Group):
    """Loads a command only when it is asked for."""

    def list_commands(self, context: click.Context) -> List[str]:
        return [name for name in COMMANDS if importlib.util.find_spec(f"appliance.commands.{name}")]

    def get_command(self, context: click.Context, name: str) -> Optional[click.Command]:
        if name not in self.list_commands(context):
            return None
        command: click.Command = getattr(importlib.import_module(f"appliance.commands.{name}"), name)
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="appliance")
def cli() -> None:
    """One photo and one recording become a talking-head video, on this machine, without network."""


def main(arguments: Optional[List[str]] = None) -> NoReturn:
    """Run the command line and exit: 0 when done, else the code documented in ``appliance make --help``."""
    signal.signal(signal.SIGTERM, _stop)
    arguments = sys.argv[1:] if arguments is None else arguments
    output = Output()
    try:
        code = cli.main(arguments, prog_name="appliance", standalone_mode=False, obj=output)
    except SonicError as error:
        code = output.fail(error)
    except click.UsageError as error:
        output.json = output.json or "--json" in arguments  # an unknown option comes before all known ones
        hint = f"See `{error.ctx.command_path} --help`." if error.ctx else UsageError.action
        code = output.fail(UsageError(message=error.format_message(), action=hint))
    except (KeyboardInterrupt, click.Abort):
        code = output.interrupted(INTERRUPTED)
    except BrokenPipeError:
        # Whoever read our output has gone; keep the interpreter from complaining when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = SonicError.exit_code
    except Exception:
        code = output.fail(SonicError(traceback.format_exc()))
    sys.exit(code if isinstance(code, int) else 0)


def _stop(number: int, frame: Optional[FrameType]) -> NoReturn:
    """A terminated run cleans up like an interrupted one."""
    raise KeyboardInterrupt
