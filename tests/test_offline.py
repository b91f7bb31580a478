"""Nothing is told to anybody: the libraries underneath would, if they were let."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from helpers import REPOSITORY

LOAD_A_NETWORK = """
import sys
from appliance.pipeline.runtime.onnx import session_options
import onnxruntime
onnxruntime.InferenceSession(sys.argv[1], session_options(1), providers=["CPUExecutionProvider"])
"""


def test_the_run_time_keeps_no_record_of_this_machine(tmp_path: Path) -> None:
    """ONNX Runtime keeps what it has not sent yet in the user's home; in CI it does not even without our doing."""
    silent = ("CI", "ORT_DISABLE_TELEMETRY")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(silent)}
    environment = {
        **environment,
        "HOME": str(tmp_path),
        "XDG_CACHE_HOME": str(tmp_path),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    network = REPOSITORY / "tests" / "data" / "toy.onnx"
    command = [sys.executable, "-c", LOAD_A_NETWORK, str(network)]
    subprocess.run(command, cwd=str(REPOSITORY), env=environment, check=True)
    assert list(tmp_path.iterdir()) == []
