"""The whole appliance on a played board: an installation whose networks are ``.om`` files, and its command line."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List, Tuple

from deploy_graphs import deploy_graph
from helpers import REPOSITORY
from npus import FAKES
from om_shells import om_shell

from appliance.manifest import Manifest, read_manifest

ON_A_BOARD = """
from appliance.pipeline.runtime import acl
acl.device_nodes = lambda: ["/dev/davinci0"]
from appliance.cli import main
main()
"""


def install(folder: Path) -> None:
    """A copy of the package in ``folder``, with the built networks once more as ``.om``, in the manifest too."""
    bare = shutil.ignore_patterns("__pycache__")
    shutil.copytree(str(REPOSITORY / "appliance"), str(folder / "appliance"), ignore=bare)
    shutil.copytree(str(REPOSITORY / "models_om" / "built"), str(folder / "models_om" / "built"))
    text = (REPOSITORY / "models_om" / "manifest.toml").read_text(encoding="utf-8")
    manifest = read_manifest(REPOSITORY / "models_om" / "manifest.toml")
    entries = "".join(_om_entries(folder / "models_om", manifest))
    (folder / "models_om" / "manifest.toml").write_text(text + entries, encoding="utf-8")


def on_board(
    folder: Path, *arguments: Any, **npu: Any
) -> Tuple[subprocess.CompletedProcess[str], List[Dict[str, str]]]:
    """The command line of that installation, and what the NPU had to complain of. ``npu``: see `acl.npu.Npu`."""
    report = folder / "complaints.json"
    search = os.pathsep.join(map(str, (folder, FAKES, FAKES.parent)))
    variables = {**os.environ, "PYTHONPATH": search, "ACL_DOUBLE": json.dumps({"report": str(report), **npu})}
    command = [sys.executable, "-c", ON_A_BOARD, *map(str, arguments)]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=240, cwd=str(folder))
    complaints: List[Dict[str, str]] = json.loads(report.read_text()) if report.exists() else []
    return done, complaints


def _om_entries(folder: Path, manifest: Manifest) -> List[str]:
    entries = []
    for name, network in manifest.networks.items():
        built = network.find("onnx", "fp32")
        assert built is not None
        source = folder / built.file
        shapes = {spec.name: spec.shape for spec in network.inputs}
        for precision, graph in (("int8", deploy_graph(source)), ("fp32", source.read_bytes())):
            content = om_shell(graph, shapes)
            file = f"built/{name}.{precision}.om"
            (folder / file).write_bytes(content)
            entries.append(
                f'\n[[networks.{name}.files]]\nruntime = "acl"\nprecision = "{precision}"\nfile = "{file}"\n'
                f'bytes = {len(content)}\nsha256 = "{hashlib.sha256(content).hexdigest()}"\n'
            )
    return entries
