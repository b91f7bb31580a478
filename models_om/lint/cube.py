"""What the cube unit makes of a layer: products of small blocks, filled up with zeros where channels do not fit.

A block is 16 output channels wide and 16 pixels high; input channels come in 16s in fp16, in 32s in INT8.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Optional

from .graph import Graph, Node

BLOCK = 16
BLOCK_INT8 = 32
"""Input channels of a block in INT8."""
LAYERS = ("Conv", "ConvTranspose", "Gemm", "MatMul")


@dataclass(frozen=True)
class Product:
    """Layer: ``groups`` products: ``rows`` pixels × (``taps`` of the kernel × ``inputs`` channels) by ``outputs``."""

    groups: int
    rows: int
    taps: int
    inputs: int
    outputs: int

    @property
    def macs(self) -> int:
        """Multiplications that the network asks for."""
        return self.groups * self.rows * self.taps * self.inputs * self.outputs

    def computed(self, int8: bool) -> int:
        """Multiplications that the cube carries out, zeros among them. Narrow groups share a block."""
        depth = BLOCK_INT8 if int8 else BLOCK
        shared = max(1, min(self.groups, BLOCK // max(self.inputs, self.outputs)))
        sets = math.ceil(self.groups / shared)
        inputs, outputs = filled(self.inputs * shared, depth), filled(self.outputs * shared, BLOCK)
        return sets * filled(self.rows, BLOCK) * self.taps * inputs * outputs

    def used(self, int8: bool) -> float:
        """Share 0..1 of the carried out multiplications that the network asks for."""
        return self.macs / self.computed(int8)

    def used_by_channels(self, int8: bool) -> float:
        """The same, were the pixels a multiple of the block."""
        return self.used(int8) * filled(self.rows, BLOCK) / self.rows


def filled(count: int, block: int) -> int:
    """The next multiple of the block."""
    return math.ceil(count / block) * block


def product(graph: Graph, node: Node) -> Optional[Product]:
    """The layer's product; None for what is no layer, and where a shape is not known."""
    if node.op not in LAYERS:
        return None
    first, second, made = (graph.shapes.get(name, ()) for name in (node.input(0), node.input(1), node.outputs[0]))
    if not (first and second and made) or None in (*first, *second, *made):
        return None
    if node.op == "Conv":
        groups = node.attribute("group", 1)
        rows = made[0] * math.prod(made[2:])
        return Product(groups, rows, math.prod(second[2:]), second[1], second[0] // groups)
    if node.op == "ConvTranspose":
        groups = node.attribute("group", 1)
        rows = first[0] * math.prod(first[2:])
        return Product(groups, rows, math.prod(second[2:]), first[1] // groups, second[1])
    if node.op == "Gemm":
        return Product(1, made[0], 1, first[0 if node.attribute("transA", 0) else 1], made[1])
    if len(first) < 2 or len(second) < 2:
        return None
    return Product(math.prod(made[:-2]), made[-2], 1, first[-1], made[-1])
