"""An INT8 layer on the played NPU: its integer arithmetic, first step in float16 and last one too, to the last bit."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from npus import plugged_in
from om_shells import om_shell

from appliance.manifest import NetworkEntry, NetworkFile
from appliance.pipeline.runtime.acl import AclNetwork
from appliance.pipeline.runtime.base import TensorSpec

onnx = pytest.importorskip("onnx")

SHAPE = (1, 4, 9, 7)
OUT = (1, 6, 9, 7)
SCALE, OFFSET = 0.0173, -13
"""Of the activations; the weights have a scale for each output channel."""


def layer() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
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
    padded = np.pad(codes - OFFSET, ((0, 0), (0, 0), (1, 1), (1, 1)))
    total = np.zeros(OUT, np.int64)
    for row in range(3):
        for column in range(3):
            part = padded[:, :, row : row + OUT[2], column : column + OUT[3]]
            total += np.einsum("oc,nchw->nohw", weights[:, :, row, column].astype(np.int64), part)
    total += bias[None, :, None, None]
    return (total.astype(np.float32) * (np.float32(SCALE) * scales)[None, :, None, None]).astype(half)


def golden() -> bytes:
    """The same as an ONNX graph that ONNX Runtime can run; codes are shifted by 128, because it wants them unsigned."""
    from onnx import TensorProto, helper, numpy_helper

    weights, bias, scales = layer()
    constants = {
        "splitter": np.array(2**13 + 1, np.float32),
        "factor": np.array(np.float16(1 / SCALE), np.float32),
        "offset": np.array(OFFSET, np.float32),
        "low": np.array(-128, np.float32),
        "high": np.array(127, np.float32),
        "shift": np.array(128, np.float32),
        "zero": np.array(OFFSET + 128, np.uint8),
        "weights": weights,
        "bias": bias[None, :, None, None],
        "scales": (np.float32(SCALE) * scales)[None, :, None, None],
    }
    node = helper.make_node

    def rounded(name: str) -> list[onnx.NodeProto]:
        """``name``.half: 11 bits of it, by Dekker's splitting, because ONNX Runtime drops casts to float16 and back."""
        return [
            node("Mul", [name, "splitter"], [f"{name}.large"]),
            node("Sub", [f"{name}.large", name], [f"{name}.rest"]),
            node("Sub", [f"{name}.large", f"{name}.rest"], [f"{name}.half"]),
        ]

    nodes = [
        *rounded("x"),
        node("Mul", ["x.half", "factor"], ["scaled"]),
        *rounded("scaled"),
        node("Add", ["scaled.half", "offset"], ["moved"]),
        *rounded("moved"),
        node("Round", ["moved.half"], ["whole"]),
        node("Clip", ["whole", "low", "high"], ["kept"]),
        node("Add", ["kept", "shift"], ["positive"]),
        node("Cast", ["positive"], ["codes"], to=TensorProto.UINT8),
        node("ConvInteger", ["codes", "weights", "zero"], ["sum"], kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        node("Add", ["sum", "bias"], ["total"]),
        node("Cast", ["total"], ["real"], to=TensorProto.FLOAT),
        node("Mul", ["real", "scales"], ["y"]),
    ]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in (("x", SHAPE), ("y", OUT))]
    initial = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "layer", ends[:1], ends[1:], initial)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=6)
    content: bytes = model.SerializeToString()
    return content


@pytest.mark.parametrize("options", ["--output_type=FP32", "--output_type=FP16"])
def test_integers_are_added_up_as_by_hand(options: str, tmp_path: Path) -> None:
    content = om_shell(golden(), {"x": SHAPE}, options=options)
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
