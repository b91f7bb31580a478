"""Compare what MindSpore Lite 2.0.0 computes with ONNX Runtime, for every graph of every network.

    python -m models_om.lite --python37 PYTHON3.7     # prints, and writes docs/lite.md
    python -m models_om.lite --ascend FOLDER          # configuration files of a Lite built for Ascend

--python37 names a CPython 3.7 with mindspore-lite 2.0.0, default $SONIC_PYTHON37. Exit codes: 0 they agree, 1 they do
not, 2 wrong usage, 5 there is no MindSpore Lite or no network, 6 a file cannot be written.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import List, Optional, Sequence

from appliance.errors import OutputError, SonicError, UsageError

from ..manifest import SIGNATURES
from .ascend import write_configurations
from .parity import Parity, Trial, measured, tried
from .report import DOCUMENT, write_report

DIFFER = 1


def compare(python37: Path, document: Path) -> int:
    """Measure, print and write. Returns the exit code; raises `SonicError`, OSError."""
    parities: List[Parity] = []
    trials: List[Trial] = []
    for name in SIGNATURES:
        parities += measured(name, python37)
        trials += tried(name, python37)
    write_report(parities, trials, document)
    return 0 if all(row.agrees for row in parities) else DIFFER


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m models_om.lite", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--python37", default=os.environ.get("SONIC_PYTHON37"), help="interpreter with mindspore-lite")
    parser.add_argument("--ascend", type=Path, metavar="FOLDER", help="write the configuration files there, no more")
    parser.add_argument("--document", type=Path, default=DOCUMENT)
    return parser


def run(options: argparse.Namespace) -> int:
    if options.ascend:
        for path in write_configurations(options.ascend):
            print(path)
        return 0
    if not options.python37:
        raise UsageError(message="MindSpore Lite needs an interpreter of its own.", action="Name it with --python37.")
    return compare(Path(options.python37), options.document)


def main(arguments: Optional[Sequence[str]] = None) -> int:
    try:
        try:
            return run(_parser().parse_args(arguments))
        except OSError as error:
            message = f"{error.filename}: {error.strerror}."
            raise OutputError(str(error), message=message, action="Check the disk and the permissions.") from error
    except SonicError as error:
        print(f"{error.message}\n{error.action}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
