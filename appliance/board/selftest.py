"""Every network on the run time of this machine: whether it computes what it must, and how fast."""

from __future__ import annotations

import time
from typing import Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from ..errors import SonicError
from ..manifest import UPDATE
from ..models import ModelStore
from ..pipeline.motion.sampler import HOP
from ..pipeline.runtime.base import Network
from ..pipeline.runtime.select import choose, load_network
from ..settings import FRAME_RATE, MakeOptions
from .finding import OK, PROBLEM, WARNING, Finding
from .golden import TOLERANCE, error_of, golden_inputs, read_golden, source_of

RUNS = 50
"""Of each network, after `WARM_UP` that do not count, or as many as `BUDGET_S` allows."""
WARM_UP = 3
FEWEST = 5
BUDGET_S = 3.0


class Latency(NamedTuple):
    """Milliseconds of one run: half of them take no longer than ``p50``, 99 of 100 no longer than ``p99``."""

    p50: float
    p99: float


def examine_networks(store: ModelStore, runtime: str = "auto", precision: Optional[str] = None) -> List[Finding]:
    """A finding for each network, and one for the time of all of them together. Never raises for a network."""
    try:
        choice = choose(runtime, precision, store)
    except SonicError as error:
        return [Finding("networks", PROBLEM, "cannot be run", error.message, error.action)]
    findings: List[Finding] = []
    times: Dict[str, Latency] = {}
    for name in store.manifest().networks:
        finding, latency = _examine(store, name, choice.runtime, choice.precision)
        findings.append(finding)
        if latency is not None:
            times[name] = latency
    return [*findings, pace(times)] if len(times) == len(findings) else findings


def pace(times: Dict[str, Latency]) -> Finding:
    """Whether the networks alone leave time at 25 frames a second."""
    each = {name: latency.p50 for name, latency in times.items()}
    steps = MakeOptions().inference_steps
    window = each.get("sonic", 0.0) + steps * each.get("sonic_denoiser", 0.0)
    frame, room = each.get("sonic_painter", 0.0) + window / HOP, 1000 / FRAME_RATE
    value = f"{frame:.1f} ms of the networks a frame, {room / frame if frame else 0:.1f} times real time"
    if frame > room:
        meaning = f"A frame lasts {room:g} ms, so a video takes longer to make than to watch."
        action = "Use the int8 networks, close other programs, and see `cores` and `temperature` above."
        return Finding("pace", WARNING, value, meaning, action)
    return Finding("pace", OK, value, "Warping and encoding come on top and run beside it.")


def percentiles(milliseconds: List[float]) -> Latency:
    p50, p99 = np.percentile(milliseconds, [50, 99])
    return Latency(float(p50), float(p99))


def compare(name: str, outputs: Dict[str, np.ndarray], precision: str, source: str) -> Finding:
    """Outputs of a network for its golden inputs against the golden ones; ``source``: see `source_of`."""
    golden = read_golden()
    if str(golden.get(name, "")) != source:
        meaning = "The results that this program knows are those of other networks: nothing can be compared."
        return Finding(name, WARNING, "not compared", meaning, UPDATE)
    errors = {key: error_of(value, golden[f"{name}.{key}"]) for key, value in outputs.items()}
    worst = max(errors, key=lambda key: errors[key])
    limit = TOLERANCE[precision]
    value = f"{precision}, largest error {errors[worst]:.2g} of {limit:g} allowed, in {worst}"
    if errors[worst] > limit:
        meaning = "It runs, but computes something else: videos will be wrong."
        action = "Check the models (`appliance models verify`), then the versions above; else build the networks again."
        return Finding(name, PROBLEM, value, meaning, action)
    return Finding(name, OK, value, "It computes what it must.")


def _examine(store: ModelStore, name: str, runtime: str, precision: str) -> Tuple[Finding, Optional[Latency]]:
    try:
        network = load_network(store, name, runtime, precision)
        try:
            outputs = network.run(golden_inputs(network))
            latency = _measure(network)
        finally:
            network.close()
        found = compare(name, outputs, precision, source_of(store, name))
    except SonicError as error:
        return Finding(name, PROBLEM, f"{precision} on {runtime}: does not run", error.message, error.action), None
    shown = f"{runtime} {found.value}; p50 {latency.p50:.1f} ms, p99 {latency.p99:.1f} ms"
    return Finding(name, found.state, shown, found.meaning, found.action), latency


def _measure(network: Network) -> Latency:
    inputs = golden_inputs(network)
    taken: List[float] = []
    for _ in range(WARM_UP):
        network.run(inputs)
    end = time.monotonic() + BUDGET_S
    while len(taken) < FEWEST or (len(taken) < RUNS and time.monotonic() < end):
        start = time.perf_counter()
        network.run(inputs)
        taken.append((time.perf_counter() - start) * 1000)
    return percentiles(taken)
