"""`appliance bench speed`: that its figures are measured, complete, and of the run asked for."""

from __future__ import annotations

import json

import pytest
from helpers import appliance

from appliance.bench.speed import PER_FRAME, START_UP, Measurement, table


@pytest.mark.slow
def test_a_measured_run() -> None:
    done = appliance("bench", "--json", "--seconds=2", "--min-resolution=384")
    assert done.returncode == 0, done.stdout
    (run,) = (json.loads(line) for line in done.stdout.splitlines())
    assert (run["frames"], run["width"], run["height"]) == (50, 384, 384)
    assert set(run["stages"]) == {*START_UP, *PER_FRAME}
    assert all(seconds > 0 for seconds in run["stages"].values())
    assert 0 < run["start_up"] < run["total"]
    assert run["real_time"] == pytest.approx(run["speech"] / (run["total"] - run["start_up"]))
    assert run["memory_python"] > 50
    assert run["memory_ffmpeg"] > 5


def test_a_run_that_fails_reports_its_error() -> None:
    done = appliance("bench", "--json", "--seconds=1", "--min-resolution=5000")
    assert done.returncode != 0
    assert "--min-resolution" in json.loads(done.stdout)["message"]


def test_table_adds_up() -> None:
    stages = {"models": 1.0, "face": 1.0, "speech": 1.0, "motion": 2.0, "render": 3.0, "encode": 4.0}
    text = table(Measurement(10.0, 1000, 512, 512, "onnx", "int8", 2.5, 12.5, 1.0, stages, 300.0, 80.0))
    assert "| render | 3.00 | 30% |" in text
    assert "| all | 10.00 | 100% |" in text
    assert "1.0 x real time after a start-up of 2.5 s" in text
