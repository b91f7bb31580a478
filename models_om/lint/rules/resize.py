"""Resize: the parser understands few of its modes, and computes something else for the others without a word."""

from __future__ import annotations

from typing import Iterator, Optional

import numpy as np

from ..finding import ERROR, PARSER, WARNING, Complaint, rule
from ..graph import Graph, Node, Shape

HONOURED = {"linear": ("pytorch_half_pixel", "align_corners"), "nearest": ("asymmetric",)}
"""Mode → coordinate modes that mean in the .om what they mean in ONNX."""


@rule("resize-coordinates", PARSER)
def coordinates(graph: Graph) -> Iterator[Complaint]:
    for node in graph.of_kind("Resize"):
        mode = node.attribute("mode", "nearest")
        if graph.opset < 11:
            why = "Resize of opset 10 is compiled as asymmetric whatever was meant, and needs 3 inputs"
            yield Complaint(node.label, ERROR, why, "export with opset 11")
            continue
        given = node.attribute("coordinate_transformation_mode", "half_pixel")
        if given in HONOURED.get(mode, (given,)):
            continue
        why = f"{mode} Resize with {given} is computed as another one, without a word: the picture shifts"
        if given == "half_pixel" and mode == "linear":
            why = "half_pixel, ONNX's default, is compiled as asymmetric without a word: errors of up to 0.39 of 1"
            fix = "set coordinate_transformation_mode to pytorch_half_pixel, which is the same for more than one pixel"
        else:
            fix = f"use {' or '.join(HONOURED[mode])}, and train with it"
        yield Complaint(node.label, ERROR, why, fix)


@rule("resize-mode", PARSER)
def mode(graph: Graph) -> Iterator[Complaint]:
    for node in graph.of_kind("Resize"):
        kind = node.attribute("mode", "nearest")
        if kind not in HONOURED:
            yield Complaint(node.label, ERROR, f"Resize knows linear and nearest, not {kind}", "use linear")
        if node.attribute("exclude_outside", 0):
            yield Complaint(node.label, ERROR, "exclude_outside is ignored", "leave it out")
        rounding = node.attribute("nearest_mode", "round_prefer_floor")
        if kind == "nearest" and graph.opset >= 11 and rounding != "floor":
            why = f"nearest_mode {rounding} is ignored: pixels are taken from the left and above"
            yield Complaint(node.label, ERROR, why, "set nearest_mode to floor")
        if kind == "nearest" and not _whole(_factors(graph, node)):
            why = "nearest Resize by other than whole factors: tool chains round positions differently"
            yield Complaint(node.label, WARNING, why, "enlarge by whole factors, or use linear")


@rule("resize-axes", PARSER)
def axes(graph: Graph) -> Iterator[Complaint]:
    for node in graph.of_kind("Resize"):
        before, after = graph.shapes.get(node.input(0)), graph.shapes.get(node.outputs[0])
        if before is not None and len(before) != 4:
            yield Complaint(node.label, ERROR, f"Resize over {len(before)} axes: kernels are for 4", "reshape to 4")
        elif before and after and before[:2] != after[:2]:
            yield Complaint(node.label, ERROR, "Resize of more than the last two axes is refused", "transpose first")


@rule("resize-inputs", PARSER)
def inputs(graph: Graph) -> Iterator[Complaint]:
    for node in graph.of_kind("Resize"):
        if graph.opset >= 11 and len(node.inputs) not in (3, 4):
            why = f"Resize with {len(node.inputs)} inputs: the parser wants 3 or 4"
            yield Complaint(node.label, ERROR, why, "give region and scales, or region, empty scales and sizes")


def _factors(graph: Graph, node: Node) -> Optional[np.ndarray]:
    """How much longer each axis becomes; None where shapes are not known."""
    before, after = (graph.shapes.get(name) for name in (node.input(0), node.outputs[0]))
    if not (_known(before) and _known(after)):
        return None
    return np.array(after, float) / np.array(before, float)


def _known(shape: Optional[Shape]) -> bool:
    return bool(shape) and None not in shape


def _whole(factors: Optional[np.ndarray]) -> bool:
    return factors is None or bool((factors == np.rint(factors)).all() and (factors >= 1).all())
