"""`appliance bench kiosk`: a small version of its run, with the real engine."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from helpers import REPOSITORY

pytest.importorskip("PyQt5.QtWidgets")
pytest.importorskip("qtawesome")


@pytest.mark.slow
def test_a_visit_is_measured_from_the_preview_to_the_end_of_the_video() -> None:
    """How quick a screen is here is not for a test to judge."""
    command = [sys.executable, "-m", "appliance", "bench", "kiosk", "--quick", "--json"]
    done = subprocess.run(command, cwd=str(REPOSITORY), capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(rows) == 8
    values = {row["name"]: row["value"] for row in rows}
    assert float(values["pictures of the camera that are shown"].split()[0]) > 0
    assert float(values["frames of the video that are painted while it plays"].split()[0]) > 0
