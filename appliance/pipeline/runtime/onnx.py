"""ONNX Runtime on the CPU: development machines, CI and any board without an NPU. Works from release 1.14.1 on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Dict, List, Optional

import numpy as np

from ...errors import ModelCorrupt, RuntimeUnavailable
from ...manifest import REINSTALL, NetworkEntry
from .base import Network, TensorSpec

if TYPE_CHECKING:
    from onnxruntime import SessionOptions

_LOG_ERRORS_ONLY = 3
_DTYPES = {"tensor(float)": "float32", "tensor(int64)": "int64"}


def obstacle() -> Optional[str]:
    """Why ONNX Runtime cannot run here, or None."""
    try:
        import onnxruntime  # noqa: F401
    except (ImportError, OSError) as error:
        return f"the package onnxruntime cannot be imported ({error})"
    return None


def overflows(cpuinfo: str) -> bool:
    """Whether this x86 processor, by its ``/proc/cpuinfo``, adds products of INT8 in 16 bits: AVX2, but no VNNI."""
    return "avx2" in cpuinfo and "vnni" not in cpuinfo


def session_options(threads: int) -> SessionOptions:
    """How the appliance runs networks on ONNX Runtime."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = _LOG_ERRORS_ONLY
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Threads that wait in a loop would take the cores from the renderer and the encoder.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        exact = overflows(Path("/proc/cpuinfo").read_text())
    except OSError:
        exact = False
    if exact:  # elsewhere it would only halve the speed
        options.add_session_config_entry("session.x64quantprecision", "1")
    return options


class OnnxNetwork(Network):
    """A network in an ``.onnx`` file. Raises `RuntimeUnavailable`, `ModelCorrupt`."""

    def __init__(self, path: Path, entry: NetworkEntry, threads: int) -> None:
        super().__init__(entry.name, entry.inputs, entry.outputs)
        try:
            import onnxruntime
        except (ImportError, OSError) as error:
            raise RuntimeUnavailable(str(error)) from error
        options = session_options(threads)
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # each fault of a file has its own class, none of them public
            message = f"The model file {path.name} is no network that ONNX Runtime can read."
            raise ModelCorrupt(f"{path}: {error}", message=message, action=REINSTALL) from error
        self._check_signature(_specs(self._session.get_inputs()), _specs(self._session.get_outputs()))

    def _run(self, inputs: Dict[str, np.ndarray]) -> Dict[str, np.ndarray]:
        names = [spec.name for spec in self.outputs]
        return dict(zip(names, self._session.run(names, inputs)))

    def close(self) -> None:
        self._session = None


def _specs(nodes: list) -> List[TensorSpec]:
    return [TensorSpec(n.name, tuple(n.shape), _DTYPES.get(n.type, n.type)) for n in nodes]
