"""Whether a deploy graph is one: onnx's own checker knows neither its nodes nor integers in a convolution.

`complaints` looks at the graph alone: what the compiler would refuse, and what the chip would compute wrongly.
`differences` compares it with the float32 network and the calibration record that it claims to be made of.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any, Dict, Iterator, List, Tuple

import numpy as np
import onnx
from onnx import AttributeProto, TensorProto, helper, numpy_helper

from ..export.ranges import int8_weight
from .deploy import int8_layers, shapes_of
from .encoding import (
    CODES,
    DEQUANT,
    FLOAT32,
    HALF,
    QUANT,
    SCALES,
    dequant_name,
    parameter_name,
    quant_name,
    unpacked,
)

OPSETS = (8, 15)
"""The parsers of the compiler's that reads this graph are registered for these."""
NAME = re.compile(r"[A-Za-z0-9_.\-/]+")
SUM = 2**31
"""Sums are int32."""
QUANT_ATTRIBUTES = {"scale": AttributeProto.FLOAT, "offset": AttributeProto.FLOAT, "dst_type": AttributeProto.STRING}
DEQUANT_ATTRIBUTES = {"dtype": AttributeProto.INT}


def complaints(model: onnx.ModelProto) -> List[str]:
    """What is wrong with a deploy graph, as "NODE: what"; empty where nothing is."""
    found = list(_Deployed(model).complaints())
    return found or list(_as_float(model))


