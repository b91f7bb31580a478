"""Read a PyTorch state dict as numbers, without running anything that the file brings along."""

from __future__ import annotations

import pickle
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Mapping

import numpy as np

from appliance.errors import UsageError

from .errors import PackageMissing, WeightsUnreadable, WeightsUnsafe

WRAPPERS = ("state_dict", "model_state_dict", "model")
"""Names under which training programs keep the state dict in a checkpoint of theirs."""
PARALLEL = "module."
"""What `torch.nn.DataParallel` puts before every name."""


@dataclass(frozen=True)
class Weight:
    """One tensor; ``dtype`` is how the file stored it, which numpy need not know."""

    array: np.ndarray
    dtype: str


def read_weights(path: Path) -> Dict[str, Weight]:
    """The tensors of a ``.safetensors`` or ``.pth``/``.pt`` file by name.

    Raises `UsageError` for another kind of file or none, `WeightsUnreadable`, `WeightsUnsafe` for a pickle of anything
    but tensors, `PackageMissing`.
    """
    readers = {".safetensors": _read_safetensors, ".pth": _read_pickle, ".pt": _read_pickle}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise UsageError(message=f"{path.name} is neither .safetensors nor .pth.", action="Save the weights as either.")
    if not path.is_file():
        raise UsageError(message=f"There is no file {path}.", action="Check the path.")
    weights = reader(path)
    if not weights:
        raise WeightsUnreadable(message=f"{path.name} holds no tensors.")
    if all(name.startswith(PARALLEL) for name in weights):
        weights = {name[len(PARALLEL) :]: weight for name, weight in weights.items()}
    return weights


def _read_safetensors(path: Path) -> Dict[str, Weight]:
    try:
        import ml_dtypes  # noqa: F401  (tells numpy what bfloat16 is)
        from safetensors import SafetensorError, safe_open
    except ImportError as error:
        raise PackageMissing(message=f"{error.name} is not installed.") from error
    try:
        with safe_open(str(path), framework="numpy") as file:
            names = list(file.keys())
            return {name: _plain(file.get_tensor(name)) for name in names}
    except (SafetensorError, OSError, TypeError, ValueError) as error:
        message = f"{path.name} is damaged, cut short or no safetensors file."
        raise WeightsUnreadable(str(error), message=message) from error


def _plain(array: np.ndarray) -> Weight:
    """numpy has no bfloat16 of its own: such weights go on as float32, which holds each of their values."""
    dtype = str(array.dtype)
    return Weight(array.astype(np.float32) if dtype == "bfloat16" else array, dtype)


def _read_pickle(path: Path) -> Dict[str, Weight]:
    try:
        import torch
    except ImportError as error:
        raise PackageMissing(message="PyTorch is not installed, which reading .pth takes.") from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of what it then refuses
            content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file fails in the archive, in the pickle or in the tensors' sizes
        # PyTorch has one error for a forbidden object and for bytes that are no pickle at all.
        forbidden = isinstance(error, pickle.UnpicklingError) and _is_pickle(path)
        if forbidden or "TorchScript" in str(error):
            raise WeightsUnsafe(str(error)) from error
        raise WeightsUnreadable(f"{type(error).__name__}: {error}") from error
    tensors = _unwrapped(content)
    others = [str(name) for name, value in tensors.items() if not isinstance(value, torch.Tensor)]
    if others:
        raise WeightsUnreadable(message=f"{path.name} holds more than tensors, such as {others[0]!r}.")
    try:
        return {name: _from_torch(value) for name, value in tensors.items()}
    except (RuntimeError, TypeError, NotImplementedError) as error:
        raise WeightsUnreadable(str(error), message=f"{path.name} holds a tensor without plain numbers.") from error


def _is_pickle(path: Path) -> bool:
    """Whether the file is an archive, as PyTorch writes them, or a pickle by its first byte."""
    with path.open("rb") as file:
        start = file.read(4)
    return start == b"PK\x03\x04" or start[:1] == b"\x80"


def _unwrapped(content: Any) -> Mapping[str, Any]:
    for name in WRAPPERS:
        if isinstance(content, Mapping) and isinstance(content.get(name), Mapping):
            content = content[name]
    if not isinstance(content, Mapping) or not all(isinstance(name, str) for name in content):
        raise WeightsUnreadable(message="The file holds no state dict (tensors by name).")
    return content


def _from_torch(tensor: Any) -> Weight:
    dtype = str(tensor.dtype).replace("torch.", "")
    tensor = tensor.detach()
    return Weight((tensor.float() if dtype == "bfloat16" else tensor).numpy().copy(), dtype)
