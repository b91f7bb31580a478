"""Numbers: what fp16, in which the AI Core computes, cannot hold.

Real values come from the calibration record. Its ranges are the ends of 8-bit grids, which may have been drawn in to a
quarter of the extremes that were seen, and no further.
"""

from __future__ import annotations

import math
from typing import Iterator, List, Set

import numpy as np

from ...export import record as records
from ...export.ranges import SHARES
from ..finding import AMCT, ATC, ERROR, HALF, NOTE, WARNING, Complaint, rule
from ..graph import Graph, Node, floats

LARGEST = float(np.finfo(np.float16).max)
NORMAL = float(np.finfo(np.float16).tiny)
"""Below it fp16 has fewer than 11 bits."""
SMALLEST = 2.0**-24
"""Below it, 6e-8, nothing is left in fp16."""
LARGEST_EXPONENT = math.log(LARGEST)
DRAWN_IN = 1 / float(SHARES[0])
SAFE_EPSILON = 1e-5
LONG_SUM = 2048
"""Values of like size after which an fp16 sum with its 11 bits stands still."""
STEEP = ("Sigmoid", "Tanh", "Exp")
MOVES = ("Concat", "DepthToSpace", "Identity", "Reshape", "Slice", "Squeeze", "Transpose", "Unsqueeze")

SCALE_DOWN = "scale the layers around it: divide its weights, multiply those of the next layer"


@rule("fp16-weights", HALF)
def weights(graph: Graph) -> Iterator[Complaint]:
    for name, value in graph.constants.items():
        if not floats(value) or not value.size or name not in graph.readers:
            continue
        where, largest = graph.readers[name][0].label, float(np.abs(value).max())
        if not math.isfinite(largest):
            yield Complaint(where, ERROR, f"{name} holds values that are no numbers", "train or export again")
        elif largest > LARGEST:
            why = f"{name} holds {largest:.3g}; fp16 ends at {LARGEST:.0f}"
            yield Complaint(where, ERROR, why, SCALE_DOWN)
        elif value.size > 1 and 0 < largest < NORMAL:
            why = f"{name} holds nothing above {largest:.1e}: fp16 has few bits left there, or none"
            yield Complaint(where, WARNING, why, "multiply these weights, and divide those of the next layer")


@rule("fp16-activations", HALF)
def activations(graph: Graph) -> Iterator[Complaint]:
    for name, seen in graph.ranges.items():
        if name not in graph.producer and name not in graph.inputs:
            continue
        where = graph.producer[name].label if name in graph.producer else name
        if seen.largest > LARGEST:
            why = f"{name} reaches {seen.largest:.3g} on real inputs; fp16 ends at {LARGEST:.0f}"
            yield Complaint(where, ERROR, why, SCALE_DOWN)
        elif seen.largest * DRAWN_IN > LARGEST:
            why = f"{name} reaches {seen.largest:.3g} in 8 bits, and may go {DRAWN_IN:.0f} times as far: beyond fp16"
            yield Complaint(where, WARNING, why, SCALE_DOWN)
        elif 0 < seen.largest < NORMAL:
            why = f"{name} stays below {seen.largest:.1e} on real inputs: fp16 has few bits left there"
            yield Complaint(where, WARNING, why, "multiply the weights of the layer, and divide those of the next")


@rule("exp", HALF)
def exp(graph: Graph) -> Iterator[Complaint]:
    for node in graph.of_kind("Exp"):
        seen = graph.ranges.get(node.input(0))
        if seen is not None and seen.high > LARGEST_EXPONENT:
            why = f"Exp of up to {seen.high:.3g} on real inputs: fp16 overflows above {LARGEST_EXPONENT:.1f}"
            yield Complaint(node.label, ERROR, why, "subtract the largest value first, or Clip")
        elif (seen is None or seen.high * DRAWN_IN > LARGEST_EXPONENT) and not graph.maker(node.input(0), "Clip"):
            why = f"Exp exists in fp16 only and overflows above {LARGEST_EXPONENT:.1f}"
            yield Complaint(node.label, WARNING, why, "Clip before it, or use Softmax or Sigmoid")


@rule("epsilon", HALF)
def epsilon(graph: Graph) -> Iterator[Complaint]:
    for node in graph.of_kind("BatchNormalization", "InstanceNormalization"):
        yield from _epsilon(node, float(node.attribute("epsilon", SAFE_EPSILON)))
    for node in graph.of_kind("Add", "Max", "Clip"):
        value = min((abs(number) for number in map(graph.scalar, node.inputs[:2]) if number), default=0.0)
        if 0 < value < SAFE_EPSILON and _guards(graph, node):
            yield from _epsilon(node, value)


def _epsilon(node: Node, value: float) -> Iterator[Complaint]:
    # Attributes are float32, where 1e-5 is a little less.
    if value < SMALLEST:
        yield Complaint(node.label, ERROR, f"epsilon {value:.1e} is zero in fp16", "use 1e-5 or more")
    elif value < SAFE_EPSILON * (1 - 1e-6):
        yield Complaint(node.label, WARNING, f"epsilon {value:.1e} has few bits in fp16", "use 1e-5 or more")


def _guards(graph: Graph, node: Node) -> bool:
    """Whether something is divided by what the node makes, or its root or logarithm taken."""
    for reader in graph.readers.get(node.outputs[0], []):
        if reader.op in ("Sqrt", "Log", "Pow", "Reciprocal"):
            return True
        if reader.op == "Div" and reader.input(1) == node.outputs[0]:
            return True
    return False


@rule("long-mean", HALF)
def long_mean(graph: Graph) -> Iterator[Complaint]:
    for node in graph.of_kind("ReduceMean", "GlobalAveragePool", "InstanceNormalization"):
        before = graph.shapes.get(node.input(0), ())
        if not before or None in before:
            continue
        after = graph.shapes.get(node.outputs[0], ())
        spatial = node.op == "InstanceNormalization" or None in after or not after
        count = math.prod(before[2:]) if spatial else math.prod(before) // max(math.prod(after), 1)
        if count > LONG_SUM:
            why = f"{node.op} over {count} values loses bits in fp16"
            fix = "take the mean of smaller parts first, or compile with --op_select_implmode=high_precision"
            yield Complaint(node.label, WARNING, why, fix)


@rule("steep-output", ATC)
def steep_output(graph: Graph) -> Iterator[Complaint]:
    for node in _last(graph):
        why = f"{node.op} at an output: the fast kernel approximates it"
        fix = f"compile with --op_select_implmode=high_precision --optypelist_for_implmode={node.op} where it shows"
        yield Complaint(node.label, NOTE, why, fix)


def _last(graph: Graph) -> Iterator[Node]:
    """Steep functions after which values are only moved."""
    waiting: List[str] = list(graph.outputs)
    seen: Set[str] = set()
    while waiting:
        node = graph.producer.get(waiting.pop())
        if node is None or node.outputs[0] in seen:
            continue
        seen.add(node.outputs[0])
        if node.op in STEEP:
            yield node
        elif node.op in MOVES:
            waiting.extend(node.inputs)


@rule("record", AMCT)
def record(graph: Graph) -> Iterator[Complaint]:
    """A record of other weights says nothing of these."""
    if graph.record is None:
        return
    source = graph.record["source"]
    if source["file"] == graph.path.name and source["sha256"] != records.sha256(graph.path):
        why = f"{graph.record_path.name} was made with another {graph.path.name}"
        yield Complaint(graph.record_path.name, WARNING, why, "quantise the network anew")