class _Deployed:
    def __init__(self, model: onnx.ModelProto) -> None:
        self.model, graph = model, model.graph
        self.types = {item.name: item.data_type for item in graph.initializer}
        self.constants = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
        self.outputs = [item.name for item in graph.output]
        self.made = {value: node for node in graph.node for value in node.output}
        self.readers: Dict[str, List[onnx.NodeProto]] = {}
        for node in graph.node:
            for value in node.input:
                self.readers.setdefault(value, []).append(node)

    def complaints(self) -> Iterator[str]:
        yield from self._frame()
        layers = [node for node in self.model.graph.node if self._integer(node)]
        if not layers:
            yield "graph: no layer is INT8"
        for node in self.model.graph.node:
            check = {QUANT: self._quant, DEQUANT: self._dequant}.get(node.op_type)
            for what in check(node) if check else ():
                yield f"{node.name}: {what}"
        for node in layers:
            for what in self._layer(node):
                yield f"{node.name}: {what}"

    def _integer(self, node: onnx.NodeProto) -> bool:
        """Whether a node is a layer on integers, or has anything of one."""
        if node.op_type in (QUANT, DEQUANT):
            return False
        kinds = {self.types.get(value) for value in node.input[1:]}
        return self._quant_of(node) is not None or TensorProto.INT8 in kinds or TensorProto.INT32 in kinds

    def _quant_of(self, node: onnx.NodeProto) -> Any:
        before = self.made.get(node.input[0]) if node.input else None
        return before if before is not None and before.op_type == QUANT else None

    def _frame(self) -> Iterator[str]:
        graph = self.model.graph
        versions = {item.domain: item.version for item in self.model.opset_import}
        if list(versions) != [""] or not OPSETS[0] <= versions[""] <= OPSETS[1]:
            yield f"graph: opset {versions} instead of one of {OPSETS[0]}..{OPSETS[1]}"
        for name, count in Counter(node.name for node in graph.node).items():
            if count > 1 or not NAME.fullmatch(name):
                yield f"{name}: {count} nodes are called so"
        given = [item.name for item in graph.input]
        for name, count in Counter([*given, *self.constants, *(v for node in graph.node for v in node.output)]).items():
            if count > 1:
                yield f"{name}: {count} tensors are called so"
        known = {*given, *self.constants}
        for node in graph.node:
            if node.domain:
                yield f"{node.name}: domain {node.domain}"
            if node.op_type in ("QuantizeLinear", "DequantizeLinear", "QLinearConv", "ConvInteger"):
                yield f"{node.name}: the compiler has no parser for {node.op_type}"
            for value in node.input:
                if value not in known:
                    yield f"{node.name}: {value} is read before it is made"
            known.update(node.output)
        for name in (*given, *self.constants):
            if name not in self.readers:
                yield f"{name}: is not used, the compiler drops it"
        for name in self.outputs:
            if name not in self.made:
                yield f"{name}: an output that no node makes"
        for item in (*graph.input, *graph.output):
            tensor = item.type.tensor_type
            if tensor.elem_type != TensorProto.FLOAT:
                yield f"{item.name}: not float32 outside"
            if not all(axis.dim_value > 0 for axis in tensor.shape.dim):
                yield f"{item.name}: its shape is not static"

    def _quant(self, node: onnx.NodeProto) -> Iterator[str]:
        if len(node.input) != 1 or len(node.output) != 1:
            yield f"{len(node.input)} inputs, {len(node.output)} outputs instead of one each"
            return
        attributes, wrong = _attributes(node, QUANT_ATTRIBUTES)
        yield from wrong
        if wrong:
            return
        if attributes["dst_type"] != b"INT8":
            yield f"dst_type {attributes['dst_type']!r}"
        scale, offset = attributes["scale"], attributes["offset"]
        if not 1 / SCALES[1] <= scale <= 1 / SCALES[0]:
            yield f"scale {scale}, one by which is outside {SCALES[0]:.3g}..{SCALES[1]:.3g}"
        elif not HALF[0] <= scale <= HALF[1]:
            yield f"scale {scale} is no normal number of fp16"
        if not (offset == round(offset) and CODES[0] <= offset <= CODES[1]):
            yield f"offset {offset} is no whole number in {CODES[0]}..{CODES[1]}"
        before = self.made.get(node.input[0])
        if self.types.get(node.input[0]) is not None or (before is not None and before.op_type == QUANT):
            yield "what it quantises is no activation in floating point"
        readers = self.readers.get(node.output[0], [])
        if node.output[0] in self.outputs:
            yield "its codes are an output of the network"
        if not readers or any(reader.op_type != "Conv" or reader.input[0] != node.output[0] for reader in readers):
            yield "something else than a convolution reads its codes"
        if node.name not in [quant_name(reader.name) for reader in readers]:
            yield "is not called after a layer that reads it"

    def _dequant(self, node: onnx.NodeProto) -> Iterator[str]:
        if len(node.input) != 2 or len(node.output) != 1:
            yield f"{len(node.input)} inputs, {len(node.output)} outputs instead of two and one"
            return
        attributes, wrong = _attributes(node, DEQUANT_ATTRIBUTES)
        yield from wrong
        if not wrong and attributes["dtype"] != FLOAT32:
            yield f"dtype {attributes['dtype']} makes no float32"
        layer = self.made.get(node.input[0])
        if layer is None or layer.op_type != "Conv" or not self._integer(layer):
            yield "what it reads is no sum of integers"
            return
        if node.name != dequant_name(layer.name):
            yield f"is not called after {layer.name}"
        if node.input[1] != parameter_name(layer.name):
            yield f"its scales are not called after {layer.name}"
        yield from self._scales(node.input[1], layer)

    def _scales(self, name: str, layer: onnx.NodeProto) -> Iterator[str]:
        parameters, weight = self.constants.get(name), self.constants.get(layer.input[1])
        if parameters is None or parameters.dtype != np.uint64:
            yield "its scales are no uint64 constants"
            return
        if weight is not None and parameters.shape != weight.shape[:1]:
            yield f"scales {parameters.shape} for {weight.shape[0]} output channels"
        if (parameters >> np.uint64(32)).any():
            yield "the upper half of its scales is not 0: an offset of the weights, or a shift"
        scales = unpacked(parameters)
        if not (np.isfinite(scales) & (scales >= np.finfo(np.float32).tiny)).all():
            yield "scales that are no positive normal float32"
            return
        quant = self._quant_of(layer)
        factor = dict.get(_values(quant), "scale", 0) if quant is not None else 0
        own = scales.astype(np.float64) * factor  # those of the weights alone
        if factor and not ((own >= SCALES[0] * (1 - 1e-6)) & (own <= SCALES[1])).all():
            yield f"scales of weights outside {SCALES[0]:.3g}..{SCALES[1]:.3g}"

    def _layer(self, node: onnx.NodeProto) -> Iterator[str]:
        if node.op_type != "Conv":
            yield f"{node.op_type} on integers"
            return
        quant = self._quant_of(node)
        if quant is None:
            yield "integer weights, but no AscendQuant before it"
        weight = self.constants.get(node.input[1])
        if weight is None or weight.dtype != np.int8:
            yield "weights that are no int8 constants"
            return
        attributes = _values(node)
        if weight.ndim != 4 or attributes.get("group", 1) != 1:
            yield "no plain two-dimensional convolution"
            return
        bias = np.zeros(len(weight), np.int32)
        if len(node.input) > 2:
            bias = self.constants.get(node.input[2], np.zeros(0))
            if bias.dtype != np.int32 or bias.shape != weight.shape[:1]:
                yield f"bias {bias.dtype} {bias.shape} instead of int32 ({len(weight)},)"
                return
        readers = self.readers.get(node.output[0], [])
        if [reader.op_type for reader in readers] != [DEQUANT] or node.output[0] in self.outputs:
            yield "its sums go elsewhere than to one AscendDequant"
        offset = _values(quant).get("offset", 0) if quant is not None else 0
        if _largest_sum(weight, bias, int(offset)) >= SUM:
            yield "its sums do not always fit in 32 bits"


def _values(node: onnx.NodeProto) -> Dict[str, Any]:
    return {item.name: helper.get_attribute_value(item) for item in node.attribute}


def _attributes(node: onnx.NodeProto, wanted: Dict[str, int]) -> Tuple[Dict[str, Any], List[str]]:
    """Values of the attributes, and what is wrong with them."""
    found = {item.name: item.type for item in node.attribute}
    missing = [f"no attribute {name}" for name in wanted if name not in found]
    extra = [f"attribute {name} does not belong there" for name in found if name not in wanted]
    known = [name for name in wanted if name in found]
    mistyped = [f"attribute {name} is of another type" for name in known if found[name] != wanted[name]]
    return _values(node), missing + extra + mistyped


