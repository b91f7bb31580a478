"""INT8: what the AscendQuant and AscendDequant nodes of a deploy graph must be, and when INT8 does not pay."""

from __future__ import annotations

from typing import Dict, Iterator, List, Set

import numpy as np

from ..cube import LAYERS
from ..finding import AMCT, ERROR, KERNELS, NOTE, PARSER, WARNING, Complaint, rule
from ..graph import Graph, Node
from .numbers import LARGEST, SMALLEST

SCALES = (1.19e-7, 8.39e6)
OFFSETS = (-128, 127)
QUANTISED = (*LAYERS, "AveragePool")
ANEW = "emit the graph anew: `python -m models_om.quantise --target ascend310`"


@rule("quant-type", PARSER)
def quant_type(graph: Graph) -> Iterator[Complaint]:
    for node in graph.of_kind("AscendQuant"):
        kind = node.attribute("dst_type", "INT8")
        if kind != "INT8":
            yield Complaint(node.label, ERROR, f"dst_type {kind} is ignored: it becomes INT8 all the same", "use INT8")


@rule("quant-options", PARSER)
def quant_options(graph: Graph) -> Iterator[Complaint]:
    for node in graph.of_kind("AscendQuant", "AscendDequant"):
        given = [name for name in ("sqrt_mode", "round_mode", "relu_flag") if name in node.attributes]
        if given:
            why = f"{', '.join(given)}: read by some releases, and by default what is wanted (ties to even)"
            yield Complaint(node.label, WARNING, why, "leave it out")


@rule("quant-range", AMCT)
def quant_range(graph: Graph) -> Iterator[Complaint]:
    for node in graph.of_kind("AscendQuant"):
        factor, offset = float(node.attribute("scale", 0.0)), float(node.attribute("offset", 0.0))
        if factor <= 0 or not SCALES[0] <= 1 / factor <= SCALES[1]:
            why = f"scale {factor:g}: it is one over a step, which must lie between {SCALES[0]:g} and {SCALES[1]:g}"
            yield Complaint(node.label, ERROR, why, ANEW)
        elif not SMALLEST <= factor <= LARGEST:
            why = f"scale {factor:g}: the kernel casts it to fp16, which ends at {LARGEST:.0f}"
            yield Complaint(node.label, ERROR, why, "multiply the weights of the layer before, and divide those after")
        if offset != round(offset) or not OFFSETS[0] <= offset <= OFFSETS[1]:
            why = f"offset {offset:g} is no whole number between {OFFSETS[0]} and {OFFSETS[1]}"
            yield Complaint(node.label, ERROR, why, ANEW)


@rule("quant-layer", AMCT)
def quant_layer(graph: Graph) -> Iterator[Complaint]:
    for quant in graph.of_kind("AscendQuant"):
        for node in graph.readers.get(quant.outputs[0], []):
            for why in _wrong_layer(graph, node):
                yield Complaint(node.label, ERROR, why, ANEW)


def _wrong_layer(graph: Graph, node: Node) -> Iterator[str]:
    if node.op not in QUANTISED:
        yield f"{node.op} cannot read INT8"
        return
    weight = graph.constants.get(node.input(1))
    if node.op != "AveragePool" and (weight is None or weight.dtype != np.int8):
        yield "the weights of a layer in INT8 must be INT8 constants"
    bias = graph.constants.get(node.input(2))
    if node.input(2) and (bias is None or bias.dtype != np.int32):
        yield "the bias of a layer in INT8 must be an INT32 constant"
    if node.op == "Gemm" and (node.attribute("transA", 0) or not node.attribute("transB", 0)):
        yield "a Gemm in INT8 must have transA=0 and transB=1"
    if node.op == "ConvTranspose" and any(step != 1 for step in node.attribute("dilations", ())):
        yield "a ConvTranspose in INT8 must not be dilated"
    reader = graph.reader(node.outputs[0], "AscendDequant", "Add")
    if reader is not None and reader.op == "Add":  # the bias of a MatMul
        reader = graph.reader(reader.outputs[0], "AscendDequant")
    if reader is None and node.op != "AveragePool":
        yield "AscendDequant, and nothing else, must read the sums of a layer in INT8"


