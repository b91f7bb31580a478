"""Make the INT8 networks in the form that the Ascend 310 compiler reads, check them, and tell what INT8 costs there.

    python -m models_om.quantise --target ascend310 [--only NAME] [--out FOLDER] [--portraits FOLDER]

Writes NAME.deploy.onnx, for ATC, and NAME.record.txt, for AMCT, of each built network. With photos in the folder of
--portraits the graphs are run beside the float32 networks, and the figures are printed and written to
``docs/ascend_int8.md``; with --only they are printed alone.

Exit codes: 0 done, 1 a graph does not stand its checks, 2 wrong usage, 5 a network or record that cannot be used.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple

import onnx

from appliance.errors import SonicError

from ..export.recipes import RECIPES, float_file, int8_file
from .amct import record_text
from .check import complaints, differences
from .compare import compare
from .deploy import deploy_graph, read
from .report import DOCUMENT, show, write

TARGETS = ("ascend310",)
UNSOUND = 1


def write_deployed(source: Path, out: Path) -> Tuple[onnx.ModelProto, onnx.ModelProto, List[str]]:
    """Write deploy graph and record file of a float32 network that has a calibration record beside it.

    Returns the float32 network, its deploy graph, and what is wrong with that, in which case nothing is written. Raises
    `ModelMissing`, `ModelCorrupt`, `ModelMismatch`.
    """
    model, record = read(source)
    deployed = deploy_graph(model, record)
    wrong = complaints(deployed) or differences(deployed, model, record)
    if not wrong:
        out.mkdir(parents=True, exist_ok=True)
        name = source.name.split(".")[0]
        onnx.save(deployed, out / f"{name}.deploy.onnx")
        (out / f"{name}.record.txt").write_text(record_text(model, record))
    return model, deployed, wrong


def run(options: argparse.Namespace) -> int:
    """What the command line asks for. Returns the exit code; raises `SonicError`."""
    made: Dict[str, Tuple[onnx.ModelProto, onnx.ModelProto]] = {}
    for name in [options.only] if options.only else list(RECIPES):
        model, deployed, wrong = write_deployed(float_file(name), options.out)
        if wrong:
            print("\n".join(f"{name}: {what}" for what in wrong), file=sys.stderr)
            return UNSOUND
        made[name] = model, deployed
        print(f"{options.out / name}.deploy.onnx: {deployed.ByteSize()} bytes, sound", flush=True)
    if options.portraits is None:
        return 0
    from .inputs import heard_and_seen, portraits

    feeds = heard_and_seen(portraits(options.portraits))
    comparisons = [compare(*made[name], feeds[name], int8_file(name)) for name in made]
    show(comparisons)
    if not options.only:
        write(comparisons)
        print(f"written to {DOCUMENT}")
    return 0


def main(arguments: Optional[Sequence[str]] = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m models_om.quantise", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--target", choices=TARGETS, required=True)
    parser.add_argument("--only", choices=list(RECIPES), help="this network alone")
    parser.add_argument("--out", type=Path, default=Path("work/ascend310"))
    parser.add_argument("--portraits", type=Path, help="folder of photos of faces")
    try:
        return run(parser.parse_args(arguments))
    except SonicError as error:
        print(f"{error.message}\n{error.action}", file=sys.stderr)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
