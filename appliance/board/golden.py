"""Results that every network must give for a fixed input, whatever runs it: kept in ``golden.npz``.

    python -m appliance.board

writes them anew, from the float32 networks on ONNX Runtime. They are float16, and of maps every fourth row and column.
"""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Dict, Tuple

import numpy as np

from ..errors import ModelCorrupt
from ..manifest import REINSTALL
from ..models import ModelStore
from ..pipeline.runtime.base import Network, TensorSpec
from ..pipeline.runtime.select import load_network

FILE = Path(__file__).resolve().parent / "golden.npz"
TOLERANCE = {"fp32": 0.02, "int8": 0.3}
"""Largest error of an output, as a share of it (root mean square). An NPU computes float32 networks in float16. On such
noise the int8 networks come to 0.11, on faces and speech to far less; what is fed or built wrongly comes to about 1."""
_RANGES: Dict[str, Tuple[float, float]] = {
    "audio_input": (-1.0, 1.0), "image_input": (-1.0, 1.0), "step": (-1.0, 1.0), "condition": (0.0, 0.5),
}  # fmt: skip
"""Of the inputs' numbers; the others are 0 to 1."""
_BLOCK = 8
"""Side of the squares that maps are made of: noise of single pixels is like no picture."""
_STRIDE = 4
_MAP = 64
"""From this side on, an input or output is a map."""


def golden_inputs(network: Network) -> Dict[str, np.ndarray]:
    """The same on every machine and in every version of numpy: its old generator does not change any more."""
    return {spec.name: _input(network.name, spec) for spec in network.inputs}


def sampled(output: np.ndarray) -> np.ndarray:
    """What is kept of an output."""
    return output[..., ::_STRIDE, ::_STRIDE] if output.ndim == 4 and min(output.shape[2:]) >= _MAP else output


def error_of(output: np.ndarray, expected: np.ndarray) -> float:
    """Root mean square of the difference as a share of that of what is expected; infinite where it is no number."""
    wanted = expected.astype(np.float64)
    difference = sampled(output).astype(np.float64) - wanted
    if not np.isfinite(difference).all():
        return float("inf")
    return float(np.linalg.norm(difference) / max(float(np.linalg.norm(wanted)), 1e-6))


def read_golden() -> Dict[str, np.ndarray]:
    """``network.output`` → what `sampled` leaves of it; ``network`` → sha256 of the network that gave it, as text.

    Raises `ModelCorrupt`.
    """
    try:
        # Opened here: numpy leaves a file open that it cannot read.
        with FILE.open("rb") as file, np.load(file, allow_pickle=False) as content:
            return {name: content[name] for name in content.files}
    except (OSError, EOFError, ValueError, zipfile.BadZipFile) as error:
        message = f"{FILE.name}, the results that networks are tried with, is missing or damaged."
        raise ModelCorrupt(str(error), message=message, action=REINSTALL) from error


def source_of(store: ModelStore, name: str) -> str:
    """sha256 of the float32 network that results are taken from; empty where there is none."""
    found = store.network(name).find("onnx", "fp32")
    return found.sha256 if found else ""


def make_golden(store: ModelStore) -> Dict[str, np.ndarray]:
    """Raises what `load_network` raises."""
    made: Dict[str, np.ndarray] = {}
    for name in store.manifest().networks:
        network = load_network(store, name, "onnx", "fp32")
        outputs = network.run(golden_inputs(network))
        network.close()
        made[name] = np.array(source_of(store, name))
        made.update({f"{name}.{key}": sampled(value).astype(np.float16) for key, value in outputs.items()})
    return made


def _input(network: str, spec: TensorSpec) -> np.ndarray:
    chance = np.random.RandomState(zlib.crc32(f"{network}.{spec.name}".encode()))
    low, high = _RANGES.get(spec.name, (0.0, 1.0))
    shape = list(spec.shape)
    is_map = len(shape) == 4 and min(shape[2:]) >= _MAP
    if is_map:
        shape[2:] = [side // _BLOCK for side in shape[2:]]
    values = low + (high - low) * chance.random_sample(shape)
    if is_map:
        values = values.repeat(_BLOCK, axis=2).repeat(_BLOCK, axis=3)
    return np.ascontiguousarray(values, dtype=spec.dtype)
