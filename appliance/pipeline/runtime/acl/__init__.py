"""The NPU of an Ascend board through pyACL, from ``.om`` files.

The order of calls and what CANN refuses: its documentation of AscendCL, and the header files of its run time.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import List, Optional

from .network import AclNetwork

__all__ = ["AclNetwork", "device_nodes", "obstacle"]


def device_nodes() -> List[str]:
    """Device files of the NPUs, such as ``/dev/davinci0``."""
    return sorted(str(node) for node in Path("/dev").glob("davinci[0-9]*"))


def obstacle() -> Optional[str]:
    """Why the NPU cannot be used here, or None. Looks, and does not touch it."""
    if importlib.util.find_spec("acl") is None:
        return "CANN's Python module acl is not installed"
    if not device_nodes():
        return "CANN's module acl is installed, but there is no device /dev/davinci*"
    return None
