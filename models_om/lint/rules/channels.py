"""Channel counts that leave the cube unit half empty."""

from __future__ import annotations

from typing import Iterator

from ..cube import BLOCK, BLOCK_INT8, product
from ..finding import CUBE, NOTE, WARNING, Complaint, rule
from ..graph import Graph

HALF_EMPTY = 0.5
SHARE = 0.05
"""Of what the cube computes for the whole network: less is not worth a change."""


@rule("cube", CUBE)
def cube(graph: Graph) -> Iterator[Complaint]:
    products = {node.label: (node, product(graph, node)) for node in graph.nodes}
    layers = [(node, found, graph.is_int8(node)) for node, found in products.values() if found is not None]
    total = sum(found.computed(int8) for _, found, int8 in layers)
    for node, found, int8 in layers:
        used, share = found.used_by_channels(int8), found.computed(int8) / total
        if used >= HALF_EMPTY:
            continue
        kind, block = ("INT8", BLOCK_INT8) if int8 else ("fp16", BLOCK)
        groups = f" in {found.groups} groups" if found.groups > 1 else ""
        why = (
            f"{found.inputs}→{found.outputs} channels{groups} use {100 * used:.2g} % of the cube in {kind}; "
            f"the layer is {100 * share:.1f} % of what it computes for the network"
        )
        fix = f"make input channels a multiple of {block}, output channels a multiple of {BLOCK}"
        if found.inputs <= 4 and found.groups == 1:
            fix = "compile with --enable_small_channel=1, which packs up to 4 input channels"
        yield Complaint(node.label, WARNING if share >= SHARE else NOTE, why, fix)
