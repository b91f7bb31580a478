"""A network in an ``.om`` file, on the NPU."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, List, Sequence

import numpy as np

from ....errors import ModelMismatch
from ....manifest import UPDATE, NetworkEntry
from ..base import Network, TensorSpec
from ..om_file import check_entry, read_om
from .model import Tensor
from .session import shared


class AclNetwork(Network):
    """Raises `RuntimeUnavailable`, `ModelCorrupt`, `ModelMismatch`, `NpuError`; `run` raises `NpuError`."""

    def __init__(self, path: Path, entry: NetworkEntry, threads: int) -> None:
        """``threads`` means nothing to an NPU."""
        super().__init__(entry.name, entry.inputs, entry.outputs)
        om = read_om(path)
        check_entry(om, entry)
        self._session = shared()
        self._resident = self._session.load(om, sum(_bytes(spec) for spec in (*self.inputs, *self.outputs)))
        try:
            model = self._resident.loaded
            outputs = _named(model.outputs, self.outputs)
            self._check_signature(map(_spec, model.inputs), map(_spec, outputs))
            self._check_sizes([*model.inputs, *model.outputs])
        except ModelMismatch:
            self.close()
            raise
        self._order = [tensor.name for tensor in model.inputs]
        self._names = [tensor.name for tensor in outputs]

    def _run(self, inputs: Dict[str, np.ndarray]) -> Dict[str, np.ndarray]:
        arrays = self._session.run(self._resident, [inputs[name] for name in self._order])
        results = dict(zip(self._names, arrays))
        return {spec.name: results[spec.name].astype(spec.dtype, copy=False) for spec in self.outputs}

    def close(self) -> None:
        self._session.unload(self._resident)

    def _check_sizes(self, tensors: Sequence[Tensor]) -> None:
        """A buffer of the model's size must hold the data."""
        for tensor in tensors:
            data = int(np.prod(tensor.shape, dtype=np.int64)) * np.dtype(tensor.dtype).itemsize
            if tensor.size < data:
                sentence = f"The file of {self.name} contradicts itself: {tensor.name} has {tensor.size} bytes."
                raise ModelMismatch(f"{sentence} Its shape asks for {data}.", message=sentence, action=UPDATE)


def _named(found: Sequence[Tensor], declared: Sequence[TensorSpec]) -> List[Tensor]:
    """Outputs by the names that the manifest has for them, and in float32 where the NPU gives float16.

    ATC names an output ``node:0:tensor``. Where it leaves the tensor out, the order decides.
    """
    names = [":".join(tensor.name.split(":")[2:]) for tensor in found]
    if not any(names) and len(found) == len(declared):
        names = [spec.name for spec in declared]
    widened = {spec.name for spec in declared if spec.dtype == "float32"}
    return [
        tensor._replace(name=name, dtype="float32" if tensor.dtype == "float16" and name in widened else tensor.dtype)
        for tensor, name in zip(found, names)
    ]


def _spec(tensor: Tensor) -> TensorSpec:
    return TensorSpec(tensor.name, tensor.shape, tensor.dtype)


def _bytes(spec: TensorSpec) -> int:
    return int(np.prod(spec.shape)) * np.dtype(spec.dtype).itemsize
