"""What the chip computes of a deploy graph: integers to the last bit, and between them numbers of 16 bits.

Every result in floating point is rounded once, from its exact value: in which order the chip adds up is not known.
Written apart from `models_om.quantise.golden`, so that a mistake in one of them shows.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterator, List, Mapping, Tuple

import numpy as np
import onnx_files
from onnx_files import Graph, Node


class Cube:
    """Runs a deploy graph. ``inputs``, ``outputs``: names and shapes."""

    def __init__(self, onnx: bytes) -> None:
        graph: Graph = onnx_files.read(onnx)
        self.inputs, self.outputs = graph.inputs, graph.outputs
        self._constants = graph.constants
        self._nodes = graph.nodes
        self._offsets = {
            node.outputs[0]: int(node.attributes["offset"]) for node in graph.nodes if node.kind == "AscendQuant"
        }

    def run(self, given: Mapping[str, np.ndarray]) -> List[np.ndarray]:
        """The outputs, float32, in their order."""
        values = {name: _half(value) for name, value in given.items()}
        for node in self._nodes:
            inputs = [self._constants[name] if name in self._constants else values[name] for name in node.inputs]
            values[node.outputs[0]] = self._node(node, inputs)
        return [values[name] for name in self.outputs]

    def _node(self, node: Node, inputs: List[np.ndarray]) -> np.ndarray:
        if node.kind == "AscendQuant":
            return _codes(inputs[0], node.attributes["scale"], node.attributes["offset"])
        if node.kind == "AscendDequant":
            return _half(inputs[0].astype(np.float32) * _scales(inputs[1]))
        if node.inputs[0] in self._offsets:
            return _integers(inputs, self._offsets[node.inputs[0]], node.attributes)
        return _half(_FLOATS[node.kind](inputs, node.attributes))


def _half(values: np.ndarray) -> np.ndarray:
    """Rounded to 16 bits, kept in 32, with which more is fast."""
    with np.errstate(over="ignore"):
        return values.astype(np.float16).astype(np.float32)


def _codes(values: np.ndarray, scale: float, offset: float) -> np.ndarray:
    factor, moved = (np.float32(np.float16(number)) for number in (scale, offset))
    codes: np.ndarray = np.rint(_half(_half(values * factor) + moved)).clip(-128, 127).astype(np.int8)
    return codes


def _scales(parameters: np.ndarray) -> np.ndarray:
    """float32 (channels,1,1), whose bits are the lower half of each parameter."""
    return np.ascontiguousarray(parameters.view("<u4")[::2]).view("<f4")[:, None, None]


def _integers(inputs: List[np.ndarray], offset: int, attributes: Mapping[str, Any]) -> np.ndarray:
    """int64 sums of (code - offset) * weight, and the bias; what lies outside of the picture counts as nothing."""
    # Matrices of integers are multiplied slowly; float64 holds integers of 53 bits.
    codes, weight = (value.astype(np.float64) for value in inputs[:2])
    total = _convolution(codes - offset, weight, attributes)
    return total.astype(np.int64) + _bias(inputs)


def _floats(inputs: List[np.ndarray], attributes: Mapping[str, Any]) -> np.ndarray:
    values, *rest = [_half(value).astype(np.float64) for value in inputs]
    return _convolution(values, rest[0], attributes) + _bias([values, *rest])


def _bias(inputs: List[np.ndarray]) -> Any:
    return inputs[2][:, None, None] if len(inputs) > 2 else 0


def _convolution(values: np.ndarray, weight: np.ndarray, attributes: Mapping[str, Any]) -> np.ndarray:
    """(1,C,h,w) with (O,C,kh,kw) → (1,O,...): place by place of the kernel, one product of matrices each."""
    top, left, bottom, right = attributes["pads"]
    padded = np.pad(values[0], ((0, 0), (top, bottom), (left, right)), "constant")
    windows = list(_windows(padded, weight.shape[2:], attributes["strides"], attributes["dilations"]))
    _, rows, columns = windows[0][2].shape
    places = np.ascontiguousarray(weight.transpose(2, 3, 0, 1))
    total = np.zeros((len(weight), rows * columns), weight.dtype)
    for row, column, seen in windows:
        total += places[row, column] @ seen.reshape(len(seen), -1)
    return total.reshape(1, len(weight), rows, columns)


def _windows(
    padded: np.ndarray, kernel: Tuple[int, ...], strides: List[int], dilations: List[int]
) -> Iterator[Tuple[int, int, np.ndarray]]:
    """What each place of a kernel sees."""
    counts = [
        (side - (places - 1) * gap - 1) // step + 1
        for side, places, step, gap in zip(padded.shape[1:], kernel, strides, dilations)
    ]
    for row in range(kernel[0]):
        for column in range(kernel[1]):
            starts = row * dilations[0], column * dilations[1]
            cut = [slice(start, start + count * step, step) for start, count, step in zip(starts, counts, strides)]
            yield row, column, padded[:, cut[0], cut[1]]


def _depth_to_space(inputs: List[np.ndarray], attributes: Mapping[str, Any]) -> np.ndarray:
    assert attributes["mode"] == b"DCR"
    size, (_, channels, rows, columns) = attributes["blocksize"], inputs[0].shape
    inner = channels // size**2
    split = inputs[0].reshape(size, size, inner, rows, columns).transpose(2, 3, 0, 4, 1)
    return split.reshape(1, inner, rows * size, columns * size)


_FLOATS: Dict[str, Callable[[List[np.ndarray], Mapping[str, Any]], np.ndarray]] = {
    "Conv": _floats,
    "Relu": lambda inputs, _: np.maximum(inputs[0], 0),
    "Add": lambda inputs, _: inputs[0].astype(np.float64) + inputs[1],
    "Sigmoid": lambda inputs, _: 1 / (1 + np.exp(-inputs[0].astype(np.float64))),
    "Concat": lambda inputs, attributes: np.concatenate(inputs, axis=attributes["axis"]),
    "Reshape": lambda inputs, _: inputs[0].reshape(inputs[1]),
    "DepthToSpace": _depth_to_space,
}
