"""What every layer of a network asks of the NPU: multiplications, bytes, and the roofline time of both.

Layers are as a compiler makes them: ReLU belongs to the layer before it, what stays between INT8 layers stays INT8,
everything else is fp16. Every tensor goes through memory once in each direction, with its channels filled up to whole
blocks: nothing is kept in the buffers on the chip. Operators without multiplications cost their bytes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Dict, List, Optional

from ..lint.cube import BLOCK, BLOCK_INT8, Product, filled, product
from ..lint.graph import Graph, Node
from .chip import BYTES_A_S, ELEMENT, MACS_A_S

FUSED = ("Relu",)
FREE = ("Reshape",)
"""Another view of the same values."""
FLOAT32 = 4
"""Bytes of a value outside the NPU."""


@dataclass(frozen=True)
class Layer:
    """One task of the NPU: ``macs`` of the network; ``computed`` by the cube, zeros included; ``bytes`` moved."""

    name: str
    kind: str
    precision: str
    macs: int
    computed: int
    bytes: int

    @property
    def used(self) -> Optional[float]:
        """Share 0..1 of the cube's work that the network asks for; None without multiplications."""
        return self.macs / self.computed if self.computed else None

    @property
    def compute_s(self) -> float:
        return self.computed / MACS_A_S[self.precision]

    @property
    def memory_s(self) -> float:
        return self.bytes / BYTES_A_S

    @property
    def seconds(self) -> float:
        """Of computing and memory the longer: both go on at once."""
        return max(self.compute_s, self.memory_s)


def layers(graph: Graph) -> List[Layer]:
    """In the order of running. INT8 is where the calibration record beside the network's file has it."""
    return _Reader(graph).layers()


class _Reader:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.fused: Dict[str, str] = {}
        """Output of a node → output of the ReLU that belongs to it."""
        for node in graph.nodes:
            after = graph.reader(node.outputs[0], *FUSED) if node.op not in FUSED else None
            if after is not None and node.outputs[0] not in graph.outputs:
                self.fused[node.outputs[0]] = after.outputs[0]

    def layers(self) -> List[Layer]:
        graph = self.graph
        found = [self._converted(name, "from float32") for name in graph.inputs]
        found += [self._quantised(name) for name in graph.inputs if self._needs_codes(name)]
        swallowed = set(self.fused.values())
        for node in graph.nodes:
            if node.outputs[0] in swallowed or node.op in FREE:
                continue
            found.append(self._layer(node))
            made = self._made(node)
            if self._needs_codes(made) and not self._stays_int8(made):
                found.append(self._quantised(made))
        return [*found, *(self._converted(name, "to float32") for name in graph.outputs)]

    def _layer(self, node: Node) -> Layer:
        graph = self.graph
        int8 = graph.is_int8(node)
        precision = "int8" if int8 else "fp16"
        moved = sum(self._bytes(name, int8) for name in node.inputs if name and name not in graph.constants)
        made = self._made(node)
        moved += self._bytes(made, self._stays_int8(made))
        multiplied = product(graph, node)
        if multiplied is None:
            return Layer(node.name, node.op, precision, 0, 0, moved)
        moved += _weight_bytes(multiplied, int8)
        computed = multiplied.computed(int8)
        return Layer(node.name, _described(graph, node, multiplied), precision, multiplied.macs, computed, moved)

    def _made(self, node: Node) -> str:
        return self.fused.get(node.outputs[0], node.outputs[0])

    def _needs_codes(self, name: str) -> bool:
        return any(self.graph.is_int8(node) for node in self.graph.readers.get(name, []))

    def _stays_int8(self, name: str) -> bool:
        """Whether an INT8 layer hands its result to INT8 layers alone."""
        graph = self.graph
        producer = graph.producer.get(name)
        if producer is not None and producer.op in FUSED:
            producer = graph.producer.get(producer.input(0))
        readers = graph.readers.get(name, [])
        made_int8 = producer is not None and graph.is_int8(producer)
        return made_int8 and name not in graph.outputs and bool(readers) and all(map(graph.is_int8, readers))

    def _quantised(self, name: str) -> Layer:
        return Layer(f"{name}.quant", "AscendQuant", "fp16", 0, 0, self._bytes(name, False) + self._bytes(name, True))

    def _converted(self, name: str, kind: str) -> Layer:
        moved = math.prod(self._shape(name)) * FLOAT32 + self._bytes(name, False)
        return Layer(name, kind, "fp16", 0, 0, moved)

    def _bytes(self, name: str, int8: bool) -> int:
        """Of a tensor with its channels, the second axis, in whole blocks."""
        shape = list(self._shape(name))
        if len(shape) > 1:
            shape[1] = filled(shape[1], BLOCK_INT8 if int8 else BLOCK)
        return math.prod(shape) * ELEMENT["int8" if int8 else "fp16"]

    def _shape(self, name: str) -> List[int]:
        shape = self.graph.shapes[name]
        return [1 if axis is None else axis for axis in shape]


def _weight_bytes(multiplied: Product, int8: bool) -> int:
    inputs, outputs = filled(multiplied.inputs, BLOCK_INT8 if int8 else BLOCK), filled(multiplied.outputs, BLOCK)
    return multiplied.groups * multiplied.taps * inputs * outputs * ELEMENT["int8" if int8 else "fp16"]


def _described(graph: Graph, node: Node, multiplied: Product) -> str:
    """Such as `Conv 64→96, 3×3 /2·2`."""
    text = f"{node.op} {multiplied.inputs * multiplied.groups}→{multiplied.outputs * multiplied.groups}"
    kernel, strides = graph.shapes[node.input(1)][2:], node.attribute("strides", (1,))
    text += f", {'×'.join(map(str, kernel))}" if node.op.startswith("Conv") else ""
    return text + (f" /{'·'.join(map(str, strides))}" if any(stride != 1 for stride in strides) else "")
