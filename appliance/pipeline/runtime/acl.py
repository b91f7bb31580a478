"""The NPU of an Ascend board through pyACL: recognised, not yet used, because no ``.om`` files are built yet."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import List


def device_nodes() -> List[str]:
    """Device files of the NPUs, such as ``/dev/davinci0``."""
    return sorted(str(node) for node in Path("/dev").glob("davinci[0-9]*"))


def obstacle() -> str:
    """Why the NPU cannot run the networks here."""
    if importlib.util.find_spec("acl") is None:
        return "CANN's Python module acl is not installed"
    if not device_nodes():
        return "CANN's module acl is installed, but there is no device /dev/davinci*"
    return f"CANN and {device_nodes()[0]} are here, but this version of the networks has no .om files"
