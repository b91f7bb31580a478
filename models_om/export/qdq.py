"""A float network and its INT8 twin: QuantizeLinear / DequantizeLinear (QDQ) written where they are needed only.

ONNX Runtime turns DequantizeLinear → operator → QuantizeLinear into one integer operator. For that to happen all the
way through a network

* ReLU is left to the quantiser: the grid of what is never negative begins at zero and clips by itself;
* residual Add, Concat, DepthToSpace, nearest Resize and Reshape between integer operators are integer as well, and
  what only moves values keeps the grid of its input;
* a tensor that only a Concat reads is rounded on the Concat's grid at once, instead of twice.

Weights: int8, symmetric, a scale for each output channel. Activations: uint8 with a zero point, one grid a tensor;
an int8 tool chain subtracts 128 from codes and zero points. Biases: int32 at the product of both scales.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Collection, Dict, List, Mapping, Optional, Sequence, Set, Tuple

import numpy as np
import onnx
from onnx import helper, numpy_helper

from .ranges import Grid, int8_weight, weight_scales

OPSET = 13
"""DequantizeLinear per channel begins there."""
IR_VERSION = 7
MOVES = ("DepthToSpace", "Resize", "Reshape")
"""Operators that only move values: what comes out is on the grid of what went in."""


class QuantisationError(ValueError):
    """A network or its inputs cannot be quantised; the message says what is wrong with them."""


@dataclass(frozen=True)
class Unit:
    """One operator, with the ReLU after it if nothing else reads what is between them. Of a convolution also its
    multiplications, input channels, and a description."""

    name: str
    op: str
    inputs: Tuple[str, ...]
    output: str
    nodes: Tuple[onnx.NodeProto, ...]
    macs: int = 0
    channels: int = 0
    shape: str = ""

    @property
    def relu(self) -> bool:
        return len(self.nodes) == 2


class FloatGraph:
    """A float32 network of one opset, taken apart into units. Raises `QuantisationError`."""

    def __init__(self, path: Path) -> None:
        try:
            model = onnx.load(path)
            onnx.checker.check_model(model, full_check=True)
        except Exception as error:  # protobuf and the checker raise classes of their own
            raise QuantisationError(f"{path.name} is no sound ONNX network: {error}") from error
        if model.opset_import[0].version < OPSET:
            model = onnx.version_converter.convert_version(model, OPSET)
        self.model = onnx.shape_inference.infer_shapes(model)
        graph = self.model.graph
        self.name = graph.name
        self.constants = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
        for name, value in self.constants.items():
            if value.dtype == np.float32 and not np.isfinite(value).all():
                raise QuantisationError(f"{path.name}: {name} holds values that are not numbers")
        self.inputs = [item.name for item in graph.input if item.name not in self.constants]
        self.outputs = [item.name for item in graph.output]
        self.units = self._units()
        self.layers = [unit for unit in self.units if unit.op == "Conv"]
        if not self.layers:
            raise QuantisationError(f"{path.name} has no convolution: nothing to quantise")
        self.readers = Counter(value for unit in self.units for value in unit.inputs)

    def _units(self) -> List[Unit]:
        graph = self.model.graph
        shapes = {
            item.name: [dimension.dim_value for dimension in item.type.tensor_type.shape.dim]
            for item in (*graph.value_info, *graph.output)
        }
        reads = Counter(value for node in graph.node for value in node.input) + Counter(self.outputs)
        relu_of = {node.input[0]: node for node in graph.node if node.op_type == "Relu" and reads[node.input[0]] == 1}
        units: List[Unit] = []
        fused: Set[str] = set()
        for node in graph.node:
            if node.output[0] in fused:
                continue
            nodes = (node,)
            if node.op_type in ("Conv", "Add") and node.output[0] in relu_of:
                nodes = (node, relu_of[node.output[0]])
                fused.add(nodes[1].output[0])
            values = tuple(value for value in node.input if value and value not in self.constants)
            macs, channels, shape = 0, 0, ""
            if node.op_type == "Conv":
                weight = self.constants[node.input[1]]
                channels = weight.shape[1]
                macs = int(weight.size * np.prod(shapes[node.output[0]][2:]))
                stride = next((a.ints for a in node.attribute if a.name == "strides"), (1, 1))
                shape = f"{channels}→{weight.shape[0]}, {weight.shape[2]}×{weight.shape[3]}"
                shape += f" /{stride[0]}·{stride[1]}" if tuple(stride) != (1, 1) else ""
            name, output = node.name or node.output[0], nodes[-1].output[0]
            units.append(Unit(name, node.op_type, values, output, nodes, macs, channels, shape))
        return units

    def integer_units(self, layers: Collection[str]) -> Set[str]:
        """Names of the units that compute on integers when those layers (names) do."""
        chosen = {unit.name for unit in self.units if unit.name in layers}
        chosen |= {unit.name for unit in self.units if unit.op in (*MOVES, "Add", "Concat")}
        while True:
            made = {unit.output for unit in self.units if unit.name in chosen}
            read = {value for unit in self.units if unit.name in chosen for value in unit.inputs}
            dropped = set()
            for unit in self.units:
                sources = [value in made for value in unit.inputs]
                if unit.op in MOVES and not all(sources):
                    dropped.add(unit.name)
                # Adding integers to floats, or making integers that nobody reads, would only round once more.
                if unit.op == "Add" and not (len(sources) == 2 and all(sources) and unit.output in read):
                    dropped.add(unit.name)
                if unit.op == "Concat" and not (any(sources) and unit.output in read):
                    dropped.add(unit.name)
            if not dropped & chosen:
                return chosen
            chosen -= dropped

    def shared(self, never_negative: Collection[str]) -> Dict[str, str]:
        """Tensor → the tensor whose grid it is on, where that is another one."""
        master: Dict[str, str] = {}
        clipped = {unit.output for unit in self.units if unit.relu}
        for unit in reversed(self.units):
            target = master.get(unit.output, unit.output)
            if unit.op in MOVES:
                # A grid that begins below zero cannot stand in for the ReLU.
                if unit.inputs[0] not in clipped or target in never_negative:
                    master[unit.inputs[0]] = target
            elif unit.op == "Concat":
                for value in unit.inputs:
                    alone = self.readers[value] == 1 and value not in self.outputs
                    if alone and (target in never_negative or not self._clipped_before(value, clipped)):
                        master[value] = target
        return master

    def _clipped_before(self, value: str, clipped: Collection[str]) -> bool:
        """Whether the tensor, or what was only moved to become it, came out of a ReLU."""
        unit = next((unit for unit in self.units if unit.output == value), None)
        while unit is not None and unit.op in MOVES:
            value = unit.inputs[0]
            unit = next((unit for unit in self.units if unit.output == value), None)
        return value in clipped

    def activations(self) -> List[str]:
        """Tensors that may be asked for a grid: inputs, and what the units make."""
        return [*self.inputs, *(unit.output for unit in self.units)]

    def showing(self, tensors: Sequence[str]) -> onnx.ModelProto:
        """The float network with those tensors as its outputs."""
        return with_outputs(self.model, tensors)


def with_outputs(model: onnx.ModelProto, tensors: Sequence[str]) -> onnx.ModelProto:
    """A copy whose outputs are those tensors, none of them a graph input."""
    shown = onnx.ModelProto()
    shown.CopyFrom(model)
    del shown.graph.output[:]
    shown.graph.output.extend(helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in tensors)
    return shown


@dataclass(frozen=True)
class IntegerLayer:
    """The numbers of one quantised convolution."""

    weight_scales: np.ndarray
    weight: np.ndarray


class QdqWriter:
    """Writes INT8 twins of one float network: `write` for a set of layers, all with the same grids."""

    def __init__(self, graph: FloatGraph, grids: Mapping[str, Grid]) -> None:
        self.graph = graph
        never_negative = {name for name, grid in grids.items() if grid.zero_point == 0}
        shared = graph.shared(never_negative)
        self.grids = {name: grids[shared.get(name, name)] for name in grids}
        self.weights: Dict[str, IntegerLayer] = {}
        for unit in graph.layers:
            weight = graph.constants[unit.nodes[0].input[1]]
            scales = weight_scales(weight)
            self.weights[unit.name] = IntegerLayer(scales, int8_weight(weight, scales))

    def write(self, layers: Collection[str], outputs: Optional[Sequence[str]] = None) -> onnx.ModelProto:
        """The network with those layers (names) in INT8; ``outputs`` instead of its own ones, if given."""
        graph = self.graph
        integer = graph.integer_units(layers)
        made = {unit.output for unit in graph.units if unit.name in integer}
        nodes: List[onnx.NodeProto] = []
        constants: Dict[str, np.ndarray] = {}
        twins: Set[str] = set()

        def through_grid(source: str, name: str, target: str) -> None:
            grid = self.grids[name]
            constants[f"{name}.scale"] = np.float32(grid.scale)
            constants[f"{name}.zero_point"] = np.uint8(grid.zero_point)
            parameters = [f"{name}.scale", f"{name}.zero_point"]
            code = f"{name}.code"
            nodes.append(helper.make_node("QuantizeLinear", [source, *parameters], [code], f"{name}.quantise"))
            nodes.append(helper.make_node("DequantizeLinear", [code, *parameters], [target], f"{name}.dequantise"))

        for unit in graph.units:
            if unit.name not in integer:
                nodes.extend(unit.nodes)
                continue
            renamed = {}
            for value in unit.inputs:
                if value not in made:
                    renamed[value] = f"{value}.rounded"
                    if value not in twins:
                        through_grid(value, value, renamed[value])
                        twins.add(value)
            node = onnx.NodeProto()
            node.CopyFrom(unit.nodes[0])
            if unit.op == "Conv":
                nodes.extend(self._weights(unit, constants))
            node.input[:] = [renamed.get(value, value) for value in node.input]
            node.output[:] = [f"{unit.output}.exact"]
            nodes.append(node)
            through_grid(node.output[0], unit.output, unit.output)
        return self._model(nodes, constants, outputs)

    def _weights(self, unit: Unit, constants: Dict[str, np.ndarray]) -> List[onnx.NodeProto]:
        """DequantizeLinear nodes that stand for the layer's weight and bias under their old names."""
        layer, names = self.weights[unit.name], unit.nodes[0].input[1:]
        tensors = [(layer.weight, layer.weight_scales, np.int8)]
        if len(names) > 1:
            scales = (layer.weight_scales * np.float32(self.grids[unit.inputs[0]].scale)).astype(np.float32)
            bias = np.rint(self.graph.constants[names[1]] / scales.astype(np.float64))
            tensors.append((np.clip(bias, -(2**31), 2**31 - 1).astype(np.int32), scales, np.int32))
        nodes = []
        for name, (code, scales, kind) in zip(names, tensors):
            own = {f"{name}.code": code, f"{name}.scale": scales, f"{name}.zero_point": np.zeros(len(scales), kind)}
            constants.update(own)
            nodes.append(helper.make_node("DequantizeLinear", list(own), [name], f"{name}.dequantise", axis=0))
        return nodes

    def _model(
        self, nodes: List[onnx.NodeProto], constants: Dict[str, np.ndarray], outputs: Optional[Sequence[str]]
    ) -> onnx.ModelProto:
        graph = self.graph.model.graph
        read = {value for node in nodes for value in node.input}
        made = {value for node in nodes for value in node.output}
        kept = {name: value for name, value in self.graph.constants.items() if name in read and name not in made}
        weights = [numpy_helper.from_array(np.asarray(v), k) for k, v in {**kept, **constants}.items()]
        inputs = [item for item in graph.input if item.name in self.graph.inputs]
        model = helper.make_model(
            helper.make_graph(nodes, graph.name, inputs, list(graph.output), weights),
            opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="sonic-appliance",
        )  # fmt: skip
        if outputs is not None:
            return with_outputs(model, outputs)
        onnx.checker.check_model(model, full_check=True)
        return model
