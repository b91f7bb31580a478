"""ONNX Runtime as the appliance uses it, for measuring networks that are built."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Dict, List, Mapping, Sequence, Tuple, Union

import numpy as np
import onnxruntime

Feed = Mapping[str, np.ndarray]
"""Input name → value."""
_LOG_ERRORS_ONLY = 3


class Runner:
    """A network that is called with a feed and gives its outputs by name. ``network``: a file, or its content."""

    def __init__(self, network: Union[Path, bytes], threads: int = 1) -> None:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = _LOG_ERRORS_ONLY
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.add_session_config_entry("session.x64quantprecision", "1")
        content = network if isinstance(network, bytes) else str(network)
        self._session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        self.inputs = [item.name for item in self._session.get_inputs()]
        self.outputs = [item.name for item in self._session.get_outputs()]

    def __call__(self, feed: Feed) -> Dict[str, np.ndarray]:
        return dict(zip(self.outputs, self._session.run(None, dict(feed))))


def milliseconds(runners: Sequence[Runner], feed: Feed, repeats: int = 121) -> Tuple[float, ...]:
    """Time of each that a quarter of its runs stay below. They take turns, so that what else the machine does slows all
    of them alike; the faster quarter is the one it slows least."""
    times: List[List[float]] = [[] for _ in runners]
    for repeat in range(repeats + 2):
        for runner, taken in zip(runners, times):
            start = time.perf_counter()
            runner(feed)
            if repeat >= 2:  # the first runs allocate
                taken.append(1e3 * (time.perf_counter() - start))
    return tuple(float(np.percentile(taken, 25)) for taken in times)
