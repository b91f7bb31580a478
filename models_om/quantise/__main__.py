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

from ..export.recipes import MOTION_GOAL, PAINTER_GOAL, RECIPES, float_file, int8_file
from .amct import record_text
from .check import complaints, differences
from .compare import arithmetics, compare
from .deploy import deploy_graph, read
from .ends import motion_noise, mouth_noise
from .inputs import Feeds, heard_and_seen, portraits
from .report import DOCUMENT, End, show, tables, write

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
    feeds = heard_and_seen(portraits(options.portraits))
    comparisons = [compare(*made[name], feeds[name], int8_file(name)) for name in made]
    found = tables(comparisons, [] if options.only else _ends(made, feeds))
    show(found)
    if not options.only:
        write(found)
        print(f"written to {DOCUMENT}")
    return 0


def _ends(made: Dict[str, Tuple[onnx.ModelProto, onnx.ModelProto]], feeds: Dict[str, Feeds]) -> List[End]:
    """Noise of what all networks together are for."""
    runs = {name: arithmetics(*both, int8_file(name)) for name, both in made.items()}
    moved = motion_noise(runs["sonic"], runs["sonic_denoiser"], feeds["sonic"])
    painted = mouth_noise(runs["sonic_painter"], feeds["sonic_painter"])
    return [
        End("coefficients after the sampler, both motion networks in INT8", moved, MOTION_GOAL),
        End("colours inside the mouth, 0..1", painted, PAINTER_GOAL),
    ]


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
