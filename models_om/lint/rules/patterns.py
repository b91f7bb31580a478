"""Norms and GELU: there are kernels for them, reached only by graphs that are written in exactly one order."""

from __future__ import annotations

import math
from typing import Iterator, Optional, Tuple

from ..finding import FUSION, WARNING, Complaint, rule
from ..graph import Graph, Node

LAYER_NORM = "ReduceMean, Sub, Pow 2, ReduceMean, Add, Sqrt, Div, Mul, Add over the last axes"
GELU = "x / √2 (a Div), Erf, Add 1, Mul by x, Mul by 0.5"
TANH_GELU = 0.044715


@rule("layer-norm", FUSION)
def layer_norm(graph: Graph) -> Iterator[Complaint]:
    for variance in graph.of_kind("ReduceMean"):
        found = _deviation(graph, variance)
        if found is None:
            continue
        deviation, mean = found
        wrong = _unlike_layer_norm(graph, variance, deviation, mean)
        if wrong:
            why = f"a norm that does not become one kernel: {wrong}"
            yield Complaint(variance.label, WARNING, why, f"write it as {LAYER_NORM}")


def _deviation(graph: Graph, variance: Node) -> Optional[Tuple[Node, Node]]:
    """The Sub and the mean that a ReduceMean over squares of x - mean(x) works on."""
    square = graph.maker(variance.input(0), "Pow", "Mul")
    if square is None or (square.op == "Pow" and graph.scalar(square.input(1)) != 2):
        return None
    if square.op == "Mul" and square.input(0) != square.input(1):
        return None
    deviation = graph.maker(square.input(0), "Sub")
    if deviation is None:
        return None
    for minuend, subtrahend in (deviation.inputs, deviation.inputs[::-1]):
        mean = graph.maker(subtrahend, "ReduceMean")
        if mean is not None and mean.input(0) == minuend:
            return deviation, mean
    return None


def _unlike_layer_norm(graph: Graph, variance: Node, deviation: Node, mean: Node) -> str:
    """What keeps it from being recognised; "" if nothing does."""
    if graph.maker(deviation.input(1), "ReduceMean") is not mean:
        return "the mean must be subtracted from x, not x from the mean"
    shape = graph.shapes.get(mean.input(0))
    if not shape or None in shape:
        return "its shape is not known"
    if _axes(graph, mean) != _axes(graph, variance):
        return "mean and variance are over different axes"
    epsilon = graph.reader(variance.outputs[0], "Add")
    root = graph.reader(epsilon.outputs[0], "Sqrt") if epsilon else None
    quotient = graph.reader(root.outputs[0], "Div") if root else None
    if root is None or quotient is None:
        return "the variance must go through Add (epsilon), Sqrt and Div"
    if quotient.inputs != (deviation.outputs[0], root.outputs[0]):
        return "x - mean must be divided by the root"
    if graph.reader(quotient.outputs[0], "Reshape"):
        return ""  # a group norm on a reshape, which is meant to stay apart
    axes = _axes(graph, mean)
    if axes != tuple(range(len(shape) - len(axes), len(shape))):
        return f"it runs over axes {', '.join(map(str, axes))}, which are not the last ones"
    factor = graph.reader(quotient.outputs[0], "Mul")
    if factor is None or graph.reader(factor.outputs[0], "Add") is None:
        return "Mul and Add must follow"
    return ""


def _axes(graph: Graph, node: Node) -> Tuple[int, ...]:
    rank = len(graph.shapes.get(node.input(0), ()))
    constant = graph.constants.get(node.input(1))
    axes = node.attribute("axes", range(rank)) if constant is None else constant.tolist()
    return tuple(sorted(int(axis) % max(rank, 1) for axis in axes))


@rule("variance", FUSION)
def variance(graph: Graph) -> Iterator[Complaint]:
    """Mean of squares minus square of the mean: the difference of two large fp16 numbers."""
    for node in graph.of_kind("Sub"):
        mean, square = graph.maker(node.input(0), "ReduceMean"), graph.maker(node.input(1), "Mul", "Pow")
        if mean is None or square is None:
            continue
        if graph.maker(mean.input(0), "Mul", "Pow") and graph.maker(square.input(0), "ReduceMean"):
            why = "variance as E[x²] - E[x]²: in fp16 little is left of it, and it does not become one kernel"
            yield Complaint(node.label, WARNING, why, f"write the norm as {LAYER_NORM}")


@rule("gelu", FUSION)
def gelu(graph: Graph) -> Iterator[Complaint]:
    for node in graph.of_kind("Erf"):
        wrong = _unlike_gelu(graph, node)
        if wrong:
            yield Complaint(node.label, WARNING, f"a GELU that is not fused: {wrong}", f"write it as {GELU}")
    for node in graph.of_kind("Mul"):
        if any(_near(graph, name, TANH_GELU) for name in node.inputs):
            why = "a GELU by Tanh does not become one kernel, and its x³ overflows in fp16 above 40"
            yield Complaint(node.label, WARNING, why, f"write it as {GELU}")


def _unlike_gelu(graph: Graph, erf: Node) -> str:
    scaled = graph.maker(erf.input(0), "Div")
    if scaled is None:
        return "x must be divided by √2, not multiplied by 0.7071"
    if not _near(graph, scaled.input(1), math.sqrt(2)):
        return "x must be divided by √2"
    one_more = graph.reader(erf.outputs[0], "Add")
    if one_more is None or not any(_near(graph, name, 1) for name in one_more.inputs):
        return "1 must be added to Erf"
    times_x = graph.reader(one_more.outputs[0], "Mul")
    if times_x is None or scaled.input(0) not in times_x.inputs:
        return "the sum must be multiplied by x next"
    half = graph.reader(times_x.outputs[0], "Mul")
    if half is None or not any(_near(graph, name, 0.5) for name in half.inputs):
        return "the product must be multiplied by 0.5 last"
    return ""


def _near(graph: Graph, name: str, value: float) -> bool:
    number = graph.scalar(name)
    return number is not None and abs(number - value) < 1e-3 * value


@rule("group-norm", FUSION)
def group_norm(graph: Graph) -> Iterator[Complaint]:
    for node in graph.of_kind("InstanceNormalization"):
        back = graph.reader(node.outputs[0], "Reshape")
        factor = graph.reader(back.outputs[0], "Mul") if back else None
        if graph.maker(node.input(0), "Reshape") and factor and graph.reader(factor.outputs[0], "Add"):
            why = "may be fused to GroupNorm with what is around it, and this chip has no such kernel"
            fix = "write it with ReduceMean, Sub and Mul on a 4-D reshape, or use batch norm and fold it"
            yield Complaint(node.label, WARNING, why, fix)
