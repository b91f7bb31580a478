"""The record file of AMCT, Huawei's quantiser: protobuf text that gives it the grids, so that it need not calibrate.

With it and the float32 file AMCT makes the deploy graph itself.
"""

from __future__ import annotations

from typing import Any, Dict, Tuple

import numpy as np
import onnx

from .deploy import int8_layers, shapes_of


def record_text(model: onnx.ModelProto, record: Dict[str, Any]) -> str:
    """One entry for each INT8 layer of the float32 network, in the order in which they run; shapes are those of the
    layer's input."""
    shapes = shapes_of(model)
    layers = int8_layers(record)
    nodes = [node for node in model.graph.node if node.name in layers]
    return "".join(_entry(node.name, layers[node.name], shapes[node.input[0]]) for node in nodes)


def _entry(name: str, layer: Dict[str, Any], shape: Tuple[int, ...]) -> str:
    scales = layer["weight_scales"]
    lines = [
        f"scale_d: {_number(layer['input']['scale'])}",
        f"offset_d: {layer['input']['offset']}",
        *(f"scale_w: {_number(scale)}" for scale in scales),
        *("offset_w: 0" for _ in scales),
        *(f"{key}: {length}" for key, length in zip(("channels", "height", "width"), shape[1:])),
    ]
    inner = "".join(f"    {line}\n" for line in lines)
    return f'record {{\n  key: "{name}"\n  value {{\n{inner}  }}\n}}\n'


def _number(value: float) -> str:
    """The shortest text that is that float32 again."""
    return str(np.float32(value))
