"""Reckon what a frame of video costs on the board: on the NPU layer by layer, and on its Arm cores.

    python -m models_om.cost
    python -m models_om.cost --measure

The tables are printed and written to ``docs/cost.md``. It is arithmetic: nothing is run on a board. What the processor
does beside the networks was measured once, on x86; ``--measure`` does so anew, here, and takes some minutes.
"""

from __future__ import annotations

import argparse
import sys
from typing import Optional, Sequence

from appliance.errors import RuntimeUnavailable, SonicError


def run(options: argparse.Namespace) -> None:
    """Raises `SonicError`."""
    if options.measure:
        from .measure import write

        for side, stages in write().items():
            print(f"{side} px: {', '.join(f'{stage} {spent:.2f} ms' for stage, spent in stages.items())}", flush=True)
        return
    try:
        import onnx  # noqa: F401
    except ImportError as error:
        action = "Run `pip install -e .[train]` with CPython 3.9 to 3.11."
        raise RuntimeUnavailable(message="The package onnx is not installed.", action=action) from error
    from .report import write_report

    write_report()


def main(arguments: Optional[Sequence[str]] = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m models_om.cost", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--measure", action="store_true", help="measure the stages on this machine's processor")
    try:
        run(parser.parse_args(arguments))
    except SonicError as error:
        print(f"{error.message}\n{error.action}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
