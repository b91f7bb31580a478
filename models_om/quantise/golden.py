"""What a deploy graph computes, node by node in numpy: the golden output a board's is compared with.

Two arithmetics. Exact: the integer kernels by which AMCT itself judges, all else in float32. Half: what is known of the
chip, where `AscendQuant` casts its input, scale and offset to fp16, multiplies, adds and converts, and every result in
floating point is kept in fp16, rounded once from its exact value: in which order the chip adds up is not known. The
sums of integers are the same in both, to the last bit. Padding counts as nothing: the compiler pads with the offset.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, Mapping, Tuple

import numpy as np
import onnx
from onnx import helper, numpy_helper

from .encoding import CODES, unpacked

Attributes = Dict[str, Any]


class Golden:
    """Runs a float32 network or a deploy graph; called with a feed it gives every tensor by name."""

    def __init__(self, model: onnx.ModelProto, half: bool = False) -> None:
        self.half = half
        self._constants = {item.name: numpy_helper.to_array(item) for item in model.graph.initializer}
        self._nodes = [
            (node, {item.name: helper.get_attribute_value(item) for item in node.attribute})
            for node in model.graph.node
        ]
        # Offsets of the codes that layers read: what zero is there.
        self._offsets = {
            node.output[0]: attributes["offset"] for node, attributes in self._nodes if node.op_type == "AscendQuant"
        }

    def __call__(self, feed: Mapping[str, np.ndarray]) -> Dict[str, np.ndarray]:
        values: Dict[str, np.ndarray] = {name: self._kept(value) for name, value in feed.items()}
        for node, attributes in self._nodes:
            values[node.output[0]] = self.node(node, attributes, values)
        return values

    def node(self, node: onnx.NodeProto, attributes: Attributes, values: Mapping[str, np.ndarray]) -> np.ndarray:
        """Result of one node on values and the network's constants."""
        inputs = [self._constants[name] if name in self._constants else values[name] for name in node.input]
        if node.op_type == "AscendQuant":
            return quantised(inputs[0], attributes["scale"], attributes["offset"], self.half)
        if node.input[0] in self._offsets:
            return _integer_convolution(inputs, attributes, int(self._offsets[node.input[0]]))
        if node.op_type == "AscendDequant":
            scales = unpacked(inputs[1])[:, None, None]
            return self._kept(inputs[0].astype(np.float32) * scales)
        if node.op_type == "Conv":
            inputs[1:] = [self._kept(value) for value in inputs[1:]]
        if self.half:  # sums of products of fp16 are exact in float64, but for the rarest
            inputs = [value.astype(np.float64) if value.dtype == np.float32 else value for value in inputs]
        return self._kept(_FLOAT[node.op_type](inputs, attributes))

    def layer(self, name: str, values: Mapping[str, np.ndarray]) -> np.ndarray:
        """Output of one INT8 layer alone, for the float values that come before it."""
        known = {node.name: (node, attributes) for node, attributes in self._nodes}
        made = {node.output[0]: node for node, _ in self._nodes}
        integer, attributes = known[name]
        quant = made[integer.input[0]]
        after = known[f"{name}.dequant"][0]
        inner = {quant.input[0]: self._kept(values[quant.input[0]])}
        inner[quant.output[0]] = self.node(quant, known[quant.name][1], inner)
        inner[integer.output[0]] = self.node(integer, attributes, inner)
        return self.node(after, {}, inner)

    def _kept(self, values: np.ndarray) -> np.ndarray:
        return values.astype(np.float16).astype(np.float32) if self.half else np.asarray(values, np.float32)


def quantised(values: np.ndarray, scale: float, offset: float, half: bool) -> np.ndarray:
    """Codes int8: clip(round(x * scale) + offset), ties to even; where ``half`` in fp16, the offset before rounding."""
    if half:
        rounded = np.rint(values.astype(np.float16) * np.float16(scale) + np.float16(offset))
    else:
        rounded = np.rint(values * np.float32(scale)) + np.float32(offset)
    return rounded.clip(*CODES).astype(np.int8)


def _integer_convolution(inputs: list, attributes: Attributes, offset: int) -> np.ndarray:
    """int64 sums of (code - offset) * weight and the bias, exact: float64 holds integers of 53 bits."""
    codes, weight = inputs[0].astype(np.float64) - offset, inputs[1].astype(np.float64)
    total = _convolution(codes, weight, attributes).astype(np.int64)
    return total + inputs[2].astype(np.int64)[:, None, None] if len(inputs) > 2 else total


def _float_convolution(inputs: list, attributes: Attributes) -> np.ndarray:
    total = _convolution(inputs[0], inputs[1], attributes)
    return total + inputs[2][:, None, None] if len(inputs) > 2 else total


def _convolution(values: np.ndarray, weight: np.ndarray, attributes: Attributes) -> np.ndarray:
    """(1,C,h,w) with (O,C,kh,kw) → (1,O,...), the attributes of Conv spelled out; one group."""
    top, left, bottom, right = attributes["pads"]
    (row_step, column_step), (row_gap, column_gap) = attributes["strides"], attributes["dilations"]
    padded = np.pad(values, ((0, 0), (0, 0), (top, bottom), (left, right)))
    outputs, channels, rows, columns = weight.shape
    reach = ((rows - 1) * row_gap + 1, (columns - 1) * column_gap + 1)
    windows = np.lib.stride_tricks.sliding_window_view(padded[0], reach, axis=(1, 2))
    windows = windows[:, ::row_step, ::column_step, ::row_gap, ::column_gap]
    shape = windows.shape[1:3]
    flat = windows.transpose(0, 3, 4, 1, 2).reshape(channels * rows * columns, -1)
    return (weight.reshape(outputs, -1) @ flat).reshape(1, outputs, *shape)


def _depth_to_space(inputs: list, attributes: Attributes) -> np.ndarray:
    size, (_, channels, rows, columns) = attributes["blocksize"], inputs[0].shape
    inner = channels // size**2
    if attributes["mode"] == b"CRD":
        order: Tuple[int, ...] = (0, 3, 1, 4, 2)
        split = inputs[0].reshape(inner, size, size, rows, columns)
    else:
        order = (2, 3, 0, 4, 1)
        split = inputs[0].reshape(size, size, inner, rows, columns)
    return split.transpose(order).reshape(1, inner, rows * size, columns * size)


_FLOAT: Dict[str, Callable[[list, Attributes], np.ndarray]] = {
    "Conv": _float_convolution,
    "Relu": lambda inputs, _: np.maximum(inputs[0], 0),
    "Add": lambda inputs, _: inputs[0] + inputs[1],
    "Sigmoid": lambda inputs, _: 1 / (1 + np.exp(-inputs[0])),
    "Concat": lambda inputs, attributes: np.concatenate(inputs, axis=attributes["axis"]),
    "Reshape": lambda inputs, _: inputs[0].reshape(inputs[1]),
    "DepthToSpace": _depth_to_space,
}
"""What the Sonic networks are made of."""
