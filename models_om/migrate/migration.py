"""Match PyTorch weights with the parameters of a MindSpore network and write them as a checkpoint."""

from __future__ import annotations

import importlib
import itertools
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Tuple

import mindspore as ms
import numpy as np
from mindspore import nn

from ..networks import PhotoEncoder, Sonic, SpeechEncoder, SpeechPair, partner
from .errors import MapInvalid, NetworkUnknown
from .name_map import NameMap
from .weights import Weight

NETWORKS = {
    "sonic": f"{__name__}:whole_sonic",
    "sonic_denoiser": "models_om.networks:SonicDenoiser",
    "sonic_painter": "models_om.networks.painter:SonicPainter",
}


def whole_sonic() -> Sonic:
    return Sonic(SpeechPair(SpeechEncoder(), partner()), PhotoEncoder())


def build_network(name: str) -> nn.Cell:
    """One of `NETWORKS`, or ``module:Class`` of a Cell without arguments; not training. Raises `NetworkUnknown`."""
    module, separator, attribute = NETWORKS.get(name, name).partition(":")
    if not separator:
        raise NetworkUnknown(message=f"There is no network {name!r}; there are {', '.join(NETWORKS)}.")
    try:
        network = getattr(importlib.import_module(module), attribute)()
    except Exception as error:  # whatever a module of somebody else's may raise
        why = f"{type(error).__name__}: {error}"
        raise NetworkUnknown(message=f"The network {name!r} cannot be built: {why}.") from error
    if not isinstance(network, nn.Cell):
        raise NetworkUnknown(message=f"{name!r} is no MindSpore Cell.")
    return network.set_train(False)


@dataclass(frozen=True)
class Match:
    """A tensor and the parameter it goes to; ``cast``: both dtypes where they differ."""

    torch: str
    mindspore: str
    count: int
    cast: Optional[str]


@dataclass(frozen=True)
class Mismatch:
    """A tensor that has a parameter to go to and does not fit it."""

    torch: str
    mindspore: str
    why: str


@dataclass
class Matching:
    """What became of every tensor and every parameter."""

    matched: List[Match] = field(default_factory=list)
    mismatched: List[Mismatch] = field(default_factory=list)
    ignored: List[str] = field(default_factory=list)
    kept: List[str] = field(default_factory=list)
    """MindSpore parameters that may keep their first values, and do."""
    unmatched_torch: List[str] = field(default_factory=list)
    unmatched_mindspore: List[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        return not (self.mismatched or self.unmatched_torch or self.unmatched_mindspore)


def match(
    weights: Mapping[str, Weight], network: nn.Cell, name_map: NameMap
) -> Tuple[Matching, Dict[str, np.ndarray]]:
    """Every tensor of ``weights`` to its parameter of ``network``; also the new values of the parameters by name.

    Raises `MapInvalid` where two tensors would go to one parameter.
    """
    cells = dict(network.cells_and_names())
    parameters = dict(network.parameters_and_names())
    matching = Matching()
    values: Dict[str, np.ndarray] = {}
    sources: Dict[str, str] = {}
    for name, weight in weights.items():
        found = name_map.parameter(name, cells, parameters)
        if name_map.ignores(name):
            matching.ignored.append(name)
        elif found is None:
            matching.unmatched_torch.append(name)
        else:
            target, axes = found
            if target in sources:
                raise MapInvalid(message=f"{sources[target]} and {name} would both become {target}.")
            sources[target] = name
            value, why = _fitted(weight.array, axes, parameters[target])
            if why:
                matching.mismatched.append(Mismatch(name, target, why))
                continue
            values[target] = value
            cast = f"{weight.dtype} → {value.dtype}" if weight.dtype != str(value.dtype) else None
            matching.matched.append(Match(name, target, value.size, cast))
    for name in parameters:
        if name not in sources:
            (matching.kept if name_map.may_keep(name) else matching.unmatched_mindspore).append(name)
    return matching, values


def _fitted(array: np.ndarray, axes: Optional[Tuple[int, ...]], parameter: ms.Parameter) -> Tuple[np.ndarray, str]:
    """The numbers as the parameter wants them, and why they do not fit if they do not."""
    dtype = parameter.asnumpy().dtype
    if axes is not None:
        if len(axes) != array.ndim:
            return array, f"shape {array.shape} has not the {len(axes)} axes that the rule orders"
        array = array.transpose(axes)
    if array.shape != parameter.shape and _without_ones(array.shape) != _without_ones(parameter.shape):
        return array, f"shape {array.shape}, not {tuple(parameter.shape)}{_hint(array.shape, parameter.shape)}"
    if np.issubdtype(array.dtype, np.floating) != np.issubdtype(dtype, np.floating):
        return array, f"{array.dtype}, not {dtype}"
    with np.errstate(over="ignore"):  # found in the next line
        array = np.ascontiguousarray(array.reshape(parameter.shape).astype(dtype))
    broken = int(array.size - np.isfinite(array).sum())
    return array, f"{broken} of {array.size} values are not finite" if broken else ""


def _without_ones(shape: Tuple[int, ...]) -> List[int]:
    """Shapes equal in this hold the same numbers in the same order."""
    return [length for length in shape if length != 1]


def _hint(shape: Tuple[int, ...], wanted: Tuple[int, ...]) -> str:
    orders = itertools.permutations(range(len(shape))) if len(shape) <= 5 else ()
    fitting = [list(order) for order in orders if tuple(shape[axis] for axis in order) == tuple(wanted)]
    return f"; axes = {fitting[0]} in its rule would fit" if fitting else ""


def save_checkpoint(network: nn.Cell, values: Mapping[str, np.ndarray], prefix: str, path: Path) -> None:
    """All parameters of ``network``, those in ``values`` renewed, under their names after ``prefix``."""
    saved: List[Dict[str, Any]] = [
        {"name": prefix + name, "data": ms.Tensor(values[name]) if name in values else parameter}
        for name, parameter in network.parameters_and_names()
    ]
    ms.save_checkpoint(saved, str(path))
    path.chmod(0o644)  # MindSpore makes it read-only for its owner, hidden from others


def load_checkpoint(network: nn.Cell, prefix: str, path: Path) -> None:
    saved = ms.load_checkpoint(str(path))
    for name, parameter in network.parameters_and_names():
        parameter.set_data(saved[prefix + name])
