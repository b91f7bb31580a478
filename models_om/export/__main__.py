"""Turn trained networks into the files a machine runs, each checked against MindSpore, and write the manifest.

    python -m models_om.export --work work [--only NAME] [--python37 PYTHON3.7]
    python -m models_om.export --work work [--only NAME] --int8-only

MindSpore → ONNX (opset 11) → INT8 QDQ with its record, and → MindSpore Lite ``.mindir`` by the converter of MindSpore
Lite 2.0.0, which exists for CPython 3.7 alone: without ``--python37`` the ``.mindir`` files are left as they are.
``--int8-only`` begins with the float32 ONNX files already in ``built/`` and needs no MindSpore. The figures of INT8 are
printed and written to ``docs/int8.md``.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Dict, List, Optional, Sequence

import numpy as np
import onnx

from ..manifest import BUILT, SIGNATURES, write_manifest
from . import onnx_graph, record
from .int8 import quantise
from .lite import run_mindir, to_mindir
from .recipes import RECIPES, float_file, int8_file
from .report import write_report
from .running import Feed, Runner, milliseconds

if TYPE_CHECKING:
    from mindspore import nn

AGREEMENT = 1e-3
"""Largest difference allowed between MindSpore and a float32 build of it."""
CHECKED = 12
"""Inputs on which builds are compared."""


def to_onnx(name: str, network: nn.Cell, path: Path) -> None:
    """Export a Cell with the network's signature to a tidy ONNX file."""
    import mindspore as ms

    signature = SIGNATURES[name]
    zeros = [ms.Tensor(np.zeros(shape, np.float32)) for shape in signature["inputs"].values()]
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raw.onnx"
        ms.export(network, *zeros, file_name=str(raw.with_suffix("")), file_format="ONNX")
        model = onnx_graph.tidy(onnx.load(raw), name, list(signature["inputs"]), list(signature["outputs"]))
    onnx.save(model, path)


def by_mindspore(name: str, network: nn.Cell, feeds: Sequence[Feed]) -> List[Dict[str, np.ndarray]]:
    """What the Cell itself computes, by output."""
    import mindspore as ms

    results = []
    for feed in feeds:
        made = network(*[ms.Tensor(feed[key]) for key in SIGNATURES[name]["inputs"]])
        made = made if isinstance(made, tuple) else (made,)
        results.append(dict(zip(SIGNATURES[name]["outputs"], (value.asnumpy() for value in made))))
    return results


def agree(path: Path, ours: Sequence[Feed], expected: Sequence[Feed]) -> None:
    """Print the largest difference of each output. Ends the program where it is too large."""
    worst = {
        name: max(float(np.abs(a[name].reshape(b[name].shape) - b[name]).max()) for a, b in zip(ours, expected))
        for name in expected[0]
    }
    told = ", ".join(f"{name} {value:.1e}" for name, value in worst.items())
    print(f"{path.name}: largest difference to MindSpore: {told}", flush=True)
    if not max(worst.values()) <= AGREEMENT:  # so written that NaN fails too
        raise SystemExit(f"{path.name} does not agree with MindSpore")


def export(name: str, work: Path, python37: Optional[Path]) -> None:
    """The float32 builds of a network. They take the place of older ones only once they are known to agree."""
    network = RECIPES[name].cell(work)
    network.set_train(False)
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / float_file(name).name
        to_onnx(name, network, fresh)
        lite = Path(folder) / f"{name}.fp32.mindir"
        feeds = RECIPES[name].feeds(work, fresh)[1][:CHECKED]
        expected = by_mindspore(name, network, feeds)
        runner = Runner(fresh)
        agree(fresh, [runner(feed) for feed in feeds], expected)
        if python37:
            to_mindir(fresh, lite, python37)
            agree(lite, run_mindir(lite, feeds, python37), expected)
            (BUILT / lite.name).write_bytes(lite.read_bytes())
        float_file(name).write_bytes(fresh.read_bytes())


def to_int8(name: str, work: Path) -> None:
    """The INT8 build of a network's float32 ONNX file, its record, and its speed beside the float one's."""
    recipe, single, quantised = RECIPES[name], float_file(name), int8_file(name)
    calibration, test = recipe.feeds(work, single)
    report = quantise(single, quantised, calibration, test, recipe.judge(work), recipe.goal)
    path = record.record_path(quantised)
    content = record.read(path)
    content["speed_ms"] = {str(threads): milliseconds([single, quantised], test[0], threads) for threads in (1, 2)}
    record.write(path, content)
    print(f"{quantised.name}: error {report.error:.4f}, wanted {recipe.goal:.4f}", flush=True)


def main(arguments: Optional[Sequence[str]] = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("work"))
    parser.add_argument("--only", choices=list(RECIPES), help="this network alone")
    parser.add_argument("--int8-only", action="store_true", help="quantise the float32 ONNX files already built")
    parser.add_argument("--python37", type=Path, help="interpreter with mindspore-lite 2.0.0")
    chosen = parser.parse_args(arguments)
    BUILT.mkdir(exist_ok=True)
    names = [chosen.only] if chosen.only else list(RECIPES)
    if not chosen.int8_only:
        import mindspore as ms

        ms.set_context(mode=ms.GRAPH_MODE, device_target="CPU")
        for name in names:
            missing = [file for file in RECIPES[name].checkpoints if not (chosen.work / file).exists()]
            if missing:
                print(f"{name} is left as it is: {chosen.work} has no {' and no '.join(missing)}", flush=True)
            else:
                export(name, chosen.work, chosen.python37)
    for name in names:
        if float_file(name).exists():
            to_int8(name, chosen.work)
    write_report()
    write_manifest()


if __name__ == "__main__":
    main()
