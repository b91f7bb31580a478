"""A set of weights to judge: the folder itself, an older one, or what a git revision held.

An older folder may describe its files in another format than today's `ModelStore` reads; so it is copied, and described
anew by today's `models_om.manifest`.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from appliance.models import ModelStore

from ..manifest import HERE, write_manifest


def current(folder: Path, scratch: Path) -> ModelStore:
    """The weights of a folder laid out like `models_om`; its manifest may be missing, as while networks are tried."""
    return ModelStore(networks=folder) if (folder / "manifest.toml").exists() else earlier(str(folder), scratch)


def earlier(source: str, scratch: Path) -> ModelStore:
    """The weights of a folder like `models_om`, of any age, or of a git revision of this repository.

    Raises `ValueError` where it is neither.
    """
    folder = Path(tempfile.mkdtemp(dir=scratch))
    if (Path(source) / "built").is_dir():
        shutil.copytree(Path(source) / "built", folder / "built")
    else:
        _export(source, folder)
    write_manifest(folder)
    return ModelStore(networks=folder)


def _export(revision: str, folder: Path) -> None:
    command = ["git", "archive", revision, "built"]
    done = subprocess.run(command, cwd=HERE, capture_output=True)
    if done.returncode != 0:
        raise ValueError(f"{revision} is neither a folder with built/ nor a git revision: {done.stderr.decode()}")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data") if hasattr(tarfile, "data_filter") else archive.extractall(folder)
