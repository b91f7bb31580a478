"""The manifest: which networks there are, what goes in and out of them, which files hold them, with hashes.

    python -m models_om.manifest

rewrites ``manifest.json`` from the files in ``built/``: whenever one of them changes, else the appliance refuses it.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Dict, List

from appliance.pipeline.coefficients import COEFFICIENTS
from appliance.pipeline.motion.sampler import STEP_CHANNELS, WINDOW
from appliance.settings import FRAME_RATE, SAMPLE_RATE

HERE = Path(__file__).parent
BUILT = HERE / "built"

MOTION = len(COEFFICIENTS)
CONDITION = 128
"""Channels of the condition: 32 regressed coefficients, the probability that the lips touch, the rest free features."""
LOOK = 128

SIGNATURES: Dict[str, Dict[str, Dict[str, List[int]]]] = {
    "sonic": {
        "inputs": {"audio_input": [1, 1, 80, 160], "image_input": [1, 3, 224, 224]},
        "outputs": {"condition": [1, CONDITION, 1, WINDOW], "look": [1, LOOK], "expression": [1, MOTION]},
    },
    "sonic_denoiser": {
        "inputs": {
            "motion": [1, MOTION, 1, WINDOW], "step": [1, STEP_CHANNELS, 1, 1], "condition": [1, CONDITION, 1, WINDOW],
        },
        "outputs": {"velocity": [1, MOTION, 1, WINDOW]},
    },
}  # fmt: skip
BUILDS = (("onnx", "fp32", "onnx"), ("onnx", "int8", "onnx"), ("mindspore_lite", "fp32", "mindir"))
"""Run time, precision, ending of the file."""

LICENCES = [
    {"what": "the networks", "licence": "Apache-2.0"},
    {"what": "GRID audiovisual sentence corpus, Cooke, Barker, Cunningham & Shao 2006", "licence": "CC BY 4.0"},
    {"what": "FACEGOOD-Audio2Face", "licence": "MIT"},
    {"what": "SFHQ-T2I synthetic portraits", "licence": "MIT"},
    {"what": "ICT-FaceKit, basis and targets", "licence": "MIT"},
    {"what": "Kokoro-82M and hibari voices, training speech", "licence": "Apache-2.0"},
    {"what": "MediaPipe face landmarker, teacher of tracking and expression", "licence": "Apache-2.0"},
]


def write_manifest() -> None:
    """What is built, with hashes; the appliance refuses any other file."""
    networks: Dict[str, Dict[str, Any]] = {}
    for name, signature in SIGNATURES.items():
        files = []
        for runtime, precision, ending in BUILDS:
            path = BUILT / f"{name}.{precision}.{ending}"
            if path.exists():
                files.append({"runtime": runtime, "precision": precision, **_described(path)})
        networks[name] = {
            side: [{"name": key, "shape": shape, "dtype": "float32"} for key, shape in signature[side].items()]
            for side in ("inputs", "outputs")
        }
        networks[name]["files"] = files
    manifest = {
        "format": 1, "frame_rate": FRAME_RATE, "sample_rate": SAMPLE_RATE, "coefficients": list(COEFFICIENTS),
"networks": networks, "data": [_described(path) for path in sorted(BUILT.glob("*.npz"))], "licences": LICENCES,
    }  # fmt: skip
    (HERE / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")


def _described(path: Path) -> Dict[str, object]:
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    return {"file": str(path.relative_to(HERE)), "sha256": digest, "bytes": len(content)}


if __name__ == "__main__":
    write_manifest()
