"""What several tests need to make."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List

from appliance.pipeline.coefficients import COEFFICIENTS

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
        "inputs": [tensor("left", 1, 2, 4, 5), tensor("right", 1, 3, 4, 5)],
        "outputs": [tensor("y", 1, 3, 4, 5), tensor("z", 1, 3, 1, 1)],
        "files": [built(runtime, file) for runtime, file in files.items()],
    }
    manifest = {"format": 1, "coefficients": COEFFICIENTS, "networks": {"toy": toy}, "data": [], "licences": []}
    (folder / "manifest.json").write_text(json.dumps({**manifest, **changes}))


def appliance(*arguments: Any, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "appliance", *map(str, arguments)]
    variables = {**os.environ, "PYTHONPATH": str(REPOSITORY), **environment}
    return subprocess.run(command, env=variables, capture_output=True, text=True, timeout=120)


def events(output: str) -> List[Dict[str, Any]]:
    """The JSON lines of a run with ``--json``."""
    return [json.loads(line) for line in output.splitlines()]
