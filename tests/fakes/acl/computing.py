"""What a model computes: the ONNX file in a shell, by ONNX Runtime, and then rounded as the chip rounds.

A deploy graph, which is what ATC makes INT8 of, is computed by `cube` instead.
"""

from __future__ import annotations

import hashlib
from typing import Dict, List, Mapping, Tuple, Union

import numpy as np
import om_shells
import onnxruntime

from appliance.pipeline.runtime.onnx import session_options

from .cube import Cube
from .things import Tensor

HIDDEN = "ascend_mbatch_shape_data"
_TYPE_IDS = {"float32": 0, "float16": 1, "int32": 3, "uint8": 4, "int64": 9}


class Floats:
    """A network in floating point. ``inputs``, ``outputs``: names and shapes."""

    def __init__(self, onnx: bytes) -> None:
        self._session = onnxruntime.InferenceSession(onnx, session_options(2), providers=["CPUExecutionProvider"])
        self.inputs = {node.name: tuple(node.shape) for node in self._session.get_inputs()}
        self.outputs = {node.name: tuple(node.shape) for node in self._session.get_outputs()}

    def run(self, given: Mapping[str, np.ndarray]) -> List[np.ndarray]:
        results: List[np.ndarray] = self._session.run(None, given)
        return results


_networks: Dict[bytes, Union[Floats, Cube]] = {}


class Program:
    """``half``: results pass through float16, as they do on the chip also where it gives float32; those of INT8 always
    do. ``tensor_names``: as ATC writes them behind node and number of an output."""

    def __init__(self, om: bytes, half: bool, tensor_names: bool) -> None:
        self._half = half
        self._network = _network(om_shells.partitions(om)[om_shells.WEIGHTS])
        command = om_shells.command_line(om)
        dtype = "float16" if "--output_type=FP16" in command else "float32"
        self.inputs = [_tensor(*item) for item in self._network.inputs.items()]
        names = [f"Node_{i}:0{f':{name}' if tensor_names else ''}" for i, name in enumerate(self._network.outputs)]
        self.outputs = [_tensor(name, shape, dtype) for name, shape in zip(names, self._network.outputs.values())]
        self.batches: List[int] = []
        if "--insert_op_conf" in command:  # static AIPP: the image, which is the last input, is of bytes
            self.inputs[-1] = _tensor(self.inputs[-1].name, self.inputs[-1].shape, "uint8")
        if "--dynamic_batch_size=" in command:
            text = command.split("--dynamic_batch_size=")[1].split()[0]
            self.batches = [int(item) for item in text.split(",")]
            self.inputs.append(_tensor(HIDDEN, (1,), "int32"))

    def run(self, inputs: List[np.ndarray]) -> List[np.ndarray]:
        given = {name: array.astype(np.float32) for name, array in zip(self._network.inputs, inputs)}
        results = self._network.run(given)
        with np.errstate(over="ignore"):
            rounded = [result.astype(np.float16) if self._half else result for result in results]
            return [result.astype(tensor.dtype) for result, tensor in zip(rounded, self.outputs)]


def _network(onnx: bytes) -> Union[Floats, Cube]:
    key = hashlib.sha256(onnx).digest()
    if key not in _networks:
        _networks[key] = Cube(onnx) if om_shells.quantised(onnx) else Floats(onnx)
    return _networks[key]


def _tensor(name: str, shape: Tuple[int, ...], dtype: str = "float32") -> Tensor:
    return Tensor(name, shape, dtype, _TYPE_IDS[dtype])
