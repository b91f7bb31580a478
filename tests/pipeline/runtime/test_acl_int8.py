"""An INT8 layer on the played NPU: its integer arithmetic, first step in float16 and last one too, to the last bit.

That whole networks come out as `models_om.quantise.golden` has them is tested in ``models_om/test_acl_golden.py``.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Dict, Tuple

import numpy as np
import pytest
from npus import plugged_in
from om_shells import om_shell
from onnx_files import Graph, Node, written

from appliance.manifest import NetworkEntry, NetworkFile
from appliance.models import ModelStore
from appliance.pipeline.runtime.acl import AclNetwork
from appliance.pipeline.runtime.base import TensorSpec
from models_om.quantise.encoding import packed

SHAPE = (1, 4, 9, 7)
OUT = (1, 6, 9, 7)
SCALE, OFFSET = 0.0173, -13
"""Of the activations; the weights have a scale for each output channel."""


def layer() -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights int8 (6,4,3,3), bias int32 (6,), scales float32 (6,)."""
    chance = np.random.RandomState(5)
    weights = chance.randint(-127, 128, (6, 4, 3, 3)).astype(np.int8)
    bias = chance.randint(-5000, 5000, 6).astype(np.int32)
    return weights, bias, chance.uniform(0.001, 0.01, 6).astype(np.float32)


def by_hand(x: np.ndarray) -> np.ndarray:
    """AscendQuant, a convolution of integers, AscendDequant, as Ascend 310 does them; padding counts as nothing."""
    weights, bias, scales = layer()
    half = np.float16
    codes = np.rint(x.astype(half) * half(1 / SCALE) + half(OFFSET)).clip(-128, 127).astype(np.int64)
    padded = np.pad(codes - OFFSET, ((0, 0), (0, 0), (1, 1), (1, 1)), "constant")
    total = np.zeros(OUT, np.int64)
    for row in range(3):
        for column in range(3):
            part = padded[:, :, row : row + OUT[2], column : column + OUT[3]]
            total += np.einsum("oc,nchw->nohw", weights[:, :, row, column].astype(np.int64), part)
    total += bias[None, :, None, None]
    return (total.astype(np.float32) * (np.float32(SCALE) * scales)[None, :, None, None]).astype(half)


def deployed() -> bytes:
    """The layer as ATC would be given it."""
    weights, bias, scales = layer()
    spelled: Dict[str, Any] = {"kernel_shape": [3, 3], "strides": [1, 1], "dilations": [1, 1], "pads": [1] * 4}
    grid = {"scale": float(np.float32(1 / SCALE)), "offset": float(OFFSET), "dst_type": b"INT8"}
    nodes = [
        Node("AscendQuant", "conv.quant", ["x"], ["codes"], grid),
        Node("Conv", "conv", ["codes", "weights", "bias"], ["sum"], {**spelled, "group": 1}),
        Node("AscendDequant", "conv.dequant", ["sum", "parameters"], ["y"], {"dtype": 0}),
    ]
    constants = {"weights": weights, "bias": bias, "parameters": packed(np.float32(SCALE) * scales)}
    return written(Graph("tests", "layer", nodes, constants, {"x": SHAPE}, {"y": OUT}))


@pytest.mark.parametrize("options", ["--output_type=FP32", "--output_type=FP16"])
def test_integers_are_added_up_as_by_hand(options: str, tmp_path: Path) -> None:
    content = om_shell(deployed(), {"x": SHAPE}, options=options)
    path = tmp_path / "layer.om"
    path.write_bytes(content)
    file = NetworkFile(path.name, hashlib.sha256(content).hexdigest(), len(content), runtime="acl", precision="int8")
    entry = NetworkEntry("layer", "to be tested", (TensorSpec("x", SHAPE),), (TensorSpec("y", OUT),), (file,), ())
    x = np.random.RandomState(6).uniform(-2.5, 2.5, SHAPE).astype(np.float32)
    with plugged_in():
        network = AclNetwork(path, entry, 1)
        y = network.run({"x": x})["y"]
        network.close()
    np.testing.assert_array_equal(y, by_hand(x).astype(np.float32))
    assert np.abs(y).max() > 10


def test_no_shell_is_made_of_what_atc_cannot_read(store: ModelStore) -> None:
    content = store.network_file("sonic_denoiser", "onnx", "int8").read_bytes()
    with pytest.raises(AssertionError, match="deploy graph"):
        om_shell(content, {})
