"""Turn weights trained in PyTorch into a MindSpore checkpoint, and prove that both networks compute the same.

    python -m models_om.migrate --from weights.safetensors --network sonic --to sonic.ckpt
                                [--map map.toml] [--twin module:Class] [--report report.html]

The map says which PyTorch name is which MindSpore name; without one, the map of the project's own networks is used.
With a PyTorch twin both networks get the same random input, and every layer and output is compared. The checkpoint is
written only if every tensor and parameter has found its place and both networks agree.

Exit codes: 0 done, 1 not everything matches or agrees, 2 wrong usage, map or twin, 5 weights that cannot be read or a
missing package, 6 a file that cannot be written.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import List, Optional, Sequence

from appliance.errors import OutputError, SonicError, UsageError

from ..manifest import SIGNATURES
from . import name_map as names
from .errors import PackageMissing
from .weights import read_weights

TOLERANCE = 1e-4
INCOMPLETE = 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m models_om.migrate", description=__doc__, epilog="A map:\n" + str(names.__doc__),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--from", dest="source", type=Path, required=True, help=".safetensors, or .pth of tensors only")
    parser.add_argument("--to", dest="target", type=Path, required=True, help="the MindSpore checkpoint, .ckpt")
    parser.add_argument("--network", help="sonic, sonic_denoiser, sonic_painter or module:Class of a MindSpore Cell")
    parser.add_argument("--map", type=Path, help="map of names, TOML; default: the map of the project's networks")
    parser.add_argument("--prefix", default="", help="put before each name in the checkpoint, as `denoiser:` by train")
    parser.add_argument("--twin", help="module:Class of the PyTorch network, to compare with")
    parser.add_argument("--tolerance", type=float, default=TOLERANCE, help="largest difference allowed (%(default)s)")
    parser.add_argument("--report", type=Path, help="write a report, .html or .json")
    return parser


def migrate(arguments: argparse.Namespace) -> int:
    """Returns the exit code; raises `SonicError`."""
    source, target, report_path = arguments.source, arguments.target, arguments.report
    _check_output(target, (".ckpt",))
    if report_path is not None:
        _check_output(report_path, (".html", ".json"))
    name_map = names.load_map(arguments.map or names.BUILT_IN)
    network_name = arguments.network or name_map.network
    if network_name is None:
        raise UsageError(message="Which network are the weights for?", action="Name it with --network or in the map.")
    weights = read_weights(source)
    try:
        import mindspore
    except ImportError as error:
        raise PackageMissing(message="MindSpore is not installed.") from error
    from .comparison import Comparison, build_twin, compare, random_inputs
    from .migration import build_network, load_checkpoint, match, save_checkpoint
    from .report import Report

    mindspore.set_context(mode=mindspore.PYNATIVE_MODE)
    network = build_network(network_name)
    matching, values = match(weights, network, name_map)
    signature = SIGNATURES.get(network_name, {"inputs": name_map.inputs, "outputs": {}})
    if arguments.twin and not signature["inputs"]:
        raise UsageError(
            message=f"The shapes of the inputs of {network_name} are not known.",
            action="Write them under [inputs] in the map.",
        )
    comparison: Optional[Comparison] = None
    partial = target.with_name(f".{target.stem}.{os.getpid()}.part.ckpt")
    try:
        if matching.complete:
            save_checkpoint(network, values, arguments.prefix, partial)
        if matching.complete and arguments.twin:
            # What is compared is what was written.
            load_checkpoint(network, arguments.prefix, partial)
            twin, inputs = build_twin(arguments.twin, weights), random_inputs(signature["inputs"])
            comparison = compare(network, twin, name_map, inputs, list(signature["outputs"]), arguments.tolerance)
        report = Report(source.name, target.name, network_name, arguments.tolerance, matching, comparison)
        if report.good:
            partial.replace(target)
    except OSError as error:
        raise _not_written(target, error) from error
    finally:
        partial.unlink(missing_ok=True)
    report.show()
    if report_path is not None:
        _write(report_path, report.to_json() if report_path.suffix == ".json" else report.to_html())
    return 0 if report.good else INCOMPLETE


def _check_output(path: Path, endings: Sequence[str]) -> None:
    if path.suffix not in endings:
        raise UsageError(message=f"{path.name} must end in {' or '.join(endings)}.", action="Choose another name.")
    if not path.parent.is_dir() or path.is_dir():
        raise OutputError(message=f"There is no folder to write {path} to.", action="Make the folder first.")


def _write(path: Path, text: str) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise _not_written(path, error) from error
    finally:
        partial.unlink(missing_ok=True)


def _not_written(path: Path, error: OSError) -> OutputError:
    message = f"{path} cannot be written: {error.strerror}."
    return OutputError(str(error), message=message, action="Check the folder and the free space.")


def main(arguments: Optional[List[str]] = None) -> int:
    try:
        return migrate(_parser().parse_args(arguments))
    except SonicError as error:
        print(f"{error.message}\n{error.action}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("Interrupted; nothing was written.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
