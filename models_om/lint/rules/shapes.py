"""Shapes: everything static, batches of one, no more than four axes, no arithmetic on 64-bit integers."""

from __future__ import annotations

from typing import Iterator

import numpy as np
from onnx import TensorProto

from .. import catalogue
from ..finding import ACL, ERROR, FUSION, KERNELS, NOTE, PARSER, WARNING, Complaint, rule
from ..graph import Graph

ARITHMETIC = ("Add", "Sub", "Mul", "Div", "Pow", "ReduceMean", "ReduceSum", "ReduceMax", "MatMul")


@rule("dynamic-shape", FUSION)
def dynamic_shape(graph: Graph) -> Iterator[Complaint]:
    for name in graph.inputs:
        shape = graph.shapes.get(name)
        if shape is None or None in shape:
            told = "no shape" if shape is None else "×".join("?" if axis is None else str(axis) for axis in shape)
            why = f"input with {told}: many fusions skip unknown lengths, and the .om gets a hidden input"
            yield Complaint(name, ERROR, why, "export with fixed shapes")
    for node in graph.nodes:
        known = all(_known(graph, name) for name in node.inputs if name)
        listed = node.op in catalogue.AI_CORE or node.op in catalogue.AI_CPU
        if known and listed and not all(_known(graph, name) for name in node.outputs if name):
            why = f"how much {node.op} makes is not known before the network runs"
            yield Complaint(node.label, WARNING, why, "use operators whose shapes are fixed; write shapes as constants")


def _known(graph: Graph, name: str) -> bool:
    shape = graph.shapes.get(name)
    return shape is not None and (None not in shape)


@rule("batch", ACL)
def batch(graph: Graph) -> Iterator[Complaint]:
    for name in graph.inputs:
        shape = graph.shapes.get(name, ())
        if len(shape) == 4 and shape[0] not in (1, None):
            why = f"batches of {shape[0]}: they cost memory and take their turns on this chip"
            yield Complaint(name, NOTE, why, "export for a batch of one")


@rule("axes", KERNELS)
def axes(graph: Graph) -> Iterator[Complaint]:
    for node in graph.nodes:
        rank = max((len(graph.shapes.get(name, ())) for name in (*node.inputs, *node.outputs) if name), default=0)
        if rank > 4 and node.op == "InstanceNormalization":
            yield Complaint(node.label, ERROR, f"{node.op} over {rank} axes has no kernel", "reshape to 4 axes")
        elif rank > 4 and node.op != "Resize":
            yield Complaint(node.label, WARNING, f"{node.op} over {rank} axes: sure up to 4", "reshape to 4 axes")


@rule("int64", KERNELS)
def int64(graph: Graph) -> Iterator[Complaint]:
    for node in graph.of_kind(*ARITHMETIC):
        constant = graph.constants.get(node.input(0), np.zeros(0, np.float32))
        if graph.types.get(node.input(0)) == TensorProto.INT64 or constant.dtype == np.int64:
            yield Complaint(node.label, WARNING, f"{node.op} on 64-bit integers leaves the AI Core", "use int32")


@rule("softmax-axis", PARSER)
def softmax_axis(graph: Graph) -> Iterator[Complaint]:
    """Up to opset 12, ONNX flattens all axes from the given one on; the compiler takes the given one alone."""
    for node in graph.of_kind("Softmax") if graph.opset <= 12 else ():
        shape = graph.shapes.get(node.input(0))
        if not shape:
            continue
        axis = node.attribute("axis", 1) % len(shape)
        if any(length != 1 for length in shape[axis + 1 :]):
            why = f"Softmax over axis {axis} of {len(shape)}: ONNX takes all from there on, the compiler one alone"
            yield Complaint(node.label, ERROR, why, "transpose so that it runs over the last axis, and give axis=-1")
