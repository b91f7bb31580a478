"""What is seen of the network from outside: its inputs, and the names by which they and the outputs are found."""

from __future__ import annotations

from collections import Counter
from typing import Iterator

from ..finding import ACL, ATC, ERROR, NOTE, OM, PARSER, WARNING, Complaint, rule
from ..graph import Graph

HIDDEN = ("ascend_mbatch_shape_data", "ascend_dynamic_aipp_data")
"""Inputs that the compiler adds by itself."""
SEPARATORS = ":;,\"' "
"""They have a meaning of their own in --input_shape and --out_nodes."""
NAME_BYTES = 31


@rule("unused-input", PARSER)
def unused_input(graph: Graph) -> Iterator[Complaint]:
    needed = graph.needed()
    for name in graph.inputs:
        if name not in needed:
            why = "no output depends on its values: it disappears from the .om, and the number of inputs changes"
            yield Complaint(name, ERROR, why, "take it out of the network and of its signature")


@rule("input-names", ATC)
def input_names(graph: Graph) -> Iterator[Complaint]:
    for name in graph.inputs:
        found = [mark for mark in SEPARATORS if mark in name]
        if found:
            why = f"{', '.join(map(repr, found))} in its name cannot be told from the syntax of --input_shape"
            yield Complaint(name, ERROR, why, "rename it: letters, digits and _")


@rule("hidden-names", ACL)
def hidden_names(graph: Graph) -> Iterator[Complaint]:
    for name in graph.inputs:
        if name in HIDDEN:
            yield Complaint(name, ERROR, "the compiler uses this name for an input of its own", "rename it")


@rule("output-names", ACL)
def output_names(graph: Graph) -> Iterator[Complaint]:
    """In the .om an output is called NODE:0:TENSOR, and so is looked for by a part of that name, or by its index."""
    for name in graph.outputs:
        others = [other for other in graph.outputs if other != name and name in other]
        if others:
            why = f"its name is part of {', '.join(others)}: in the .om, where names are NODE:0:TENSOR, it is ambiguous"
            yield Complaint(name, WARNING, why, "give outputs names that do not hold each other")
        if ":" in name:
            why = "a colon in the name of an output: in the .om, names are NODE:0:TENSOR"
            yield Complaint(name, WARNING, why, "rename it: letters, digits and _")


@rule("node-names", ATC)
def node_names(graph: Graph) -> Iterator[Complaint]:
    for name, count in Counter(node.name for node in graph.nodes).items():
        if not name:
            first = next(node for node in graph.nodes if not node.name)
            why = f"{count} nodes without a name: --out_nodes, quantisation records and reports know nodes by names"
            yield Complaint(first.label, WARNING, why, "name every node")
        elif count > 1:
            why = f"{count} nodes have this name: --out_nodes, quantisation records and reports know nodes by names"
            yield Complaint(name, WARNING, why, "give every node a name of its own")


@rule("graph-name", OM)
def graph_name(graph: Graph) -> Iterator[Complaint]:
    name = graph.model.graph.name
    if len(name.encode("utf-8")) > NAME_BYTES:
        why = f"the header of the .om has room for {NAME_BYTES} bytes of the network's name"
        yield Complaint(name, NOTE, why, "choose a shorter one")
