"""Every graph of a network through the converter of MindSpore Lite, and what it computes beside ONNX Runtime.

A conversion without complaint proves nothing: what it made is run, on inputs that are the same everywhere.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import List, Sequence

import numpy as np
import onnx

from appliance.errors import RuntimeUnavailable

from ..export.lite import LiteError, run_mindir, to_mindir
from ..export.running import Feed, Runner
from ..manifest import BUILT, SIGNATURES
from ..quantise.deploy import deploy_graph, read

DRAWS = 4
"""Inputs of noise, besides one of zeros and one of ones."""
AGREEMENT = 1e-4
"""Largest difference allowed, in parts of the largest value of the output."""
CONVERTER, LOADING = "the converter refuses it", "converted without complaint, refused when it is loaded"
RUNS = "runs, not compared"


@dataclass(frozen=True)
class Parity:
    """One output on all inputs: ONNX Runtime's largest magnitude, largest and mean difference to it."""

    network: str
    made: str
    output: str
    largest: float
    worst: float
    mean: float

    @property
    def agrees(self) -> bool:
        return self.worst <= AGREEMENT * self.largest  # so written that NaN fails too


@dataclass(frozen=True)
class Trial:
    """A graph that MindSpore Lite is not expected to run on the CPU, and how far it came."""

    network: str
    graph: str
    outcome: str


def feeds(name: str) -> List[Feed]:
    """Inputs of a network: zeros, ones, and noise of standard deviation 1, about the scale of the real ones."""
    shapes = SIGNATURES[name]["inputs"]
    chance = np.random.RandomState(list(SIGNATURES).index(name))
    made: List[Feed] = [{key: np.full(shape, value, np.float32) for key, shape in shapes.items()} for value in (0, 1)]
    for _ in range(DRAWS):
        made.append({key: chance.standard_normal(shape).astype(np.float32) for key, shape in shapes.items()})
    return made


def measured(name: str, python37: Path, built: Path = BUILT) -> List[Parity]:
    """The float32 network, converted anew and as shipped. Raises `RuntimeUnavailable` where no Lite works."""
    source, inputs = built / f"{name}.fp32.onnx", feeds(name)
    runner = Runner(source)
    expected = [runner(feed) for feed in inputs]
    with tempfile.TemporaryDirectory() as folder:
        anew = Path(folder) / "anew.mindir"
        try:
            to_mindir(source, anew, python37)
            results = {"converted anew": run_mindir(anew, inputs, python37)}
            shipped = built / f"{name}.fp32.mindir"
            if shipped.is_file():
                results["as shipped"] = run_mindir(shipped, inputs, python37)
        except (LiteError, OSError) as error:
            message = f"MindSpore Lite does not run {name} with {python37}."
            action = "Name a CPython 3.7 with mindspore-lite 2.0.0."
            raise RuntimeUnavailable(str(error), message=message, action=action) from error
    return [
        _parity(name, made, output, expected, computed)
        for made, computed in results.items()
        for output in SIGNATURES[name]["outputs"]
    ]


def _parity(name: str, made: str, output: str, expected: Sequence[Feed], computed: Sequence[Feed]) -> Parity:
    theirs = np.stack([result[output] for result in expected])
    ours = np.stack([result[output] for result in computed]).reshape(theirs.shape)
    difference = np.abs(ours - theirs)
    return Parity(name, made, output, *(float(x) for x in (np.abs(theirs).max(), difference.max(), difference.mean())))


def tried(name: str, python37: Path, built: Path = BUILT) -> List[Trial]:
    """The INT8 graphs on the CPU. Call it after `measured`, which proves that MindSpore Lite itself works."""
    with tempfile.TemporaryDirectory() as folder:
        deploy = Path(folder) / "deploy.onnx"
        onnx.save(deploy_graph(*read(built / f"{name}.fp32.onnx")), deploy)
        graphs = {"INT8 of ONNX Runtime (QDQ)": built / f"{name}.int8.onnx", "INT8 of Ascend (deploy graph)": deploy}
        target = Path(folder) / "tried.mindir"
        return [
            Trial(name, graph, _outcome(source, feeds(name)[:1], python37, target)) for graph, source in graphs.items()
        ]


def _outcome(source: Path, inputs: Sequence[Feed], python37: Path, target: Path) -> str:
    """How far a graph comes."""
    try:
        to_mindir(source, target, python37)
    except LiteError:
        return CONVERTER
    try:
        run_mindir(target, inputs, python37)
    except LiteError:
        return LOADING
    return RUNS
