"""Run a PyTorch network and its MindSpore counterpart on the same input and compare them layer by layer."""

from __future__ import annotations

import importlib
import itertools
from dataclasses import dataclass
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

import mindspore as ms
import numpy as np
from mindspore import nn

from .errors import PackageMissing, TwinInvalid
from .name_map import NameMap
from .weights import Weight

SEED = 0
WHOLE = ""
"""Name of the network itself among its layers."""
Outputs = Dict[Tuple[str, int], np.ndarray]
"""By layer and number of the tensor among all that the layer gave out, in order of execution."""


@dataclass(frozen=True)
class Difference:
    """Largest absolute difference of one output; ``peak``: the largest value in it."""

    name: str
    torch: str
    error: float
    peak: float
    agrees: bool


@dataclass(frozen=True)
class Comparison:
    """``layers`` in order of execution, then the network's ``outputs``; ``skipped``: layers on one side only."""

    layers: List[Difference]
    outputs: List[Difference]
    skipped: int

    @property
    def agrees(self) -> bool:
        return all(output.agrees for output in self.outputs) and self.first_diverging is None

    @property
    def first_diverging(self) -> Optional[Difference]:
        return next((layer for layer in self.layers if not layer.agrees), None)


def build_twin(name: str, weights: Mapping[str, Weight]) -> Any:
    """The `torch.nn.Module` ``module:Class``, evaluating, with ``weights``. Raises `TwinInvalid`, `PackageMissing`."""
    try:
        import torch
    except ImportError as error:
        raise PackageMissing(message="PyTorch is not installed, which comparing with a twin takes.") from error
    module, separator, attribute = name.partition(":")
    if not separator:
        raise TwinInvalid(message=f"{name!r} is not module:Class.")
    try:
        twin = getattr(importlib.import_module(module), attribute)()
    except Exception as error:  # whatever a module of somebody else's may raise
        raise TwinInvalid(message=f"The twin {name!r} cannot be built: {type(error).__name__}: {error}.") from error
    if not isinstance(twin, torch.nn.Module):
        raise TwinInvalid(message=f"{name!r} is no torch.nn.Module.")
    try:
        twin.load_state_dict({key: torch.from_numpy(np.array(weight.array)) for key, weight in weights.items()})
    except RuntimeError as error:
        last = str(error).splitlines()[-1].strip()
        raise TwinInvalid(str(error), message=f"The weights do not fit the twin {name!r}: {last}") from error
    return twin.eval()


def random_inputs(shapes: Mapping[str, Sequence[int]]) -> List[np.ndarray]:
    generator = np.random.default_rng(SEED)
    return [generator.standard_normal(shape).astype(np.float32) for shape in shapes.values()]


def compare(
    network: nn.Cell, twin: Any, name_map: NameMap, inputs: Sequence[np.ndarray], outputs: Sequence[str],
    tolerance: float,
) -> Comparison:  # fmt: skip
    """Both on the same ``inputs``. They agree where no value differs by more than ``tolerance`` times the largest value
    of that output, or times 1 if all are smaller. ``outputs``: names of the outputs. Raises `TwinInvalid`."""
    cells = dict(network.cells_and_names())
    modules = dict(twin.named_modules())
    pairs = {name: name_map.layer(name, cells) for name in modules}
    torch_names = {cell: name for name, cell in pairs.items() if cell is not None}
    theirs = _run_torch(twin, {cell: modules[name] for cell, name in torch_names.items()}, inputs)
    ours = _run_mindspore(network, {cell: cells[cell] for cell in torch_names}, inputs)

    if sum(name == WHOLE for name, _ in ours) != sum(name == WHOLE for name, _ in theirs):
        raise TwinInvalid(message="The twin gives another number of outputs than the MindSpore network.")

    def difference(layer: str, number: int) -> Difference:
        if layer == WHOLE:
            label = outputs[number] if number < len(outputs) else f"output {number + 1}"
        else:
            label = layer if number == 0 else f"{layer} ({number + 1})"
        a, b = ours[layer, number], theirs[layer, number]
        peak = float(np.abs(b).max(initial=0))
        error = float(np.abs(a - b).max(initial=0)) if a.shape == b.shape else float("inf")
        return Difference(label, torch_names[layer], error, peak, error <= tolerance * max(1.0, peak))

    both = [key for key in ours if key in theirs]
    layers = [difference(*key) for key in both if key[0] != WHOLE]
    ends = [difference(*key) for key in both if key[0] == WHOLE]
    alone = sum(cell is None for cell in pairs.values()) + len(set(cells) - set(torch_names))
    return Comparison(layers, ends, alone)


def _run_torch(twin: Any, modules: Mapping[str, Any], inputs: Sequence[np.ndarray]) -> Outputs:
    import torch

    recorded: Outputs = {}
    hooks = [module.register_forward_hook(_recorder(name, recorded)) for name, module in modules.items()]
    try:
        with torch.no_grad():
            twin(*[torch.from_numpy(value) for value in inputs])
    except Exception as error:  # whatever a module of somebody else's may raise
        raise TwinInvalid(message=f"The twin cannot run: {type(error).__name__}: {error}.") from error
    finally:
        for hook in hooks:
            hook.remove()
    return recorded


def _run_mindspore(network: nn.Cell, cells: Mapping[str, nn.Cell], inputs: Sequence[np.ndarray]) -> Outputs:
    recorded: Outputs = {}
    hooks = [cell.register_forward_hook(_recorder(name, recorded)) for name, cell in cells.items()]
    ms.set_context(mode=ms.PYNATIVE_MODE)  # a graph would run without hooks
    try:
        network(*map(ms.Tensor, inputs))
    finally:
        for hook in hooks:
            hook.remove()
    return recorded


def _recorder(name: str, recorded: Outputs) -> Callable[[Any, Any, Any], None]:
    numbers = itertools.count()

    def hook(layer: Any, inputs: Any, output: Any) -> None:
        for tensor in _tensors(output):
            array = tensor.asnumpy() if isinstance(tensor, ms.Tensor) else tensor.detach().numpy()
            # A copy: a layer that works in place changes what the one before it gave out.
            recorded[name, next(numbers)] = array.copy()

    return hook


def _tensors(output: Any) -> Iterator[Any]:
    if isinstance(output, Mapping):
        output = list(output.values())
    if isinstance(output, (tuple, list)):
        for item in output:
            yield from _tensors(item)
    elif hasattr(output, "shape"):
        yield output
