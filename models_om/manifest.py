"""The manifest: which networks there are, what goes in and out of them, which files hold them, where they come from.

    python -m models_om.manifest

writes ``manifest.toml`` anew from the files in ``built/``: whenever one of them changes, else the appliance refuses it.
The same files give the same text.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Dict, List

from appliance.errors import ModelMismatch
from appliance.files import write_atomically
from appliance.manifest import FORMAT, parse_manifest
from appliance.pipeline import signatures
from appliance.pipeline.coefficients import COEFFICIENTS
from appliance.pipeline.runtime.base import TensorSpec
from appliance.pipeline.signatures import CONDITION, LOOK, MOTION
from appliance.settings import FRAME_RATE, SAMPLE_RATE

from . import provenance, toml

__all__ = ["BUILT", "CONDITION", "HERE", "LOOK", "MOTION", "SIGNATURES", "write_manifest"]

HERE = Path(__file__).parent
BUILT = HERE / "built"

SIGNATURES: Dict[str, Dict[str, Dict[str, List[int]]]] = {
    name: {
        side: {spec.name: list(spec.shape) for spec in specs} for side, specs in zip(("inputs", "outputs"), signature)
    }
    for name, signature in signatures.SIGNATURES.items()
}
"""Network → "inputs" and "outputs" → name → shape, as the pipeline of the appliance feeds and reads them."""

BUILDS = (
    ("onnx", "fp32", "onnx"),
    ("onnx", "int8", "onnx"),
    ("mindspore_lite", "fp32", "mindir"),
    ("acl", "fp32", "om"),
    ("acl", "int8", "om"),
)
"""Run time, precision, ending of the file. Precision is that of the graph: an NPU computes a float one in float16."""

COMMENTS = {
    "": "The Sonic networks as a machine runs them. README.md beside this file is their model card.\n"
    "Written by `python -m models_om.manifest`: changes made by hand are lost with the next build,\n"
    "and a file that differs from what is written here is refused by the appliance.",
    "frame_rate": "video frames a second",
    "sample_rate": "Hz, one channel",
    "coefficients": "What motion is made of, in the order of the channels. 0 is the face at rest, 1 the full shape.",
    "data": "What the geometry needs besides the networks.",
    "networks.sonic": "File names are relative to this file. Shapes are static; batches are of one.",
    "networks.sonic.scales": "Scales and zero points that the int8 file was made with.",
    "networks.sonic_denoiser.scales": "Scales and zero points that the int8 file was made with.",
    "networks.sonic_painter.scales": "Scales and zero points that the int8 file was made with.",
    "sources": "The work of others that the networks were trained on.",
}


def write_manifest(folder: Path = HERE) -> None:
    """Describe what is built below ``folder``. Networks without a built file are left out.

    Raises `appliance.errors.ModelCorrupt` where the appliance would not accept it, `ModelMismatch` where the record
    of an int8 network was made for another file.
    """
    content = toml.dumps(described(folder), COMMENTS).encode("utf-8")
    parse_manifest(content)
    write_atomically(folder / "manifest.toml", content)


def described(folder: Path) -> Dict[str, Any]:
    """The content of the manifest for the files in ``folder``/built."""
    networks = {name: _network(name, folder) for name in signatures.SIGNATURES}
    networks = {name: network for name, network in networks.items() if network["files"]}
    used = {source for network in networks.values() for part in network["training"] for source in part["sources"]}
    data = sorted((folder / "built").glob("*.npz"))
    licences = provenance.DATA_LICENCES
    return {
        "format": FORMAT,
        "licence": provenance.LICENCE,
        "frame_rate": FRAME_RATE,
        "sample_rate": SAMPLE_RATE,
        "coefficients": list(COEFFICIENTS),
        "networks": networks,
        "data": [{**_file(path, folder), "licence": licences.get(path.name, provenance.LICENCE)} for path in data],
        "sources": {name: source for name, source in provenance.SOURCES.items() if name in used},
    }


def _network(name: str, folder: Path) -> Dict[str, Any]:
    inputs, outputs = signatures.SIGNATURES[name]
    found = [(runtime, kind, folder / "built" / f"{name}.{kind}.{ending}") for runtime, kind, ending in BUILDS]
    network = {
        "role": provenance.ROLES[name],
        "inputs": [_tensor(spec) for spec in inputs],
        "outputs": [_tensor(spec) for spec in outputs],
        "files": [{"runtime": r, "precision": p, **_file(path, folder)} for r, p, path in found if path.exists()],
        "training": provenance.TRAINING[name],
    }
    scales = folder / "built" / f"{name}.scales.json"
    if not scales.exists() or not (folder / "built" / f"{name}.int8.onnx").exists():
        return network
    _check_scales(scales)
    return {**network, "scales": _file(scales, folder)}


def _check_scales(record: Path) -> None:
    """The record of an int8 network must be of the files beside it."""
    content = json.loads(record.read_text(encoding="utf-8"))
    for kind in ("source", "built"):
        described = content[kind]
        if _digest(record.with_name(described["file"])) != described["sha256"]:
            message = f"{record.name} was not made with the {described['file']} beside it."
            raise ModelMismatch(message=message, action="Quantise the network anew: `python -m models_om.export`.")


def _tensor(spec: TensorSpec) -> Dict[str, Any]:
    return {"name": spec.name, "dtype": spec.dtype, "shape": list(spec.shape)}


def _file(path: Path, folder: Path) -> Dict[str, Any]:
    return {"file": path.relative_to(folder).as_posix(), "bytes": path.stat().st_size, "sha256": _digest(path)}


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    write_manifest()
