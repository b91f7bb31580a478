"""The deploy graph of a network, from its float32 file and its calibration record.

Each layer that is INT8 in the record gets an `AscendQuant` before it, which layers with the same input on the same grid
share, and an `AscendDequant` after it that takes over the name of its output. All else stays as it is, ReLU included:
the compiler makes one operator of convolution, dequantisation and ReLU.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Tuple

import numpy as np
import onnx
from onnx import helper, numpy_helper

from appliance.errors import ModelCorrupt, ModelMismatch, ModelMissing

from ..export import record as records
from ..export.ranges import int8_weight
from .encoding import DEQUANT, FLOAT32, QUANT, dequant_name, packed, parameter_name, quant_name

AGAIN = "Quantise the network anew: `python -m models_om.export`."


def read(source: Path) -> Tuple[onnx.ModelProto, Dict[str, Any]]:
    """A float32 network and the calibration record beside it.

    Raises `ModelMissing`, `ModelCorrupt`, and `ModelMismatch` where the record was made for another file.
    """
    path = records.record_path(source)
    for needed in (source, path):
        if not needed.is_file():
            raise ModelMissing(message=f"There is no file {needed}.", action=AGAIN)
    try:
        model = onnx.load(source)
        onnx.checker.check_model(model, full_check=True)
    except Exception as error:  # protobuf and the checker raise classes of their own
        raise ModelCorrupt(message=f"{source.name} is no sound ONNX network.", action="Export it again.") from error
    try:
        record = records.read(path)
        described = record["source"]["sha256"], int8_layers(record)
    except (ValueError, KeyError, TypeError) as error:
        raise ModelCorrupt(message=f"{path.name} is no calibration record.", action=AGAIN) from error
    if described[0] != records.sha256(source):
        raise ModelMismatch(message=f"{path.name} was made for another {source.name}.", action=AGAIN)
    return model, record


def int8_layers(record: Dict[str, Any]) -> Dict[str, Dict[str, Any]]:
    """The layers of a record that are INT8, by node name. Raises `KeyError` where one is not described."""
    layers = {layer["name"]: layer for layer in record["layers"] if layer["precision"] == "int8"}
    for layer in layers.values():
        layer["input"]["scale"], layer["input"]["offset"], layer["weight_scales"]
    return layers


def shapes_of(model: onnx.ModelProto) -> Dict[str, Tuple[int, ...]]:
    """Shapes of the tensors and constants of a network in floating point."""
    graph = onnx.shape_inference.infer_shapes(model).graph
    shapes = {
        item.name: tuple(axis.dim_value for axis in item.type.tensor_type.shape.dim)
        for item in (*graph.input, *graph.value_info, *graph.output)
    }
    return {**shapes, **{item.name: tuple(item.dims) for item in graph.initializer}}


def deploy_graph(model: onnx.ModelProto, record: Dict[str, Any]) -> onnx.ModelProto:
    """The deploy graph of a float32 network. Raises `ModelMismatch` where the record is of other layers."""
    graph = model.graph
    constants = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    layers = int8_layers(record)
    known = {node.name: node for node in graph.node if node.op_type == "Conv"}
    for name, layer in layers.items():
        scales = layer["weight_scales"]
        if name not in known or len(scales) != len(constants[known[name].input[1]]):
            raise ModelMismatch(message=f"{name} of the record is not in {graph.name}.", action=AGAIN)
    nodes: List[onnx.NodeProto] = []
    shared: Dict[Tuple[str, float, int], str] = {}
    for node in graph.node:
        if node.name not in layers:
            nodes.append(node)
            continue
        grid = layers[node.name]["input"]
        key = (node.input[0], grid["scale"], grid["offset"])
        if key not in shared:
            shared[key] = quant_name(node.name)
            nodes.append(_quant(shared[key], *key))
        nodes += _layer(node, shared[key], layers[node.name], constants)
    read = {value for node in nodes for value in node.input}
    weights = [numpy_helper.from_array(value, name) for name, value in constants.items() if name in read]
    deployed = helper.make_graph(nodes, graph.name, list(graph.input), list(graph.output), weights)
    made = helper.make_model(deployed, opset_imports=list(model.opset_import), ir_version=model.ir_version)
    made.producer_name = model.producer_name
    return made


def _quant(name: str, value: str, scale: float, offset: int) -> onnx.NodeProto:
    factor = float(np.float32(1 / np.float64(scale)))
    return helper.make_node(QUANT, [value], [name], name, scale=factor, offset=float(offset), dst_type="INT8")


def _layer(
    node: onnx.NodeProto, codes: str, layer: Dict[str, Any], constants: Dict[str, np.ndarray]
) -> List[onnx.NodeProto]:
    """The layer on integers and its `AscendDequant`; their constants are added."""
    weight_scales = np.asarray(layer["weight_scales"], np.float32)
    scales = weight_scales * np.float32(layer["input"]["scale"])
    integer = onnx.NodeProto()
    integer.CopyFrom(node)
    names = [f"{node.name}.weight", f"{node.name}.bias"][: len(node.input) - 1]
    constants[names[0]] = int8_weight(constants[node.input[1]], weight_scales)
    if len(names) > 1:
        bias = np.rint(constants[node.input[2]] / scales.astype(np.float64))
        constants[names[1]] = np.clip(bias, -(2**31), 2**31 - 1).astype(np.int32)
    constants[parameter_name(node.name)] = packed(scales)
    integer.input[:] = [codes, *names]
    integer.output[:] = [f"{node.name}.sum"]
    after = helper.make_node(
        DEQUANT, [integer.output[0], parameter_name(node.name)], list(node.output), dequant_name(node.name),
        dtype=FLOAT32,
    )  # fmt: skip
    return [integer, after]
