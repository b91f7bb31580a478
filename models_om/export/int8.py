"""Post-training INT8: ranges from real inputs, layers that suffer stay float, one record for all tool chains.

A layer is a convolution with its ReLU. `quantise` begins with every layer in INT8 that has channels enough. While the
error it is judged by is above the goal, it gives float back to the layer whose noise at the network's outputs is
largest for what the layer costs; at the end every layer that turns out not to have been needed is made INT8 again, the
dearest first.
"""

from __future__ import annotations

from pathlib import Path
from typing import Callable, Dict, List, Optional, Sequence, Set, Tuple

import numpy as np
import onnx

from .qdq import FloatGraph, QdqWriter, QuantisationError
from .ranges import Grid, Histogram
from .record import LayerFigures, Report, write_record
from .running import Feed, Runner

NARROW = 16
"""Convolutions of fewer input channels stay float: they are first layers, cheap, the finest of what follows depends on
them, and integer kernels are no faster at them."""
EXACT = 120.0
"""Signal to noise, in dB, that stands for: INT8 changes nothing."""
Judge = Callable[[bytes], float]
"""Error of a network (the content of its file) against float32: less is better."""


def quantise(
    source: Path, target: Path, calibration: Sequence[Feed], test: Sequence[Feed], judge: Optional[Judge] = None,
    goal: Optional[float] = None,
) -> Report:  # fmt: skip
    """Write ``target``, the INT8 QDQ twin of the float32 network ``source``, and its record beside it.

    Ranges come from ``calibration`` alone, figures from ``test``. Without ``judge`` the error is the largest RMS over
    the network's outputs on ``test``; without ``goal`` every layer becomes INT8. Raises `QuantisationError`.
    """
    graph = FloatGraph(source)
    _check_feeds(graph, calibration, "calibration")
    _check_feeds(graph, test, "test")
    writer = QdqWriter(graph, calibrate(graph, calibration))
    judge = judge or _output_error(graph, test)

    def error_of(layers: Set[str]) -> float:
        return judge(writer.write(layers).SerializeToString()) if layers else 0.0

    names = [unit.name for unit in graph.layers if unit.channels >= NARROW]
    sensitivity = _Sensitivity(graph, writer, test)
    alone = {unit.name: sensitivity.alone(unit.name) for unit in graph.layers}
    total = sum(unit.macs for unit in graph.layers)
    shares = {unit.name: unit.macs / total for unit in graph.layers}
    # Every layer costs its share of the work, and a little by being one more.
    cost = {name: shares[name] + 1 / len(names) for name in names}
    noise = {name: 10 ** (-alone[name][1] / 10) / cost[name] for name in names}

    chosen = set(names)
    all_int8 = error = error_of(chosen)
    if goal is not None:
        for name in sorted(names, key=lambda name: -noise[name]):
            if error <= goal:
                break
            chosen.remove(name)
            error = error_of(chosen)
        for name in sorted(set(names) - chosen, key=lambda name: -cost[name]):
            again = error_of(chosen | {name})
            if again <= goal:
                chosen, error = chosen | {name}, again
    model = writer.write(chosen)
    onnx.save(model, target)
    in_place = sensitivity.in_place(chosen)
    layers = tuple(
        LayerFigures(
            unit.name, unit.shape, shares[unit.name], "int8" if unit.name in chosen else "float",
            alone[unit.name][0], in_place[unit.name], alone[unit.name][1],
        )
        for unit in graph.layers
    )  # fmt: skip
    report = Report(graph.name, layers, writer.grids, all_int8, error, goal)
    write_record(source, target, graph, writer, report)
    return report


def calibrate(graph: FloatGraph, feeds: Sequence[Feed]) -> Dict[str, Grid]:
    """The best grid of every activation over those inputs."""
    made = [name for name in graph.activations() if name not in graph.inputs]
    runner = Runner(graph.showing(made).SerializeToString())
    histograms = {name: Histogram() for name in graph.activations()}
    for record in (Histogram.extend, Histogram.count):  # the second needs the extremes that the first finds
        for feed in feeds:
            for name, values in {**feed, **runner(feed)}.items():
                record(histograms[name], values)
    return {name: histogram.best_grid() for name, histogram in histograms.items()}


class _Sensitivity:
    """Noise of quantised layers against the float network on the test inputs."""

    def __init__(self, graph: FloatGraph, writer: QdqWriter, feeds: Sequence[Feed]) -> None:
        self._graph, self._writer, self._feeds = graph, writer, feeds
        self._output = {unit.name: unit.output for unit in graph.layers}
        shown = list(dict.fromkeys([*self._output.values(), *graph.outputs]))
        runner = Runner(graph.showing(shown).SerializeToString())
        self._expected = [runner(feed) for feed in feeds]

    def alone(self, layer: str) -> Tuple[float, float]:
        """SQNR in dB of the layer's and of the network's outputs with that layer alone in INT8."""
        own = self._output[layer]
        measured = self._measured({layer}, list(dict.fromkeys([own, *self._graph.outputs])))
        # A layer is heard at few of several outputs: the noise counts where it is loudest.
        return measured[own], min(measured[name] for name in self._graph.outputs)

    def in_place(self, layers: Set[str]) -> Dict[str, float]:
        """SQNR in dB of every layer's output with all those layers in INT8."""
        measured = self._measured(layers, list(dict.fromkeys(self._output.values())))
        return {name: measured[output] for name, output in self._output.items()}

    def _measured(self, layers: Set[str], tensors: List[str]) -> Dict[str, float]:
        runner = Runner(self._writer.write(layers, tensors).SerializeToString())
        signal, noise = dict.fromkeys(tensors, 0.0), dict.fromkeys(tensors, 1e-30)
        for feed, expected in zip(self._feeds, self._expected):
            for name, values in runner(feed).items():
                signal[name] += float((expected[name].astype(np.float64) ** 2).sum())
                noise[name] += float(((values - expected[name]).astype(np.float64) ** 2).sum())
        return {name: float(min(10 * np.log10(max(signal[name], 1e-30) / noise[name]), EXACT)) for name in tensors}


def _output_error(graph: FloatGraph, feeds: Sequence[Feed]) -> Judge:
    runner = Runner(graph.model.SerializeToString())
    expected = [runner(feed) for feed in feeds]

    def judge(network: bytes) -> float:
        twin = Runner(network)
        results = [twin(feed) for feed in feeds]
        return max(
            float(np.sqrt(np.mean([np.mean((a[name] - b[name]) ** 2) for a, b in zip(results, expected)])))
            for name in graph.outputs
        )

    return judge


def _check_feeds(graph: FloatGraph, feeds: Sequence[Feed], purpose: str) -> None:
    if not feeds:
        raise QuantisationError(f"no {purpose} inputs were given")
    shapes = {
        item.name: tuple(dimension.dim_value for dimension in item.type.tensor_type.shape.dim)
        for item in graph.model.graph.input
        if item.name in graph.inputs
    }
    for number, feed in enumerate(feeds):
        if set(feed) != set(shapes):
            raise QuantisationError(f"{purpose} input {number} has {sorted(feed)}, the network wants {sorted(shapes)}")
        for name, value in feed.items():
            if value.shape != shapes[name] or value.dtype != np.float32:
                raise QuantisationError(
                    f"{purpose} input {number}: {name} is {value.dtype} {value.shape}, not float32 {shapes[name]}"
                )
            if not np.isfinite(value).all():
                raise QuantisationError(f"{purpose} input {number}: {name} holds values that are not numbers")
