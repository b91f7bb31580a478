"""Which PyTorch name is which MindSpore name: rules read from TOML, and what each kind of layer calls its parameters.

    network = "sonic"                     # or module:Class of a Cell; --network goes before it
    ignore = ["teacher.{rest*}"]          # PyTorch names that are not wanted
    optional = ["{layer*}.scale"]         # MindSpore parameters that may keep their first values

    [[layer]]                             # a layer: its parameters follow from what the MindSpore Cell is
    torch = "encoder.{path*}.bn"          # {x} is one part between dots, {x*} one or more
    mindspore = "speech.{path*}.norm"

    [[parameter]]                         # a single parameter
    torch = '(\\w+)\\.kernel_(\\d)'
    mindspore = '\\1.\\2.weight'
    regex = true                          # a regular expression and its template
    axes = [1, 0]                         # the order of the axes, where it is another

    [inputs]                              # shapes to compare at, for a network the manifest does not know
    mel = [1, 1, 80, 160]

Rules are tried in their order, those for parameters first; the first whose target exists in the network counts.
"""

from __future__ import annotations

import importlib
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Pattern, Sequence, Tuple

from .errors import MapInvalid

if TYPE_CHECKING:
    from mindspore import nn

BUILT_IN = Path(__file__).with_name("networks.toml")
COUNTERS = ("num_batches_tracked",)
"""Kept by PyTorch's batch norms and used by none of ours."""

NORM = {"weight": "gamma", "bias": "beta"}
LEAVES: Dict[str, Dict[str, str]] = {
    "BatchNorm": {**NORM, "running_mean": "moving_mean", "running_var": "moving_variance"},
    "InstanceNorm": NORM, "LayerNorm": NORM, "GroupNorm": NORM,
    "Embedding": {"weight": "embedding_table"},
    "PReLU": {"weight": "w"},
}  # fmt: skip
"""Names of a layer's parameters in PyTorch → in MindSpore, by how its class's name begins; others keep theirs (Conv,
ConvTranspose, Dense). The layouts are equal but for axes of length 1: Conv1d has one more in MindSpore."""

PLACEHOLDER = re.compile(r"\{(\w+)(\*?)\}")


@dataclass(frozen=True)
class Rule:
    """One line of a map; ``axes``: the order in which MindSpore wants the axes of the PyTorch tensor."""

    pattern: Pattern[str]
    template: str
    axes: Optional[Tuple[int, ...]] = None
    regex: bool = False

    def translate(self, name: str) -> Optional[str]:
        """The MindSpore name, or None if the rule is not for this one."""
        match = self.pattern.fullmatch(name)
        if match is None:
            return None
        if not self.regex:
            return PLACEHOLDER.sub(lambda placeholder: match.group(placeholder.group(1)), self.template)
        try:
            return match.expand(self.template)
        except (re.error, IndexError) as error:
            raise MapInvalid(message=f"The template {self.template!r} in the map is wrong: {error}.") from error


@dataclass(frozen=True)
class NameMap:
    """All rules of a map; see the module."""

    layers: Tuple[Rule, ...]
    parameters: Tuple[Rule, ...] = ()
    ignored: Tuple[Rule, ...] = ()
    optional: Tuple[Rule, ...] = ()
    network: Optional[str] = None
    inputs: Dict[str, List[int]] = field(default_factory=dict)

    def ignores(self, name: str) -> bool:
        return name.rpartition(".")[2] in COUNTERS or any(rule.translate(name) is not None for rule in self.ignored)

    def may_keep(self, parameter: str) -> bool:
        return any(rule.translate(parameter) is not None for rule in self.optional)

    def layer(self, name: str, cells: Mapping[str, nn.Cell]) -> Optional[str]:
        """The MindSpore layer that a PyTorch layer is; None if the network has none."""
        if not name:
            return ""
        found = (rule.translate(name) for rule in self.layers)
        return next((target for target in found if target in cells), None)

    def parameter(
        self, name: str, cells: Mapping[str, nn.Cell], parameters: Mapping[str, Any]
    ) -> Optional[Tuple[str, Optional[Tuple[int, ...]]]]:
        """The MindSpore parameter that a PyTorch tensor goes to and the order of its axes; None if there is none."""
        for rule in self.parameters:
            target = rule.translate(name)
            if target in parameters:
                return str(target), rule.axes
        path, _, leaf = name.rpartition(".")
        for rule in self.layers:
            layer = rule.translate(path) if path else ""
            if layer is not None and layer in cells:
                target = f"{layer}.{_leaf(cells[layer], leaf)}".lstrip(".")
                if target in parameters:
                    return target, rule.axes
        return None


