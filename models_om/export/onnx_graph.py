"""What MindSpore's ONNX export needs before all tool chains read it alike: names, folded norms, explicit attributes."""

from __future__ import annotations

from typing import Dict, List, Sequence

import numpy as np
import onnx
from onnx import helper, numpy_helper

OPSET = 11
"""The newest that ONNX Runtime, MindSpore Lite 2.0 and the Ascend 310 compiler share."""
IR_VERSION = 6


def tidy(model: onnx.ModelProto, name: str, inputs: Sequence[str], outputs: Sequence[str]) -> onnx.ModelProto:
    """A clean copy: given input and output names in the graph's order, no batch norms, Conv attributes spelled out."""
    graph = model.graph
    constants = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    nodes = _without_identities(list(graph.node), constants)
    nodes = _fold_batch_norms(nodes, constants, {item.name for item in graph.output})
    renamed = dict(zip([item.name for item in graph.input if item.name not in constants], inputs))
    renamed.update(zip([item.name for item in graph.output], outputs))
    for index, node in enumerate(nodes):
        node.name = f"{node.op_type.lower()}_{index}"
        if node.op_type == "Conv":
            _spell_out(node, constants[node.input[1]].shape)
        node.input[:] = [renamed.get(value, value) for value in node.input]
        node.output[:] = [renamed.get(value, value) for value in node.output]
    used = {value for node in nodes for value in node.input}
    values = [_described(item, renamed) for item in graph.input if item.name not in constants]
    results = [_described(item, renamed) for item in graph.output]
    weights = [numpy_helper.from_array(value, key) for key, value in constants.items() if key in used]
    clean = helper.make_graph(nodes, name, values, results, weights)
    tidied = helper.make_model(clean, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    tidied.producer_name = "sonic-appliance"
    onnx.checker.check_model(tidied, full_check=True)
    return tidied


def _without_identities(nodes: List[onnx.NodeProto], constants: Dict[str, np.ndarray]) -> List[onnx.NodeProto]:
    """Drop Identity, and turn Constant nodes into initialisers."""
    alias: Dict[str, str] = {}
    kept = []
    for node in nodes:
        node.input[:] = [alias.get(value, value) for value in node.input]
        if node.op_type == "Identity":
            alias[node.output[0]] = node.input[0]
        elif node.op_type == "Constant":
            constants[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
        else:
            kept.append(node)
    return kept


def _fold_batch_norms(
    nodes: List[onnx.NodeProto], constants: Dict[str, np.ndarray], results: set
) -> List[onnx.NodeProto]:
    """Batch norm after a convolution becomes part of its weights."""
    producer = {value: node for node in nodes for value in node.output}
    kept = []
    for node in nodes:
        if node.op_type != "BatchNormalization":
            kept.append(node)
            continue
        conv = producer[node.input[0]]
        if conv.op_type != "Conv":
            raise ValueError(f"batch norm after {conv.op_type}: nothing to fold it into")
        scale, bias, mean, variance = (constants[value].astype(np.float64) for value in node.input[1:5])
        epsilon = next((a.f for a in node.attribute if a.name == "epsilon"), 1e-5)
        factor = scale / np.sqrt(variance + epsilon)
        weight = constants[conv.input[1]]
        before = constants[conv.input[2]] if len(conv.input) > 2 else np.zeros(len(weight))
        constants[conv.input[1]] = (weight * factor[:, None, None, None]).astype(np.float32)
        bias_name = conv.input[1] + ".bias"
        constants[bias_name] = ((before - mean) * factor + bias).astype(np.float32)
        conv.input[:] = [conv.input[0], conv.input[1], bias_name]
        conv.output[0] = node.output[0]
    return kept


def _spell_out(node: onnx.NodeProto, weight_shape: Sequence[int]) -> None:
    """Lite and the Ascend parser refuse or misread a Conv that relies on default attributes."""
    given = {item.name: helper.get_attribute_value(item) for item in node.attribute}
    if given.pop("auto_pad", b"NOTSET") not in (b"NOTSET", b"VALID") and list(weight_shape[2:]) != [1, 1]:
        raise ValueError("padding must be spelled out in the Cell, not left to pad_mode")
    if "pads" in given:
        # MindSpore writes top, bottom, left, right where ONNX means top, left, bottom, right.
        top, bottom, left, right = given["pads"]
        given["pads"] = [top, left, bottom, right]
    explicit = {
        "kernel_shape": list(weight_shape[2:]),
        "strides": [1, 1],
        "dilations": [1, 1],
        "pads": [0] * 4,
        "group": 1,
    }
    explicit.update(given)
    del node.attribute[:]
    node.attribute.extend(helper.make_attribute(key, value) for key, value in explicit.items())


def _described(item: onnx.ValueInfoProto, renamed: Dict[str, str]) -> onnx.ValueInfoProto:
    shape = [dimension.dim_value for dimension in item.type.tensor_type.shape.dim]
    return helper.make_tensor_value_info(renamed[item.name], onnx.TensorProto.FLOAT, shape)
