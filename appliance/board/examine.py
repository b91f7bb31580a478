"""All of it, in sections."""

from __future__ import annotations

import os
from typing import Dict, List, Mapping, Optional

from ..models import ModelStore
from ..pipeline.runtime.select import usable_cores
from .environment import examine_environment
from .finding import OK, Finding
from .memory import examine_memory
from .nodes import examine_nodes
from .selftest import examine_networks
from .smi import examine_chip
from .tree import Tree
from .versions import examine_versions

ENGINE_USER = "sonic"

Sections = Dict[str, List[Finding]]


def examine_board(
    store: Optional[ModelStore] = None, tree: Optional[Tree] = None, environment: Optional[Mapping[str, str]] = None
) -> Sections:
    """Title → findings. Reads, and runs the networks of ``store``; changes nothing, and raises nothing.

    Where there is no board, it says so and runs the networks on what there is.
    """
    tree, environment = tree or Tree(), os.environ if environment is None else environment
    return {**examine_machine(tree, environment, usable_cores()), "Networks": examine_networks(store or ModelStore())}


def examine_machine(tree: Tree, environment: Mapping[str, str], cores: int) -> Sections:
    """Everything but the networks. ``cores``: that this process may use."""
    if not tree.is_board():
        meaning = "No driver, no device node and no npu-smi: there is nothing of a board to look at."
        return {"Ascend board": [Finding("board", OK, "none here; only the networks are tried", meaning)]}
    return {
        "Ascend versions": examine_versions(tree),
        "Ascend devices": examine_nodes(tree, ENGINE_USER),
        "Ascend memory": examine_memory(tree),
        "Ascend chip": examine_chip(tree, cores),
        "Ascend variables": examine_environment(tree, environment),
    }
