"""What a model computes: the ONNX file in a shell, by ONNX Runtime, and then rounded as the chip rounds."""

from __future__ import annotations

import hashlib
from typing import Dict, List, Tuple

import numpy as np
import om_shells
import onnxruntime

from appliance.pipeline.runtime.onnx import session_options

from .things import Tensor

HIDDEN = "ascend_mbatch_shape_data"
_TYPE_IDS = {"float32": 0, "float16": 1, "int32": 3, "uint8": 4, "int64": 9}

_sessions: Dict[bytes, onnxruntime.InferenceSession] = {}


class Program:
    """``half``: results pass through float16, as they do on the chip also where it gives float32. ``tensor_names``: as
    ATC writes them behind node and number of an output."""

    def __init__(self, om: bytes, half: bool, tensor_names: bool) -> None:
        self._half = half
        self._session = _session(om_shells.partitions(om)[om_shells.WEIGHTS])
        command = om_shells.command_line(om)
        dtype = "float16" if "--output_type=FP16" in command else "float32"
        self.inputs = [_tensor(node.name, node.shape) for node in self._session.get_inputs()]
        nodes = self._session.get_outputs()
        names = [f"Node_{i}:0{f':{node.name}' if tensor_names else ''}" for i, node in enumerate(nodes)]
        self.outputs = [_tensor(name, node.shape, dtype) for name, node in zip(names, nodes)]
        self.batches: List[int] = []
        if "--insert_op_conf" in command:  # static AIPP: the image, which is the last input, is of bytes
            self.inputs[-1] = _tensor(self.inputs[-1].name, self.inputs[-1].shape, "uint8")
        if "--dynamic_batch_size=" in command:
            text = command.split("--dynamic_batch_size=")[1].split()[0]
            self.batches = [int(item) for item in text.split(",")]
            self.inputs.append(_tensor(HIDDEN, (1,), "int32"))

    def run(self, inputs: List[np.ndarray]) -> List[np.ndarray]:
        names = [node.name for node in self._session.get_inputs()]
        given = {name: array.astype(np.float32) for name, array in zip(names, inputs)}
        results = self._session.run(None, given)
        with np.errstate(over="ignore"):
            rounded = [result.astype(np.float16) if self._half else result for result in results]
            return [result.astype(tensor.dtype) for result, tensor in zip(rounded, self.outputs)]


def _session(onnx: bytes) -> onnxruntime.InferenceSession:
    key = hashlib.sha256(onnx).digest()
    if key not in _sessions:
        _sessions[key] = onnxruntime.InferenceSession(onnx, session_options(2), providers=["CPUExecutionProvider"])
    return _sessions[key]


def _tensor(name: str, shape: Tuple[int, ...], dtype: str = "float32") -> Tensor:
    return Tensor(name, tuple(shape), dtype, _TYPE_IDS[dtype])