@rule("dequant-parameter", AMCT)
def dequant_parameter(graph: Graph) -> Iterator[Complaint]:
    for node in graph.of_kind("AscendDequant"):
        value = graph.constants.get(node.input(1))
        if value is None or value.dtype != np.uint64:
            yield Complaint(node.label, ERROR, "the second input must be a constant of UINT64", ANEW)
            continue
        codes = value.reshape(-1)
        scales = (codes & np.uint64(0xFFFFFFFF)).astype(np.uint32).view(np.float32)
        if (codes >> np.uint64(32)).any():
            why = "bits above the scale are set: an older kernel takes them for a number of bits to shift by"
            yield Complaint(node.label, ERROR, why, ANEW)
        if not (np.isfinite(scales) & (scales > 0)).all():
            yield Complaint(node.label, ERROR, "its low 32 bits are no positive float32", ANEW)
        shape = graph.shapes.get(node.input(0), ())
        channels = {1, *(shape[axis] for axis in (1, -1) if len(shape) > 1)}
        if shape and len(codes) not in channels:
            yield Complaint(node.label, ERROR, f"{len(codes)} scales do not fit the channels of {shape}", ANEW)


@rule("runtime-weights", AMCT)
def runtime_weights(graph: Graph) -> Iterator[Complaint]:
    for node in graph.of_kind("Conv", "ConvTranspose", "Gemm"):
        if node.input(1) not in graph.constants:
            yield Complaint(node.label, WARNING, "weights that are computed cannot become INT8", "make them constants")


@rule("lone-int8", KERNELS)
def lone_int8(graph: Graph) -> Iterator[Complaint]:
    """Between INT8 layers the rounding is part of the layer; around a lone one it is two more operators."""
    integer = {node.label for node in graph.nodes if node.op in LAYERS and graph.is_int8(node)}
    for node in graph.nodes:
        if node.label in integer and not (_neighbours(graph, node) & integer):
            why = "in INT8 between layers in fp16: it may be slower than in fp16"
            yield Complaint(node.label, NOTE, why, "quantise the layer before or after too, or leave this one in fp16")


@rule("int8-edge", AMCT)
def int8_edge(graph: Graph) -> Iterator[Complaint]:
    """First and last layers decide the quality and cost little."""
    for node in graph.nodes:
        if node.op not in LAYERS or not graph.is_int8(node):
            continue
        ends = {"first": _layers_before(graph, node), "last": _layers_after(graph, node)}
        told = [name for name, others in ends.items() if not others]
        if told:
            why = f"the {' and '.join(told)} layer on its way is in INT8: much of the error for little gain"
            yield Complaint(node.label, NOTE, why, "leave it in fp16 if the error is too large")


def _neighbours(graph: Graph, node: Node) -> Set[str]:
    return _layers_before(graph, node) | _layers_after(graph, node)


def _layers_before(graph: Graph, node: Node) -> Set[str]:
    made = {value: [maker] for value, maker in graph.producer.items()}
    return _layers(list(node.inputs), made, forward=False)


def _layers_after(graph: Graph, node: Node) -> Set[str]:
    return _layers(list(node.outputs), graph.readers, forward=True)


def _layers(waiting: List[str], nodes: Dict[str, List[Node]], forward: bool) -> Set[str]:
    """The next layers from those tensors on, one way."""
    found: Set[str] = set()
    seen: Set[str] = set()
    while waiting:
        value = waiting.pop()
        if value in seen:
            continue
        seen.add(value)
        for node in nodes.get(value, []):
            if node.op in LAYERS:
                found.add(node.label)
            else:
                waiting.extend(node.outputs if forward else node.inputs)
    return found
