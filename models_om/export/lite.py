"""MindSpore Lite 2.0.0, the version for the board: it exists for CPython 3.7 alone, so another interpreter runs it."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import Dict, List, Sequence

import numpy as np

from .running import Feed

_CONVERT = """
import sys
from mindspore_lite import Converter, FmkType
Converter().convert(fmk_type=FmkType.ONNX, model_file=sys.argv[1], output_file=sys.argv[2])
"""
_RUN = """
import sys
import numpy as np
from mindspore_lite import Context, Model, ModelType
context, model, results = Context(), Model(), {}
context.target = ["cpu"]
model.build_from_file(sys.argv[1], ModelType.MINDIR, context)
feeds = np.load(sys.argv[2])
for number in range(int(sys.argv[4])):
    inputs = model.get_inputs()
    for tensor in inputs:
        tensor.set_data_from_numpy(np.ascontiguousarray(feeds["%d:%s" % (number, tensor.name)]))
    for tensor in model.predict(inputs):
        results["%d:%s" % (number, tensor.name)] = tensor.get_data_to_numpy().copy()
np.savez(sys.argv[3], **results)
"""


class LiteError(RuntimeError):
    """The converter or the run time failed; the message is the end of what it said."""


def to_mindir(source: Path, target: Path, python37: Path) -> None:
    """Convert an ONNX file. Raises `LiteError`."""
    with tempfile.TemporaryDirectory() as folder:
        built = Path(folder) / "network"
        _call(python37, _CONVERT, source, built)
        # The converter's own files are read-only, and it will not replace one.
        target.unlink(missing_ok=True)
        target.write_bytes(built.with_suffix(".mindir").read_bytes())


def run_mindir(network: Path, feeds: Sequence[Feed], python37: Path) -> List[Dict[str, np.ndarray]]:
    """Outputs by name for each feed. A conversion without complaint may still compute something else: compare them.
    Raises `LiteError`."""
    with tempfile.TemporaryDirectory() as folder:
        given, made = Path(folder) / "feeds.npz", Path(folder) / "results.npz"
        np.savez(given, **{f"{n}:{name}": value for n, feed in enumerate(feeds) for name, value in feed.items()})
        _call(python37, _RUN, network, given, made, len(feeds))
        results: List[Dict[str, np.ndarray]] = [{} for _ in feeds]
        with np.load(made) as archive:
            for key in archive.files:
                number, name = key.split(":", 1)
                results[int(number)][name] = archive[key]
    return results


def _call(python37: Path, script: str, *arguments: object) -> None:
    done = subprocess.run([str(python37), "-c", script, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        raise LiteError(f"MindSpore Lite: {done.stderr.strip()[-500:]}")
