"""A machine with an NPU, played by the double of pyACL in ``fakes/acl``."""

from __future__ import annotations

import atexit
import contextlib
import functools
import importlib
import sys
from pathlib import Path
from typing import Any, Dict, Iterator

import pytest
from helpers import write_manifest
from om_shells import om_shell

from appliance.models import ModelStore
from appliance.pipeline.runtime import acl

FAKES = Path(__file__).resolve().parent / "fakes"
TOY = Path(__file__).resolve().parent / "data" / "toy.onnx"
TOY_INPUTS = {"left": (1, 2, 4, 5), "right": (1, 3, 4, 5)}


@contextlib.contextmanager
def plugged_in(strict: bool = True, package: Any = acl, **options: Any) -> Iterator[Any]:
    """The `Npu` with these options, for as long as the block lasts; the program then ends, as far as the NPU can tell.

    With ``strict`` the test fails for anything that the double complains of. ``package``: that of the program.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name, module in _double().items():
            patch.setitem(sys.modules, name, module)
        double: Any = sys.modules["acl"]
        npu = double.Npu(**options)
        double.plug_in(npu)
        patch.setattr(package, "device_nodes", lambda: ["/dev/davinci0"])
        package.session._session.cache_clear()
        try:
            yield npu
        finally:
            session = package.session.shared()
            session.close()
            atexit.unregister(session.close)
            package.session._session.cache_clear()
            npu.check_end()
    if strict:
        assert not npu.complaints, "\n".join(map(str, npu.complaints))


@functools.lru_cache(maxsize=None)
def _double() -> Dict[str, Any]:
    """The modules of the double; for those who do not ask for it there is no `acl`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FAKES))
        importlib.import_module("acl")
        names = [name for name in sys.modules if name == "acl" or name.startswith("acl.")]
        return {name: sys.modules.pop(name) for name in names}


def toy_shell(**options: Any) -> bytes:
    """The toy network as an ``.om``."""
    return om_shell(TOY.read_bytes(), TOY_INPUTS, **options)


def toy_store(folder: Path, content: bytes) -> ModelStore:
    """A store in ``folder`` with the toy network in that ``.om``."""
    (folder / "toy.om").write_bytes(content)
    write_manifest(folder, {"acl": "toy.om"})
    return ModelStore(folder=folder / "models", networks=folder)
