"""Which run time and precision run the networks on this machine, and why."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Callable, Dict, List, Optional, Tuple

from ...errors import ModelCorrupt, ModelMissing, RuntimeUnavailable
from ...models import ModelStore
from . import acl, mindspore_lite, onnx
from .base import Network

ORDER = ("acl", "onnx", "mindspore_lite")
"""Tried from left to right where the choice is free: fastest first."""

AT_ONCE = ("onnx",)
"""Those that run a network in several threads at once; with the others, the threads take turns."""

_OBSTACLES: Dict[str, Callable[[], Optional[str]]] = {
    "acl": acl.obstacle,
    "onnx": onnx.obstacle,
    "mindspore_lite": mindspore_lite.obstacle,
}
_NETWORKS: Dict[str, Callable[..., Network]] = {
    "acl": acl.AclNetwork,
    "onnx": onnx.OnnxNetwork,
    "mindspore_lite": mindspore_lite.MindSporeLiteNetwork,
}


@dataclass(frozen=True)
class RuntimeStatus:
    """Whether a run time can run the networks here, why (not), and in which precisions."""

    name: str
    available: bool
    reason: str
    precisions: Tuple[str, ...]


@dataclass(frozen=True)
class Choice:
    """What will run the networks, with the reason in words."""

    runtime: str
    precision: str
    reason: str


def statuses(store: Optional[ModelStore] = None) -> List[RuntimeStatus]:
    """Every run time in the order of preference; never raises."""
    return [_status(name, store or ModelStore()) for name in ORDER]


def choose(runtime: str, precision: Optional[str], store: ModelStore) -> Choice:
    """The run time and precision to use.

    ``runtime``: a name of `ORDER` or "auto"; ``precision``: "int8", "fp32" or None for int8 where it is built.
    Raises `RuntimeUnavailable` where that cannot be had, `ModelMissing` or `ModelCorrupt` without a usable manifest.
    """
    store.manifest()
    if runtime != "auto":
        status = _status(runtime, store)
        if not status.available:
            raise RuntimeUnavailable(message=f"The run time {runtime} cannot be used: {status.reason}.")
        return _with_precision(status, precision, "asked for")
    passed_over: List[str] = []
    for name in ORDER:
        status = _status(name, store)
        if status.available and (precision is None or precision in status.precisions):
            return _with_precision(status, precision, "; ".join(["first that can run here", *passed_over]))
        lacking = f"has no {precision} networks" if status.available else status.reason
        passed_over.append(f"{name}: {lacking}")
    raise RuntimeUnavailable(
        message=f"No run time can run the networks here ({'; '.join(passed_over)}).",
        action="Install one: `pip install onnxruntime`; see `appliance doctor`.",
    )


def load_network(
    store: ModelStore,
    name: str,
    runtime: str = "auto",
    precision: Optional[str] = None,
    shared: bool = False,
) -> Network:
    """Load a network of the manifest on the run time that `choose` finds.

    One run has all the cores that this process may use. With ``shared`` it has one where threads run it at once.
    Raises `RuntimeUnavailable`, `ModelMissing`, `ModelCorrupt`, `NpuError`.
    """
    choice = choose(runtime, precision, store)
    path = store.network_file(name, choice.runtime, choice.precision)
    cores = 1 if shared and choice.runtime in AT_ONCE else usable_cores()
    return _NETWORKS[choice.runtime](path, store.network(name), cores)


def usable_cores() -> int:
    """Cores that the scheduler lets this process use (a container or cpuset may hold fewer than the machine has)."""
    return len(os.sched_getaffinity(0))


def _status(name: str, store: ModelStore) -> RuntimeStatus:
    obstacle = _OBSTACLES[name]()
    if obstacle is not None:
        return RuntimeStatus(name, False, obstacle, ())
    try:
        precisions = tuple(store.manifest().precisions(name))
    except (ModelMissing, ModelCorrupt) as error:
        return RuntimeStatus(name, False, f"installed, but: {error.message}", ())
    if not precisions:
        return RuntimeStatus(name, False, "installed, but the networks have no files for it", ())
    return RuntimeStatus(name, True, "installed, networks built for it", precisions)


def _with_precision(status: RuntimeStatus, precision: Optional[str], why_runtime: str) -> Choice:
    if precision is None:
        precision = "int8" if "int8" in status.precisions else "fp32"
        why = "default" if precision == "int8" else f"{status.name} has no int8 networks"
    else:
        why = "asked for"
    if precision not in status.precisions:
        raise RuntimeUnavailable(
            message=f"The run time {status.name} has no {precision} networks, only {', '.join(status.precisions)}.",
            action="Leave `--precision` out, or choose another `--runtime`.",
        )
    return Choice(status.name, precision, f"{status.name}: {why_runtime}; {precision}: {why}")