def _leaf(cell: nn.Cell, leaf: str) -> str:
    kinds = [name for kind in type(cell).__mro__ for name in LEAVES if kind.__name__.lstrip("_").startswith(name)]
    renamed = LEAVES[kinds[0]].get(leaf, leaf) if kinds else leaf
    return renamed if hasattr(cell, renamed) else leaf


def load_map(path: Path) -> NameMap:
    """Read a map. Raises `MapInvalid`, naming what is wrong with it."""
    toml = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    try:
        content = toml.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        message = f"The map {path} cannot be read: {error.strerror}."
        raise MapInvalid(message=message, action="Check the path.") from error
    except ValueError as error:
        raise MapInvalid(message=f"The map {path.name} is not TOML: {error}.") from error
    unknown = sorted(set(content) - {"network", "ignore", "optional", "layer", "parameter", "inputs"})
    if unknown:
        raise MapInvalid(message=f"The map {path.name} has entries that mean nothing: {', '.join(unknown)}.")
    inputs = content.get("inputs", {})
    if not isinstance(inputs, dict) or not all(_whole_numbers(shape) for shape in inputs.values()):
        raise MapInvalid(message=f"[inputs] in {path.name} must give each input's shape, as in mel = [1, 1, 80, 160].")
    network = content.get("network")
    if network is not None and not isinstance(network, str):
        raise MapInvalid(message=f"`network` in {path.name} must be a name.")
    return NameMap(
        layers=tuple(_rule(entry, path) for entry in _list(content, "layer", path)),
        parameters=tuple(_rule(entry, path) for entry in _list(content, "parameter", path)),
        ignored=tuple(_rule({"torch": name, "mindspore": ""}, path) for name in _list(content, "ignore", path)),
        optional=tuple(_rule({"torch": name, "mindspore": ""}, path) for name in _list(content, "optional", path)),
        network=network, inputs=inputs,
    )  # fmt: skip


def _list(content: Mapping[str, Any], key: str, path: Path) -> Sequence[Any]:
    value = content.get(key, [])
    if not isinstance(value, list):
        raise MapInvalid(message=f"`{key}` in {path.name} must be a list; rules are written under [[{key}]].")
    return value


def _whole_numbers(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, int) and item >= 0 for item in value)


def _rule(entry: Any, path: Path) -> Rule:
    needed, known = {"torch", "mindspore"}, {"torch", "mindspore", "regex", "axes"}
    if not isinstance(entry, dict) or not needed <= set(entry) <= known:
        message = f"A rule of {path.name} needs `torch` and `mindspore`, and knows `regex` and `axes`: {entry}."
        raise MapInvalid(message=message)
    torch, mindspore, regex, axes = (entry.get(key) for key in ("torch", "mindspore", "regex", "axes"))
    if not isinstance(torch, str) or not isinstance(mindspore, str):
        raise MapInvalid(message=f"A rule of {path.name} must name both sides in quotes: {entry}.")
    if axes is not None and not (_whole_numbers(axes) and sorted(axes) == list(range(len(axes)))):
        raise MapInvalid(message=f"`axes` must be an order of axes, such as [1, 0], not {axes}.")
    try:
        pattern = re.compile(torch if regex else _expression(torch))
    except re.error as error:
        raise MapInvalid(message=f"{torch!r} in {path.name} is no pattern: {error}.") from error
    strange = [] if regex else [name for name, _ in PLACEHOLDER.findall(mindspore) if name not in pattern.groupindex]
    if strange:
        raise MapInvalid(message=f"{mindspore!r} in {path.name} uses {{{strange[0]}}}, which {torch!r} does not have.")
    return Rule(pattern, mindspore, tuple(axes) if axes is not None else None, bool(regex))


def _expression(pattern: str) -> str:
    """A pattern with placeholders as a regular expression."""
    expression, end = "", 0
    for placeholder in PLACEHOLDER.finditer(pattern):
        name, several = placeholder.groups()
        part = r"[^.]+(?:\.[^.]+)*" if several else r"[^.]+"
        expression += re.escape(pattern[end : placeholder.start()]) + f"(?P<{name}>{part})"
        end = placeholder.end()
    return expression + re.escape(pattern[end:])
