"""What MindSpore's ONNX export needs before all tool chains read it alike.

Names, folded norms, attributes spelled out; pixel shuffles and nearest upsampling in the one form each that ONNX
Runtime, MindSpore Lite 2.0 and the Ascend 310 compiler all compute rightly.
"""

from __future__ import annotations

from collections import Counter
from typing import Dict, List, Sequence, Set

import numpy as np
import onnx
from onnx import helper, numpy_helper

OPSET = 11
"""The newest that ONNX Runtime, MindSpore Lite 2.0 and the Ascend 310 compiler share."""
IR_VERSION = 6


def tidy(model: onnx.ModelProto, name: str, inputs: Sequence[str], outputs: Sequence[str]) -> onnx.ModelProto:
    """A clean copy: given input and output names in the graph's order, no batch norms, Conv attributes spelled out.

    Raises `ValueError` for what the tool chains would read in different ways.
    """
    graph = model.graph
    constants = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    shapes = _shapes(model)
    nodes = _without_identities(list(graph.node), constants)
    nodes = _fold_batch_norms(nodes, constants)
    nodes = _join_pixel_shuffles(nodes, constants, {item.name for item in graph.output})
    nodes = _no_input_into_concat(nodes, constants, {name: shapes[name][1] for name in _inputs(graph, constants)})
    renamed = dict(zip(_inputs(graph, constants), inputs))
    renamed.update(zip([item.name for item in graph.output], outputs))
    for index, node in enumerate(nodes):
        node.name = f"{node.op_type.lower()}_{index}"
        if node.op_type == "Conv":
            _spell_out(node, constants[node.input[1]].shape)
        if node.op_type == "DepthToSpace" and not any(item.name == "mode" for item in node.attribute):
            node.attribute.append(helper.make_attribute("mode", "DCR"))
        if node.op_type == "Resize":
            _resize_by_factor(node, constants, shapes)
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


def _inputs(graph: onnx.GraphProto, constants: Dict[str, np.ndarray]) -> List[str]:
    return [item.name for item in graph.input if item.name not in constants]


def _shapes(model: onnx.ModelProto) -> Dict[str, List[int]]:
    graph = onnx.shape_inference.infer_shapes(model).graph
    return {
        item.name: [dimension.dim_value for dimension in item.type.tensor_type.shape.dim]
        for item in (*graph.input, *graph.value_info, *graph.output)
    }


def _fold_batch_norms(nodes: List[onnx.NodeProto], constants: Dict[str, np.ndarray]) -> List[onnx.NodeProto]:
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


def _join_pixel_shuffles(
    nodes: List[onnx.NodeProto], constants: Dict[str, np.ndarray], results: Set[str]
) -> List[onnx.NodeProto]:
    """Reshape → Transpose over six axes → Reshape is one DepthToSpace, which stays in INT8 and on the NPU."""
    readers = Counter(value for node in nodes for value in node.input)
    producer = {value: node for node in nodes for value in node.output}
    dropped = set()
    for last in nodes:
        middle = producer.get(last.input[0]) if last.op_type == "Reshape" else None
        first = producer.get(middle.input[0]) if middle is not None and middle.op_type == "Transpose" else None
        if first is None or first.op_type != "Reshape":
            continue
        between = [first.output[0], middle.output[0]]
        split, joined = (constants[node.input[1]].tolist() for node in (first, last))
        order = list(helper.get_attribute_value(middle.attribute[0]))
        if len(split) != 6 or any(readers[value] != 1 or value in results for value in between):
            continue
        size = split[2]
        # Channels, then the two halves of the block, then rows and columns: CRD; the block first: DCR.
        if order == [0, 1, 4, 2, 5, 3] and split[2] == split[3]:
            mode, expected = "CRD", [split[0], split[1], split[4] * size, split[5] * size]
        elif order == [0, 3, 4, 1, 5, 2] and split[1] == split[2]:
            mode, expected = "DCR", [split[0], split[3], split[4] * size, split[5] * size]
        else:
            continue
        if joined != expected:
            continue
        last.CopyFrom(helper.make_node("DepthToSpace", first.input[:1], last.output, blocksize=size, mode=mode))
        dropped.update(between)
    return [node for node in nodes if node.output[0] not in dropped]


def _no_input_into_concat(
    nodes: List[onnx.NodeProto], constants: Dict[str, np.ndarray], channels: Dict[str, int]
) -> List[onnx.NodeProto]:
    """A 1×1 convolution that changes nothing between an input of the network and a Concat that reads it: without it
    MindSpore Lite 2.0 mistakes the input's layout and computes something else."""
    passed: Dict[str, onnx.NodeProto] = {}
    for node in nodes:
        for value in node.input if node.op_type == "Concat" else ():
            if value in channels:
                weight, count = f"{value}.unchanged", channels[value]
                constants[weight] = np.eye(count, dtype=np.float32)[:, :, None, None]
                passed[value] = helper.make_node("Conv", [value, weight], [f"{value}.passed"])
        if node.op_type == "Concat":
            node.input[:] = [passed[value].output[0] if value in passed else value for value in node.input]
    return [*passed.values(), *nodes]


def _resize_by_factor(node: onnx.NodeProto, constants: Dict[str, np.ndarray], shapes: Dict[str, List[int]]) -> None:
    """Nearest upsampling by a whole factor, written with scales.

    MindSpore writes sizes; MindSpore Lite 2.0 converts that without complaint and computes something else. Of the
    coordinate modes, the Ascend parser honours `asymmetric` for nearest.
    """
    given = {item.name: helper.get_attribute_value(item) for item in node.attribute}
    repeats = given.get("mode", b"nearest"), given.get("coordinate_transformation_mode"), given.get("nearest_mode")
    before, after = shapes[node.input[0]], shapes[node.output[0]]
    factors = [b // a for a, b in zip(before, after)]
    if repeats != (b"nearest", b"asymmetric", b"floor") or [a * f for a, f in zip(before, factors)] != after:
        raise ValueError("only nearest upsampling by whole factors, without aligned corners, is the same everywhere")
    names = [f"{node.output[0]}.region", f"{node.output[0]}.factors"]
    constants[names[0]], constants[names[1]] = np.zeros(0, np.float32), np.array(factors, np.float32)
    node.CopyFrom(
        helper.make_node(
            "Resize", [node.input[0], *names], list(node.output), node.name, mode="nearest", nearest_mode="floor",
            coordinate_transformation_mode="asymmetric",
        )
    )  # fmt: skip


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
