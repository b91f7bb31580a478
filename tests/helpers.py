"""What several tests need to make."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List

from hypothesis import strategies as st

from appliance.manifest import FORMAT
from appliance.pipeline.coefficients import COEFFICIENTS
from models_om import toml

REPOSITORY = Path(__file__).resolve().parent.parent


def write_manifest(folder: Path, files: Dict[str, str], **changes: Any) -> None:
    """A manifest of the toy network with the hashes of what is in ``folder``; ``changes`` replace top-level entries."""

    def tensor(name: str, *shape: int) -> Dict[str, Any]:
        return {"name": name, "shape": shape, "dtype": "float32"}

    def built(runtime: str, file: str) -> Dict[str, Any]:
        content = (folder / file).read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        return {"runtime": runtime, "precision": "fp32", "file": file, "sha256": digest, "bytes": len(content)}

    toy = {
        "role": "to be tested",
        "inputs": [tensor("left", 1, 2, 4, 5), tensor("right", 1, 3, 4, 5)],
        "outputs": [tensor("y", 1, 3, 4, 5), tensor("z", 1, 3, 1, 1)],
        "files": [built(runtime, file) for runtime, file in files.items()],
        "training": [{"part": "all", "command": "make_toy.py", "seed": 0, "steps": 1, "sources": ["nature"]}],
    }
    nature = {"what": "noise", "licence": "none", "credit": "nobody", "trained_on": "all of it", "held_out": "nothing"}
    manifest = {
        "format": FORMAT, "licence": "Apache-2.0", "frame_rate": 25, "sample_rate": 16000, "coefficients": COEFFICIENTS,
        "networks": {"toy": toy}, "sources": {"nature": nature},
    }  # fmt: skip
    (folder / "manifest.toml").write_text(toml.dumps({**manifest, **changes}, {"": "A manifest for tests."}))


def appliance(*arguments: Any, package: Path = REPOSITORY, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command line, of the package in that folder."""
    command = [sys.executable, "-m", "appliance", *map(str, arguments)]
    variables = {**os.environ, "PYTHONPATH": str(package), **environment}
    return subprocess.run(command, env=variables, capture_output=True, text=True, timeout=120, cwd=str(package))


def events(output: str) -> List[Dict[str, Any]]:
    """The JSON lines of a run with ``--json``."""
    return [json.loads(line) for line in output.splitlines()]


def floats(low: float, high: float) -> st.SearchStrategy[float]:
    """Numbers to try. No subnormal ones: a library that was built for speed may switch them off for the whole process,
    and hypothesis then refuses to draw any."""
    return st.floats(low, high, allow_subnormal=False)
