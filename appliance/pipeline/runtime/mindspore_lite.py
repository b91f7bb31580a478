"""MindSpore Lite 2.0.0 on the CPU, from ``.mindir`` files: a board without usable NPU, and any CPython 3.7.

Its Python binding shares memory where one would not expect it: an input tensor aliases the array it was set from, an
output array is a view into the model that the next ``predict`` overwrites and that dangles once the model is gone. One
thread at a time, therefore.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any, Dict, List, Optional

import numpy as np

from ...errors import ModelCorrupt, RuntimeUnavailable
from ...manifest import REINSTALL, NetworkEntry
from .base import Network, TensorSpec

# Read once, when the library is loaded: only critical errors on stderr; ours are raised.
_LOG_LEVEL = ("GLOG_v", "4")


def obstacle() -> Optional[str]:
    """Why MindSpore Lite cannot run here, or None."""
    try:
        _import()
    except (ImportError, OSError) as error:
        return f"the package mindspore-lite cannot be imported ({error}); it exists for CPython 3.7 only"
    return None


class MindSporeLiteNetwork(Network):
    """A network in a ``.mindir`` file. Raises `RuntimeUnavailable`, `ModelCorrupt`."""

    def __init__(self, path: Path, entry: NetworkEntry, threads: int) -> None:
        super().__init__(entry.name, entry.inputs, entry.outputs)
        try:
            lite = _import()
        except (ImportError, OSError) as error:
            raise RuntimeUnavailable(str(error)) from error
        self._turn = threading.Lock()
        context = lite.Context()
        context.target = ["cpu"]
        context.cpu.thread_num = threads
        self._model = lite.Model()
        try:
            self._model.build_from_file(str(path), lite.ModelType.MINDIR, context)
        except RuntimeError as error:
            message = f"The model file {path.name} is no network that MindSpore Lite can read."
            raise ModelCorrupt(f"{path}: {error}", message=message, action=REINSTALL) from error
        self._check_signature(_specs(self._model.get_inputs(), lite), self.outputs)
        # Outputs show only in a result.
        silence = {spec.name: np.zeros(spec.shape, spec.dtype) for spec in self.inputs}
        self._check_signature(self.inputs, _specs(self._predict(silence), lite))

    def _run(self, inputs: Dict[str, np.ndarray]) -> Dict[str, np.ndarray]:
        with self._turn:
            results = {tensor.name: tensor for tensor in self._predict(inputs)}
            return {s.name: results[s.name].get_data_to_numpy().reshape(s.shape).copy() for s in self.outputs}

    def _predict(self, inputs: Dict[str, np.ndarray]) -> List[Any]:
        tensors = self._model.get_inputs()
        for tensor in tensors:
            tensor.set_data_from_numpy(inputs[tensor.name])
        return self._model.predict(tensors)

    def close(self) -> None:
        self._model = None


def _import() -> Any:
    os.environ.setdefault(*_LOG_LEVEL)
    import mindspore_lite

    return mindspore_lite


def _specs(tensors: List[Any], lite: Any) -> List[TensorSpec]:
    dtypes = {lite.DataType.FLOAT32: "float32", lite.DataType.INT64: "int64"}
    return [TensorSpec(t.name, tuple(t.shape), dtypes.get(t.dtype, str(t.dtype))) for t in tensors]
