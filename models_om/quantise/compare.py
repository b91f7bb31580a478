"""A deploy graph against its float32 network on real inputs: layer by layer, and at the outputs."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Dict, List, Mapping, Sequence

import numpy as np
import onnx

from ..export.int8 import EXACT
from ..export.running import Runner
from .encoding import QUANT
from .golden import Golden, quantised

Feed = Mapping[str, np.ndarray]
Run = Callable[[Feed], Mapping[str, np.ndarray]]
"""A network: feed → outputs, perhaps more tensors, by name."""
REFERENCE = "float"


@dataclass
class Noise:
    """Sums of squares of a tensor and of what was added to it."""

    signal: float = 0.0
    noise: float = 0.0
    count: int = 0

    def add(self, expected: np.ndarray, found: np.ndarray) -> None:
        self.signal += float((expected.astype(np.float64) ** 2).sum())
        self.noise += float(((found.astype(np.float64) - expected) ** 2).sum())
        self.count += expected.size

    @property
    def decibels(self) -> float:
        """Signal to noise, at most `EXACT`."""
        return float(min(10 * np.log10(max(self.signal, 1e-30) / max(self.noise, 1e-30)), EXACT))

    @property
    def rms(self) -> float:
        return float(np.sqrt(self.noise / self.count))


@dataclass
class Codes:
    """How many codes the first step in fp16 changes, and by how much at most."""

    changed: int = 0
    count: int = 0
    most: int = 0

    def add(self, exact: np.ndarray, half: np.ndarray) -> None:
        away = np.abs(exact.astype(np.int16) - half)
        self.changed += int((away > 0).sum())
        self.count += away.size
        self.most = max(self.most, int(away.max()))

    @property
    def share(self) -> float:
        return self.changed / self.count


@dataclass
class LayerNoise:
    """Noise of a layer's output, before its ReLU: on the inputs that float32 gives it, in both arithmetics, and in the
    whole network in fp16."""

    channels: int
    exact: Noise = field(default_factory=Noise)
    half: Noise = field(default_factory=Noise)
    in_place: Noise = field(default_factory=Noise)


@dataclass
class Comparison:
    """``outputs``: name → arithmetic → noise; arithmetics are "exact", "half", and "runtime", the INT8 file that ONNX
    Runtime runs, where there is one."""

    network: str
    inputs: int
    layers: Dict[str, LayerNoise]
    outputs: Dict[str, Dict[str, Noise]]
    codes: Codes


def arithmetics(model: onnx.ModelProto, deployed: onnx.ModelProto, int8: Path) -> Dict[str, Run]:
    """What is compared, by name; `REFERENCE` is float32. ``int8``: the file for ONNX Runtime, which may be missing."""
    runs: Dict[str, Run] = {
        REFERENCE: Golden(model), "exact": Golden(deployed), "half": Golden(deployed, half=True),
    }  # fmt: skip
    return {**runs, "runtime": Runner(int8)} if int8.is_file() else runs


def compare(model: onnx.ModelProto, deployed: onnx.ModelProto, feeds: Sequence[Feed], int8: Path) -> Comparison:
    """Run both on the feeds, and ``int8``, the network's file for ONNX Runtime, if it exists."""
    runs = arithmetics(model, deployed, int8)
    exact, half = Golden(deployed), Golden(deployed, half=True)
    outputs = [item.name for item in model.graph.output]
    names = [name for name in runs if name != REFERENCE]
    layers = _layers(deployed)
    result = Comparison(
        model.graph.name, len(feeds), {name: LayerNoise(channels) for name, (_, channels) in layers.items()},
        {output: {name: Noise() for name in names} for output in outputs}, Codes(),
    )  # fmt: skip
    quants = [node for node in deployed.graph.node if node.op_type == QUANT]
    for feed in feeds:
        expected, ours = runs[REFERENCE](feed), {name: runs[name](feed) for name in names}
        for output in outputs:
            for name in names:
                result.outputs[output][name].add(expected[output], ours[name][output])
        for name, (tensor, _) in layers.items():
            noise = result.layers[name]
            noise.exact.add(expected[tensor], exact.layer(name, expected))
            noise.half.add(expected[tensor], half.layer(name, expected))
            noise.in_place.add(expected[tensor], ours["half"][tensor])
        for node in quants:
            grid = {item.name: item.f for item in node.attribute}
            values = expected[node.input[0]]
            codes = [quantised(values, grid["scale"], grid["offset"], way) for way in (False, True)]
            result.codes.add(*codes)
    return result


def _layers(deployed: onnx.ModelProto) -> Dict[str, tuple]:
    """INT8 layer → the tensor it makes, its input channels."""
    shapes = {item.name: list(item.dims) for item in deployed.graph.initializer}
    after: Dict[str, str] = {node.input[0]: node.output[0] for node in deployed.graph.node}
    quants: List[str] = [node.output[0] for node in deployed.graph.node if node.op_type == QUANT]
    return {
        node.name: (after[node.output[0]], shapes[node.input[1]][1])
        for node in deployed.graph.node
        if node.input[0] in quants
    }
