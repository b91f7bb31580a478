"""An ONNX graph as the rules look at it: nodes with their attributes, constants, shapes, the ranges of real values.

Graphs with the Ascend nodes of INT8 (`AscendQuant`, `AscendDequant`), which onnx's checker refuses, are read as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Optional, Set, Tuple

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from appliance.errors import ModelCorrupt, ModelMissing

from ..export import record as records
from ..export.ranges import STEPS

ASCEND_NODES = ("AscendQuant", "AscendDequant", "AscendAntiQuant")
UNNAMED = "(without name)"

Shape = Tuple[Optional[int], ...]
"""Lengths of the axes; None where one is not known before the network runs."""


@dataclass(frozen=True)
class Node:
    """One operator. ``label`` names it in findings, also where the graph gives it no name."""

    name: str
    op: str
    domain: str
    inputs: Tuple[str, ...]
    outputs: Tuple[str, ...]
    attributes: Dict[str, Any]

    @property
    def label(self) -> str:
        return self.name or f"{UNNAMED}:{','.join(self.outputs)}"

    def attribute(self, name: str, default: Any = None) -> Any:
        """Value of an attribute, text as str; ``default`` where the node leaves it out."""
        return self.attributes.get(name, default)

    def input(self, index: int) -> str:
        """Name of an input, "" where it is left out."""
        return self.inputs[index] if index < len(self.inputs) else ""


@dataclass(frozen=True)
class Range:
    """Values that a tensor takes on real inputs, as far as 8 bits hold them."""

    low: float
    high: float

    @property
    def largest(self) -> float:
        return max(abs(self.low), abs(self.high))


class Graph:
    """Raises `ModelMissing` or `ModelCorrupt` where ``path``, or a given ``record``, cannot be read.

    Without ``record`` the calibration record ``NAME.scales.json`` beside the file is taken if there is one.
    """

    def __init__(self, path: Path, record: Optional[Path] = None) -> None:
        self.path = path
        self.model = _load(path)
        graph = self.model.graph
        self.opset = next((item.version for item in self.model.opset_import if item.domain in ("", "ai.onnx")), 0)
        self.constants = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
        self.nodes: List[Node] = []
        for item in graph.node:
            if item.op_type == "Constant" and item.attribute[0].name == "value":
                self.constants[item.output[0]] = numpy_helper.to_array(item.attribute[0].t)
            else:
                self.nodes.append(_node(item))
        self.inputs = [item.name for item in graph.input if item.name not in self.constants]
        self.outputs = [item.name for item in graph.output]
        self.shapes, self.types = _inferred(self.model)
        self.shapes.update({name: value.shape for name, value in self.constants.items()})
        self.producer = {value: node for node in self.nodes for value in node.outputs}
        self.readers: Dict[str, List[Node]] = {}
        for node in self.nodes:
            for value in dict.fromkeys(node.inputs):
                self.readers.setdefault(value, []).append(node)
        self.record_path = record or records.record_path(path)
        self.record = _record(self.record_path, wanted=record is not None)
        tensors = self.record["tensors"] if self.record else {}
        self.ranges = {name: _range(described) for name, described in tensors.items()}

    def of_kind(self, *ops: str) -> List[Node]:
        return [node for node in self.nodes if node.op in ops and node.domain in ("", "ai.onnx")]

    def maker(self, value: str, *ops: str) -> Optional[Node]:
        """The node that makes a value, if it is one of those operators."""
        node = self.producer.get(value)
        return node if node is not None and node.op in ops else None

    def reader(self, value: str, *ops: str) -> Optional[Node]:
        """The only node that reads a value, if it is one of those operators."""
        found = self.readers.get(value, [])
        return found[0] if len(found) == 1 and found[0].op in ops else None

    def scalar(self, value: str) -> Optional[float]:
        """A constant of one element as a number."""
        constant = self.constants.get(value)
        return float(constant.reshape(-1)[0]) if constant is not None and constant.size == 1 else None

    def is_int8(self, node: Node) -> bool:
        """Whether a layer computes on INT8: behind an AscendQuant, or by the record."""
        if any(self.maker(value, "AscendQuant") for value in node.inputs):
            return True
        layers = self.record["layers"] if self.record else []
        return any(layer["name"] == node.name and layer["precision"] == "int8" for layer in layers)

    def needed(self) -> Set[str]:
        """Tensors whose values, not merely shapes, have a part in some output."""
        needed, waiting = set(), list(self.outputs)
        while waiting:
            value = waiting.pop()
            if value in needed:
                continue
            needed.add(value)
            node = self.producer.get(value)
            if node is not None and node.op not in ("Shape", "Size"):
                waiting.extend(name for name in node.inputs if name)
        return needed


def _load(path: Path) -> onnx.ModelProto:
    if not path.is_file():
        raise ModelMissing(message=f"There is no file {path}.", action="Name an ONNX file.")
    try:
        model = onnx.load(path)
        known = bool(model.graph.node) and bool(model.opset_import)
    except Exception as error:  # protobuf raises classes of its own
        raise _unreadable(path) from error
    if not known:
        raise _unreadable(path)
    return model


def _unreadable(path: Path) -> ModelCorrupt:
    return ModelCorrupt(message=f"{path.name} is no ONNX network.", action="Export it again.")


def _record(path: Path, wanted: bool) -> Optional[Dict[str, Any]]:
    if not path.is_file():
        if wanted:
            raise ModelMissing(message=f"There is no file {path}.", action="Name a calibration record.")
        return None
    try:
        record = records.read(path)
        for described in record["tensors"].values():
            _range(described)
        for layer in record["layers"]:
            layer["name"], layer["precision"]
        record["source"]["file"], record["source"]["sha256"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        action = "Quantise the network anew: `python -m models_om.export`."
        raise ModelCorrupt(message=f"{path.name} is no calibration record.", action=action) from error
    return record


def _range(described: Dict[str, Any]) -> Range:
    scale, zero = float(described["scale"]), int(described["zero_point"])
    return Range(-zero * scale, (STEPS - zero) * scale)


def _node(item: onnx.NodeProto) -> Node:
    attributes = {attribute.name: helper.get_attribute_value(attribute) for attribute in item.attribute}
    texts = {name: value.decode("utf-8", "replace") for name, value in attributes.items() if isinstance(value, bytes)}
    return Node(
        item.name, item.op_type, item.domain, tuple(item.input), tuple(item.output), {**attributes, **texts}
    )  # fmt: skip


def _inferred(model: onnx.ModelProto) -> Tuple[Dict[str, Shape], Dict[str, int]]:
    """Shapes and element types by tensor, as far as they can be told."""
    plain = onnx.ModelProto()
    plain.CopyFrom(model)
    for item in plain.graph.node:
        if item.op_type in ASCEND_NODES:  # onnx does not know them; they leave the shape as it is
            item.CopyFrom(helper.make_node("Identity", item.input[:1], item.output))
    try:
        graph = onnx.shape_inference.infer_shapes(plain).graph
    except Exception:  # a graph that contradicts itself; what it declares is still looked at
        graph = plain.graph
    shapes: Dict[str, Shape] = {}
    types: Dict[str, int] = {}
    for item in (*graph.value_info, *graph.output, *graph.input):
        tensor = item.type.tensor_type
        types[item.name] = tensor.elem_type
        if tensor.HasField("shape"):
            shapes[item.name] = tuple(_length(axis) for axis in tensor.shape.dim)
    return shapes, types


def _length(axis: TensorProto) -> Optional[int]:
    return axis.dim_value if axis.HasField("dim_value") and axis.dim_value > 0 else None


def floats(value: np.ndarray) -> bool:
    """Whether a constant is of floating point."""
    return bool(np.issubdtype(value.dtype, np.floating))
