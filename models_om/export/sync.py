"""Write the lip-sync expert for the judge, ``judge/sync_expert.onnx``, checked against MindSpore.

    python -m models_om.export.sync --work WORK

It is no network of the appliance: it has no INT8 build, no ``.mindir`` and no place in the manifest.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import mindspore as ms
import numpy as np
import onnx

from ..judge.sync import FILE, held_out_clips, windows_of_motion, windows_of_speech
from ..judge.sync import SyncExpert as Judge
from ..networks.sync import SyncExpert
from ..train.sync import load_expert
from . import onnx_graph

SHAPES = {"speech": (1, 1, 80, 80), "motion": (1, 32, 1, 20)}
CODES = ["speech_code", "motion_code"]
AGREEMENT = 1e-4


def to_onnx(expert: SyncExpert, path: Path) -> None:
    """Export the Cell, batch of one, names as in `SHAPES` and `CODES`."""
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raw.onnx"
        zeros = [ms.Tensor(np.zeros(shape, np.float32)) for shape in SHAPES.values()]
        ms.export(expert, *zeros, file_name=str(raw.with_suffix("")), file_format="ONNX")
        onnx.save(onnx_graph.tidy(onnx.load(raw), "sync_expert", list(SHAPES), CODES), path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("work"))
    arguments = parser.parse_args()
    ms.set_context(mode=ms.GRAPH_MODE, device_target="CPU")
    expert = load_expert(arguments.work)
    partial = FILE.with_suffix(".part.onnx")
    to_onnx(expert, partial)
    mel, coefficients = next(held_out_clips(dict(np.load(arguments.work / "corpus.npz")), "grid"))
    codes = expert(ms.Tensor(windows_of_speech(mel)), ms.Tensor(windows_of_motion(coefficients)))
    ours = Judge(partial).pair(mel, coefficients)
    worst = max(float(np.abs(a - b.asnumpy()).max()) for a, b in zip(ours, codes))
    print(f"{FILE.name}: {partial.stat().st_size} bytes, largest difference to MindSpore {worst:.1e}")
    if not worst <= AGREEMENT:  # so written that NaN fails too
        raise SystemExit(f"{FILE.name} does not agree with MindSpore")
    partial.replace(FILE)


if __name__ == "__main__":
    main()
