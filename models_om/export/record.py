"""The record of a quantised network, ``NAME.scales.json``: what any tool chain needs to make the same INT8 network.

``layers`` follows the convolutions of the float32 ONNX file by their node names. A layer in INT8 has the scale and zero
point of its input and output, and the scales of its weight by output channel. Numbers are float32 written exactly.

    activation = scale * (code - zero_point)            code 0..255, as in the ONNX file
               = scale * (code - offset)                code -128..127, offset = zero_point - 128: AscendQuant
    weight     = scale[channel] * code                  code -127..127
    bias       = input scale * scale[channel] * code    code int32
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Optional, Tuple

from .qdq import FloatGraph, QdqWriter
from .ranges import Grid

FORMAT = 1


@dataclass(frozen=True)
class LayerFigures:
    """What INT8 does to one layer. Signal to quantisation noise in dB: of the layer's output when it alone is INT8
    (``alone``) and in the finished network (``in_place``); of the network's outputs when it alone is INT8
    (``at_output``). ``share`` of the network's multiplications."""

    name: str
    shape: str
    share: float
    precision: str
    alone: float
    in_place: float
    at_output: float


@dataclass(frozen=True)
class Report:
    """What `quantise` did: layers in the order in which they run; error with all layers in INT8, and as written."""

    network: str
    layers: Tuple[LayerFigures, ...]
    grids: Dict[str, Grid]
    error_all_int8: float
    error: float
    goal: Optional[float]


def record_path(target: Path) -> Path:
    """Where the record of ``NAME.int8.onnx`` lies."""
    return target.with_name(target.name.split(".")[0] + ".scales.json")


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_record(source: Path, target: Path, graph: FloatGraph, writer: QdqWriter, report: Report) -> None:
    figures = {layer.name: layer for layer in report.layers}
    layers = []
    for unit in graph.layers:
        layer = figures[unit.name]
        described: Dict[str, Any] = {
            "name": unit.name, "precision": layer.precision, "kernel": unit.shape, "multiplications": unit.macs,
            "sqnr_db": {key: round(getattr(layer, key), 2) for key in ("alone", "in_place", "at_output")},
        }  # fmt: skip
        if layer.precision == "int8":
            described["input"] = {"tensor": unit.inputs[0], **_described(report.grids[unit.inputs[0]])}
            described["output"] = {"tensor": unit.output, **_described(report.grids[unit.output])}
            described["relu"] = unit.relu
            described["weight_scales"] = [float(scale) for scale in writer.weights[unit.name].weight_scales]
        layers.append(described)
    integer = graph.integer_units([layer.name for layer in report.layers if layer.precision == "int8"])
    units = [unit for unit in graph.units if unit.name in integer]
    tensors = dict.fromkeys(value for unit in units for value in (*unit.inputs, unit.output))
    write(
        record_path(target),
        {
            "format": FORMAT, "network": report.network,
            "source": {"file": source.name, "sha256": sha256(source)},
            "built": {"file": target.name, "sha256": sha256(target)},
            "layers": layers, "tensors": {name: _described(report.grids[name]) for name in tensors},
            "error": {"all_int8": report.error_all_int8, "built": report.error, "goal": report.goal},
        },
    )  # fmt: skip


def read(path: Path) -> Dict[str, Any]:
    return json.loads(path.read_text())


def write(path: Path, record: Dict[str, Any]) -> None:
    text = json.dumps(record, indent=1)
    # Lists and objects of mere numbers on one line each.
    text = re.sub(r"[\[{][^\[\]{}]*[\]}]", lambda found: re.sub(r"\n\s*", " ", found[0]), text)
    path.write_text(text + "\n")


def _described(grid: Grid) -> Dict[str, Any]:
    return {"scale": grid.scale, "zero_point": grid.zero_point, "offset": grid.zero_point - 128}
