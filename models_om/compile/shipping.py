"""Compiled networks put beside the others, and into the manifest: all of them, or none."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, Optional, Sequence

from appliance.errors import ModelMismatch
from appliance.files import write_atomically
from appliance.pipeline.runtime.om_file import read_om
from appliance.pipeline.signatures import SIGNATURES

from ..manifest import write_manifest
from .build import PRECISIONS, Build


def ship(builds: Sequence[Build]) -> None:
    """Copy checked ``.om`` files of one networks folder into its ``built/`` and write the manifest anew.

    Raises `ModelMismatch` where other networks there are for another chip, what `write_manifest` raises, OSError; then
    everything is as it was.
    """
    networks, soc = builds[0].networks, builds[0].soc
    fresh = {networks / "built" / build.om.name: build.om.read_bytes() for build in builds}
    _check_chip(networks, soc, fresh)
    manifest = networks / "manifest.toml"
    before: Dict[Path, Optional[bytes]] = {path: _content(path) for path in (*fresh, manifest)}
    try:
        for path, content in fresh.items():
            write_atomically(path, content)
        write_manifest(networks)
    except BaseException:
        for path, old in before.items():
            if old is None:
                path.unlink(missing_ok=True)
            else:
                write_atomically(path, old)
        raise


def _check_chip(networks: Path, soc: str, fresh: Dict[Path, bytes]) -> None:
    """One machine has one chip: files for another would be refused there."""
    for name in SIGNATURES:
        for precision in PRECISIONS:
            path = networks / "built" / f"{name}.{precision}.om"
            if path in fresh or not path.is_file():
                continue
            there = read_om(path).soc
            if there and there != soc:
                message = f"{path.name} beside them was compiled for {there}, these for {soc}."
                action = f"Compile all networks for {soc}, or remove {path.name}."
                raise ModelMismatch(message, message=message, action=action)


def _content(path: Path) -> Optional[bytes]:
    return path.read_bytes() if path.is_file() else None
