"""ONNX Runtime as the appliance uses it, for measuring networks that are built."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Dict, List, Mapping, Sequence, Tuple, Union

import numpy as np
import onnxruntime

from appliance.pipeline.runtime.onnx import session_options

Feed = Mapping[str, np.ndarray]
"""Input name → value."""


class Runner:
    """A network that is called with a feed and gives its outputs by name. ``network``: a file, or its content."""

    def __init__(self, network: Union[Path, bytes], threads: int = 1) -> None:
        content = network if isinstance(network, bytes) else str(network)
        self._session = onnxruntime.InferenceSession(
            content, session_options(threads), providers=["CPUExecutionProvider"]
        )
        self.inputs = [item.name for item in self._session.get_inputs()]
        self.outputs = [item.name for item in self._session.get_outputs()]

    def __call__(self, feed: Feed) -> Dict[str, np.ndarray]:
        return dict(zip(self.outputs, self._session.run(None, dict(feed))))


def milliseconds(networks: Sequence[Path], feed: Feed, threads: int, repeats: int = 61) -> Tuple[float, ...]:
    """Median computing time of each network, shared out among the threads. They take turns: what else the machine does
    slows all of them alike, and the time that it takes away from them is not counted."""
    runners = [Runner(network, threads) for network in networks]
    times: List[List[float]] = [[] for _ in runners]
    for repeat in range(repeats + 2):
        for runner, taken in zip(runners, times):
            start = time.process_time()
            runner(feed)
            if repeat >= 2:  # the first runs allocate
                taken.append(1e3 * (time.process_time() - start) / threads)
    return tuple(float(np.median(taken)) for taken in times)
