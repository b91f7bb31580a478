"""Reckon what a frame of video costs on the board: on the NPU layer by layer, and on its Arm cores.

    python -m models_om.cost
    python -m models_om.cost --measure
    python -m models_om.cost --count FOLDER

The tables are printed and written to ``docs/cost.md``. It is arithmetic: nothing is run on a board. What the processor
does beside the networks was measured once, on x86, and its instructions were counted once, of programs built for Arm;
``--measure`` and ``--count`` do so anew, here, and take some minutes each. ``FOLDER`` is made by
``sh tools/arm_sysroot.sh FOLDER``.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Optional, Sequence

from appliance.errors import RuntimeUnavailable, SonicError


def run(options: argparse.Namespace) -> None:
    """Raises `SonicError`."""
    if options.measure:
        from .measure import write

        for side, stages in write().items():
            print(f"{side} px: {', '.join(f'{stage} {spent:.2f} ms' for stage, spent in stages.items())}", flush=True)
        return
    if options.count:
        from .count import write as count

        for machine, sides in count(options.count).items():
            for side, counts in sides.items():
                told = ", ".join(f"{stage} {kinds['all'] / 1e6:.2f}" for stage, kinds in counts.items())
                print(f"{machine}, {side} px, million instructions a frame: {told}")
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
    parser.add_argument("--count", metavar="FOLDER", type=Path, help="count the instructions of programs built for Arm")
    try:
        run(parser.parse_args(arguments))
    except SonicError as error:
        print(f"{error.message}\n{error.action}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
