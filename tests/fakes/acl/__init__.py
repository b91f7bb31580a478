"""A strict double of pyACL, Huawei's Python module for Ascend NPUs, which is no package that can be installed.

It forbids whatever a board would refuse, and also what a board would let pass and answer with wrong numbers, a leak or
a frozen program. Each of these is a *complaint* with a name; a program is in order when none is left at its end. What
`om_shells` wrapped it computes with ONNX Runtime where it is in floating point, and as the chip does where it is INT8.

With this folder on the path, ``import acl`` gives it. `machine.Npu` is what is behind it; `plug_in` puts another there.
In a process of its own, the environment variable ``ACL_DOUBLE`` holds the arguments of `Npu` and the ``report`` file to
which complaints are written at the end, as JSON.
"""

from __future__ import annotations

import atexit
import json
import os
from pathlib import Path
from typing import Any, List

from .npu import Npu

_plugged: List[Npu] = []


def plug_in(npu: Npu) -> None:
    """From now on, `acl` is this one."""
    _plugged[:] = [npu]


def __getattr__(name: str) -> Any:
    """``acl.init`` and the like, as far as the CANN that is played has them."""
    if name.startswith("__"):
        raise AttributeError(name)
    return _plugged[0].attribute(name)


def _of_the_environment() -> None:
    options = json.loads(os.environ.get("ACL_DOUBLE", "{}"))
    report = options.pop("report", None)
    npu = Npu(**options)
    plug_in(npu)
    if report:
        # Registered before the program registers its own, so it runs after that.
        atexit.register(lambda: Path(report).write_text(json.dumps(npu.report())))


_of_the_environment()
