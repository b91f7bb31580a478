"""A model on the device: what it declares, and the buffers it reads and writes, allocated once for all its runs."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any, Callable, List, NamedTuple, Sequence, Tuple

import numpy as np

from .calls import Calls
from .device import Device

_DTYPES = {
    0: "float32", 1: "float16", 2: "int8", 3: "int32", 4: "uint8", 6: "int16", 7: "uint16", 8: "uint32", 9: "int64",
    10: "uint64", 11: "float64", 12: "bool",
}  # fmt: skip
_HUGE_FIRST = 0  # huge pages where there are some: the board has 25


class Tensor(NamedTuple):
    """One input or output as the ``.om`` declares it. ``size``: bytes its buffer must have."""

    name: str
    shape: Tuple[int, ...]
    dtype: str
    size: int


class _Buffers(NamedTuple):
    """A dataset and the device addresses of its buffers, in the order of the model."""

    dataset: int
    addresses: List[int]


class Model:
    """A loaded ``.om``. All calls must come from a thread that the device is bound to."""

    def __init__(self, calls: Calls, device: Device, path: Path) -> None:
        """Raises `CallFailed`; then nothing stays on the device."""
        self._calls, self._device = calls, device
        with contextlib.ExitStack() as undo:
            description = calls.value("mdl.create_desc")
            undo.callback(calls.attempt, "mdl.destroy_desc", description)
            self._model: int = calls.call("mdl.load_from_file", str(path))
            undo.callback(calls.attempt, "mdl.unload", self._model)
            calls.call("mdl.get_desc", description, self._model)
            self.inputs = self._declared(description, "input")
            self.outputs = self._declared(description, "output")
            self._input = self._allocate(self.inputs, undo.callback)
            self._output = self._allocate(self.outputs, undo.callback)
            self._undo = undo.pop_all()

    def run(self, arrays: Sequence[np.ndarray]) -> List[np.ndarray]:
        """Outputs, new arrays of the declared dtypes. ``arrays``: C-contiguous, as declared, in the model's order.

        Raises `CallFailed`.
        """
        calls, device = self._calls, self._device
        for array, tensor, address in zip(arrays, self.inputs, self._input.addresses):
            calls.call("rt.memcpy", address, tensor.size, array.ctypes.data, array.nbytes, device.to_device)
        # Plain execute would keep every other Python thread waiting; the stream is waited for without the GIL.
        calls.call("mdl.execute_async", self._model, self._input.dataset, self._output.dataset, device.stream)
        calls.call("rt.synchronize_stream", device.stream)
        results = [np.empty(tensor.shape, tensor.dtype) for tensor in self.outputs]
        for array, address in zip(results, self._output.addresses):
            calls.call("rt.memcpy", array.ctypes.data, array.nbytes, address, array.nbytes, device.from_device)
        return results

    def close(self) -> None:
        """Give buffers and model back."""
        self._undo.close()

    def _declared(self, description: int, side: str) -> List[Tensor]:
        calls = self._calls
        count = calls.value(f"mdl.get_num_{side}s", description)
        return [self._tensor(description, side, index) for index in range(count)]

    def _tensor(self, description: int, side: str, index: int) -> Tensor:
        calls = self._calls
        dims = calls.call(f"mdl.get_{side}_dims", description, index)
        dtype = calls.value(f"mdl.get_{side}_data_type", description, index, failed=-1)
        size = calls.value(f"mdl.get_{side}_size_by_index", description, index)
        name = calls.value(f"mdl.get_{side}_name_by_index", description, index, failed="")
        return Tensor(name, tuple(dims["dims"][: dims["dimCount"]]), _DTYPES.get(dtype, f"type {dtype}"), size)

    def _allocate(self, tensors: Sequence[Tensor], undo: Callable[..., Any]) -> _Buffers:
        calls = self._calls
        dataset = calls.value("mdl.create_dataset")
        undo(calls.attempt, "mdl.destroy_dataset", dataset)
        addresses = []
        for tensor in tensors:
            address = calls.call("rt.malloc", tensor.size, _HUGE_FIRST)
            undo(calls.attempt, "rt.free", address)
            buffer = calls.value("create_data_buffer", address, tensor.size)
            undo(calls.attempt, "destroy_data_buffer", buffer)
            calls.call("mdl.add_dataset_buffer", dataset, buffer)
            addresses.append(address)
        return _Buffers(dataset, addresses)
