"""`appliance bench engine`: small versions of its runs, with the real service and the real worker."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Dict, List, Optional

import pytest
from helpers import REPOSITORY

from appliance.bench.engine.figure import percentile
from appliance.bench.engine.load import overtaken
from appliance.engine.job import Job, Priority, State


def figures(*groups: str) -> Dict[str, Optional[bool]]:
    """Which of them met their goal."""
    command = [sys.executable, "-m", "appliance", "bench", "engine", "--quick", "--json"]
    command += [f"--only={name}" for name in groups]
    done = subprocess.run(command, cwd=str(REPOSITORY), capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert {row["group"] for row in rows} == set(groups)
    return {f"{row['name']}: {row['value']}": row["met"] for row in rows}


def missed(rows: Dict[str, Optional[bool]]) -> List[str]:
    return [row for row, met in rows.items() if met is False]


@pytest.mark.slow
def test_many_clients() -> None:
    rows = figures("load")
    assert len(rows) == 6
    assert [row for row in missed(rows) if not row.startswith("memory")] == []


@pytest.mark.slow
@pytest.mark.parametrize("whose", ["service", "worker"])
def test_kills(whose: str) -> None:
    rows = figures(f"{whose}-kills")
    assert len(rows) == 3
    assert missed(rows) == []


@pytest.mark.slow
def test_full_disks() -> None:
    rows = figures("disk")
    if len(rows) == 1:
        pytest.skip(next(iter(rows)))
    assert len(rows) == 8
    assert missed(rows) == []


@pytest.mark.slow
def test_lengths() -> None:
    rows = figures("length")
    assert len(rows) == 6
    assert [row for row in missed(rows) if "the file" in row] == []


@pytest.mark.slow
def test_latencies() -> None:
    """How long things take here is not for a test to judge."""
    assert len(figures("latency")) == 7


def test_a_job_that_goes_first_and_waits_is_noticed() -> None:
    def job(sequence: int, priority: Priority, created: float, started: float) -> Job:
        return Job(str(sequence), sequence, priority, State.DONE, created, started=started)

    first = job(1, Priority.LECTURE, 0.0, 1.0)
    in_order = [first, job(2, Priority.NORMAL, 0.5, 3.0), job(3, Priority.VISITOR, 2.0, 2.5)]
    assert overtaken(in_order[1:]) == 0
    assert overtaken(in_order) == 1  # the lecture was begun while another waited
    assert overtaken([job(1, Priority.NORMAL, 0.0, 2.0), job(2, Priority.NORMAL, 0.1, 1.0)]) == 1


def test_percentile() -> None:
    values = [float(value) for value in range(200, 0, -1)]
    assert (percentile(values, 0.5), percentile(values, 0.99), percentile(values, 1.0)) == (100.0, 198.0, 200.0)
    assert percentile([3.0], 0.99) == 3.0
