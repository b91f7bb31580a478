"""Find what the Ascend 310 compiler would refuse in an ONNX graph, or silently compute wrongly.

    python -m models_om.lint FILE.onnx ... [--record NAME.scales.json] [--json]

Tables on a terminal; one finding a line, as JSON, with --json and where the output is piped. Values that layers take on
real inputs come from the calibration record, by default NAME.scales.json beside each file, if there is one.

Errors would be refused or computed wrongly; warnings are slow, or right under a condition that is named; notes are
worth knowing. Exit codes: 0 no errors, 1 errors found, 2 wrong usage, 5 a file that cannot be read.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Optional, Sequence

from rich.console import Console

from appliance.errors import RuntimeUnavailable, SonicError, UsageError

FOUND_ERRORS = 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m models_om.lint", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", metavar="FILE.onnx", type=Path, nargs="+")
    parser.add_argument("--record", type=Path, help="calibration record, for a single file")
    parser.add_argument("--json", action="store_true", help="one finding a line")
    return parser


def check(options: argparse.Namespace) -> int:
    """Lint the files and print the findings. Returns the exit code; raises `SonicError`."""
    if options.record and len(options.files) > 1:
        raise UsageError(message="One calibration record is of one network.", action="Give --record with one file.")
    try:
        import onnx  # noqa: F401
    except ImportError as error:
        action = "Run `pip install -e .[train]` with CPython 3.9 to 3.11."
        raise RuntimeUnavailable(message="The package onnx is not installed.", action=action) from error
    from .finding import ERROR, lint
    from .graph import Graph
    from .report import line, show

    graphs = [Graph(path, options.record) for path in options.files]
    console = None if options.json or not sys.stdout.isatty() else Console(highlight=False)
    failed = False
    for graph in graphs:
        findings = lint(graph)
        failed |= any(finding.severity == ERROR for finding in findings)
        if console is not None:
            show(graph.path.name, findings, console)
            continue
        for finding in findings:
            print(line(str(graph.path), finding))
    sys.stdout.flush()
    return FOUND_ERRORS if failed else 0


def main(arguments: Optional[Sequence[str]] = None) -> int:
    try:
        return check(_parser().parse_args(arguments))
    except SonicError as error:
        print(f"{error.message}\n{error.action}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:  # `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FOUND_ERRORS
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