def _largest_sum(weight: np.ndarray, bias: np.ndarray, offset: int) -> int:
    """Largest sum, up or down, that any codes can make, with the offset in the bias as the compiler puts it."""
    rows = weight.reshape(len(weight), -1).astype(np.int64)
    up, down = np.maximum(rows, 0).sum(1), np.minimum(rows, 0).sum(1)
    start = bias.astype(np.int64) - offset * rows.sum(1)
    highest = start + CODES[1] * up + CODES[0] * down
    lowest = start + CODES[0] * up + CODES[1] * down
    return int(max(np.abs(start).max(), np.abs(highest).max(), np.abs(lowest).max()))


def _as_float(model: onnx.ModelProto) -> Iterator[str]:
    """What onnx's checker says of the graph with its integers read as floats: shapes, operators, attributes."""
    plain = onnx.ModelProto()
    plain.CopyFrom(model)
    graph = plain.graph
    for node in graph.node:
        if node.op_type in (QUANT, DEQUANT):
            node.CopyFrom(helper.make_node("Identity", node.input[:1], node.output, node.name))
    read = {value for node in graph.node for value in node.input}
    kept = [item for item in graph.initializer if item.name in read]
    del graph.initializer[:]
    for item in kept:
        integer = item.data_type in (TensorProto.INT8, TensorProto.INT32)
        value = numpy_helper.to_array(item)
        graph.initializer.append(numpy_helper.from_array(value.astype(np.float32), item.name) if integer else item)
    try:
        onnx.checker.check_model(plain, full_check=True)
    except Exception as error:  # the checker and shape inference raise classes of their own
        yield f"graph: {error}"
        return
    shapes = shapes_of(plain)
    for node in graph.node:  # shape inference does not compare the channels
        channels = shapes[node.input[1]][1] if node.op_type == "Conv" else 0
        if node.op_type == "Conv" and _values(node).get("group", 1) * channels != shapes[node.input[0]][1]:
            yield f"{node.name}: its weights read {channels} channels, its input has {shapes[node.input[0]][1]}"


def differences(deployed: onnx.ModelProto, model: onnx.ModelProto, record: Dict[str, Any]) -> List[str]:
    """Where a deploy graph without complaints is not what float32 network and record make, as "NODE: what"."""
    layers, found = int8_layers(record), []
    ours = {node.name: node for node in deployed.graph.node}
    integers = {item.name: numpy_helper.to_array(item) for item in deployed.graph.initializer}
    floats = {item.name: numpy_helper.to_array(item) for item in model.graph.initializer}
    quants = {node.output[0]: node for node in deployed.graph.node if node.op_type == QUANT}
    for side in ("input", "output"):
        if list(getattr(deployed.graph, side)) != list(getattr(model.graph, side)):
            found.append(f"graph: another {side} than the float32 network")
    kept = [node for node in model.graph.node if node.name not in layers]
    named = {dequant_name(name) for name in layers} | set(layers)
    for node in kept:
        same = node.name in ours and ours[node.name] == node
        if not same or any(not np.array_equal(floats[v], integers.get(v)) for v in node.input if v in floats):
            found.append(f"{node.name}: is not as in the float32 network")
    extra = [name for name, node in ours.items() if node.op_type != QUANT and name not in named]
    found += [f"{name}: has no counterpart" for name in extra if name not in {node.name for node in kept}]
    for node in model.graph.node:
        if node.name not in layers:
            continue
        layer, integer, after = layers[node.name], ours.get(node.name), ours.get(dequant_name(node.name))
        quant = quants.get(integer.input[0]) if integer is not None else None
        if integer is None or after is None or quant is None or len(integer.input) != len(node.input):
            found.append(f"{node.name}: is not INT8, or has not all it had")
            continue
        grid, values = layer["input"], _values(quant)
        if quant.input[0] != node.input[0] or after.output[0] != node.output[0]:
            found.append(f"{node.name}: reads or makes another tensor")
        if list(integer.attribute) != list(node.attribute):
            found.append(f"{node.name}: other attributes")
        if values["scale"] != float(np.float32(1 / np.float64(grid["scale"]))) or values["offset"] != grid["offset"]:
            found.append(f"{node.name}: another grid of its input")
        weight_scales = np.asarray(layer["weight_scales"], np.float32)
        scales = weight_scales * np.float32(grid["scale"])
        if not np.array_equal(unpacked(integers[after.input[1]]), scales):
            found.append(f"{node.name}: other scales")
        if not np.array_equal(integers[integer.input[1]], int8_weight(floats[node.input[1]], weight_scales)):
            found.append(f"{node.name}: other weights")
        if len(node.input) > 2:
            away = integers[integer.input[2]] * scales.astype(np.float64) - floats[node.input[2]]
            if not (np.abs(away) <= 0.501 * scales).all():
                found.append(f"{node.name}: another bias")
    return found
