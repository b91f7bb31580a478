"""What the pipeline asks of a run time: load a network, run it. Every back end passes the same contract tests."""

from __future__ import annotations

import abc
from dataclasses import dataclass
from typing import Dict, Iterable, Mapping, Tuple

import numpy as np

from ...errors import ModelInputInvalid, ModelMismatch


@dataclass(frozen=True)
class TensorSpec:
    """Name, static shape and dtype (numpy name) of one input or output."""

    name: str
    shape: Tuple[int, ...]
    dtype: str = "float32"

    def __str__(self) -> str:
        return f"{self.name} {self.dtype} {'x'.join(map(str, self.shape))}"


class Network(abc.ABC):
    """A loaded network with static shapes.

    ``run`` copies what it is given and returns arrays of its own: callers may reuse or change either. Several threads
    may call it at once.
    """

    def __init__(self, name: str, inputs: Tuple[TensorSpec, ...], outputs: Tuple[TensorSpec, ...]) -> None:
        self.name, self.inputs, self.outputs = name, inputs, outputs

    def run(self, inputs: Mapping[str, np.ndarray]) -> Dict[str, np.ndarray]:
        """Outputs by name. Raises `ModelInputInvalid` for a missing, extra, mis-shaped or mistyped input."""
        if set(inputs) != {spec.name for spec in self.inputs}:
            raise ModelInputInvalid(f"{self.name}: given {sorted(inputs)}, wants {[s.name for s in self.inputs]}")
        for spec in self.inputs:
            array = inputs[spec.name]
            if tuple(array.shape) != spec.shape or array.dtype != np.dtype(spec.dtype):
                given = f"{array.dtype}{array.shape}"
                raise ModelInputInvalid(f"{self.name}.{spec.name}: {given}, wants {spec.dtype}{spec.shape}")
        # C order: MindSpore Lite reads Fortran-ordered memory as if it were C-ordered.
        return self._run({name: np.ascontiguousarray(array) for name, array in inputs.items()})

    def _check_signature(self, inputs: Iterable[TensorSpec], outputs: Iterable[TensorSpec]) -> None:
        """Compare what the file declares with what the manifest says. Raises `ModelMismatch`."""
        for side, declared, found in (("inputs", self.inputs, inputs), ("outputs", self.outputs, outputs)):
            ours, theirs = sorted(map(str, declared)), sorted(map(str, found))
            if ours != theirs:
                sentence = f"The file of {self.name} holds another network: its {side} are {', '.join(theirs)}"
                sentence += f", expected {', '.join(ours)}."
                raise ModelMismatch(sentence, message=sentence)

    @abc.abstractmethod
    def _run(self, inputs: Dict[str, np.ndarray]) -> Dict[str, np.ndarray]:
        """Run on checked, contiguous inputs; the returned arrays must not alias the back end's memory."""

    @abc.abstractmethod
    def close(self) -> None:
        """Give memory back; `run` must not be called afterwards."""
