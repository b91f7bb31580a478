"""Operators: which opset, which have a parser, which leave the AI Core, which attributes the parser insists on."""

from __future__ import annotations

from typing import Iterator

from .. import catalogue
from ..finding import ERROR, KERNELS, LIST_504, NOTE, PARSER, WARNING, Complaint, rule
from ..graph import Graph

EXPORT_11 = "export with opset 11"


@rule("opset", PARSER)
def opset(graph: Graph) -> Iterator[Complaint]:
    version, first, last = graph.opset, catalogue.FIRST_OPSET, catalogue.LAST_OPSET
    if not first <= version <= last:
        why = f"opset {version}: parsers are registered for opsets {first} to {last} only (E19010)"
        yield Complaint("opset", ERROR, why, EXPORT_11)
    elif version > catalogue.LAST_OPSET_504:
        why = f"opset {version}: CANN 5.0.4 reads opsets up to {catalogue.LAST_OPSET_504}"
        yield Complaint("opset", WARNING, why, EXPORT_11)
    elif version != 11:
        why = f"opset {version}: 11 is the one that all tool chains read alike"
        yield Complaint("opset", NOTE, why, EXPORT_11)


@rule("domain", PARSER)
def domain(graph: Graph) -> Iterator[Complaint]:
    for node in graph.nodes:
        if node.domain not in ("", "ai.onnx"):
            why = f"{node.domain}::{node.op}: there is no parser for operators outside ONNX's own domain"
            yield Complaint(node.label, ERROR, why, "export without a run time's optimisations")


@rule("no-parser", PARSER)
def no_parser(graph: Graph) -> Iterator[Complaint]:
    for node in graph.of_kind(*catalogue.NO_PARSER):
        yield Complaint(node.label, ERROR, f"{node.op} has no parser (E19010)", catalogue.NO_PARSER[node.op])


@rule("ai-cpu", KERNELS)
def ai_cpu(graph: Graph) -> Iterator[Complaint]:
    for node in graph.of_kind(*catalogue.AI_CPU):
        why = f"{node.op} runs on the AI CPU only: slow, and the board needs the package of AI CPU kernels"
        yield Complaint(node.label, WARNING, why, "write it in operators of the AI Core, or do it outside the network")


@rule("risky", KERNELS)
def risky(graph: Graph) -> Iterator[Complaint]:
    for node in graph.of_kind(*catalogue.RISKY):
        yield Complaint(node.label, WARNING, f"{node.op}: {catalogue.RISKY[node.op]}", "do without it")


@rule("unlisted", KERNELS)
def unlisted(graph: Graph) -> Iterator[Complaint]:
    known = {*catalogue.AI_CORE, *catalogue.FREE, *catalogue.AI_CPU, *catalogue.RISKY, *catalogue.NO_PARSER}
    for node in graph.nodes:
        if node.domain in ("", "ai.onnx") and node.op not in known:
            why = f"{node.op} is not among the operators known to compile for this chip"
            yield Complaint(node.label, WARNING, why, "use one that is, or try ATC before building on it")


@rule("release", LIST_504)
def release(graph: Graph) -> Iterator[Complaint]:
    for node in graph.of_kind(*catalogue.NEWER_THAN_504):
        why = f"{node.op} is missing from the operators of CANN 5.0.4"
        yield Complaint(node.label, WARNING, why, "compile with CANN 5.1 or newer")
    for node in graph.of_kind("HardSwish"):
        why = "HardSwish has a parser at opsets 14 and 15 only, which CANN 5.0.4 does not read"
        yield Complaint(node.label, WARNING, why, "write it as x · HardSigmoid(x, alpha=1/6, beta=0.5) at opset 11")


@rule("conv-attributes", PARSER)
def conv_attributes(graph: Graph) -> Iterator[Complaint]:
    spelled_out = "write kernel_shape, strides, pads, dilations and group"
    for node in graph.of_kind("Conv"):
        if not {"kernel_shape", "pads", "strides", "dilations"} & set(node.attributes):
            why = "Conv without any of kernel_shape, pads, strides and dilations is refused"
            yield Complaint(node.label, ERROR, why, spelled_out)
    for node in graph.of_kind("ConvTranspose"):
        if "kernel_shape" not in node.attributes:
            yield Complaint(node.label, ERROR, "ConvTranspose without kernel_shape is refused", spelled_out)
    for node in graph.of_kind("Conv", "ConvTranspose"):
        if len(node.attribute("pads", ())) % 2:
            yield Complaint(node.label, ERROR, f"{node.op} with an odd number of pads is refused", spelled_out)
        rank = len(graph.shapes.get(node.input(1), ()))
        if rank == 5 and node.attribute("auto_pad", "NOTSET") != "NOTSET":
            yield Complaint(node.label, ERROR, f"{node.op} over 5 axes with auto_pad is refused", spelled_out)


@rule("pad-mode", PARSER)
def pad_mode(graph: Graph) -> Iterator[Complaint]:
    for node in graph.of_kind("Pad"):
        mode = node.attribute("mode", "constant")
        if mode not in ("constant", "reflect"):
            yield Complaint(node.label, ERROR, f"Pad knows constant and reflect, not {mode}", "pad by reflection")


@rule("batch-norm", KERNELS)
def batch_norm(graph: Graph) -> Iterator[Complaint]:
    for node in graph.of_kind("BatchNormalization"):
        conv = graph.maker(node.input(0), "Conv", "ConvTranspose", "Gemm")
        if conv is not None:
            why = f"a batch norm after {conv.label}: INT8 is made of layers that hold it already"
            yield Complaint(node.label, NOTE, why, "fold it into the weights, as the export does")
