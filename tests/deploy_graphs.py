"""The INT8 networks as ATC is given them, made where the package `onnx` is missing.

What `models_om.quantise` makes of the built networks and their calibration records is not stored, and it needs `onnx`.
That both make the same is tested where there is `onnx`: ``models_om/test_acl_golden.py``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List

import numpy as np
from onnx_files import Graph, Node, read, written

from models_om.export.ranges import int8_weight
from models_om.quantise.encoding import DEQUANT, FLOAT32, QUANT, dequant_name, packed, parameter_name, quant_name


def deploy_graph(source: Path) -> bytes:
    """The file NAME.deploy.onnx of NAME.fp32.onnx, which has its record beside it."""
    graph = read(source.read_bytes())
    record = json.loads(source.with_name(f"{source.name.split('.')[0]}.scales.json").read_text(encoding="utf-8"))
    layers = {layer["name"]: layer for layer in record["layers"] if layer["precision"] == "int8"}
    nodes: List[Node] = []
    constants, codes = dict(graph.constants), {}
    for node in graph.nodes:
        if node.name not in layers:
            nodes.append(node)
            continue
        scale, offset = (layers[node.name]["input"][key] for key in ("scale", "offset"))
        grid = (node.inputs[0], scale, offset)
        if grid not in codes:
            codes[grid] = quant_name(node.name)
            attributes = {"dst_type": b"INT8", "offset": float(offset), "scale": float(np.float32(1 / scale))}
            nodes.append(Node(QUANT, codes[grid], [node.inputs[0]], [codes[grid]], attributes))
        nodes += _layer(node, codes[grid], layers[node.name], constants)
    needed = {name for node in nodes for name in node.inputs}
    constants = {name: value for name, value in constants.items() if name in needed}
    return written(Graph(graph.producer, graph.name, nodes, constants, graph.inputs, graph.outputs))


def _layer(node: Node, codes: str, layer: Dict[str, Any], constants: Dict[str, np.ndarray]) -> List[Node]:
    """The layer on integers and its `AscendDequant`; their constants are added."""
    scales = np.asarray(layer["weight_scales"], np.float32)
    both = scales * np.float32(layer["input"]["scale"])
    names = [f"{node.name}.weight", f"{node.name}.bias"][: len(node.inputs) - 1]
    constants[names[0]] = int8_weight(constants[node.inputs[1]], scales)
    for name, bias in zip(names[1:], node.inputs[2:]):
        constants[name] = np.rint(constants[bias] / both.astype(np.float64)).astype(np.int32)
    constants[parameter_name(node.name)] = packed(both)
    total, parameters = f"{node.name}.sum", parameter_name(node.name)
    integer = Node(node.kind, node.name, [codes, *names], [total], node.attributes)
    return [integer, Node(DEQUANT, dequant_name(node.name), [total, parameters], node.outputs, {"dtype": FLOAT32})]
