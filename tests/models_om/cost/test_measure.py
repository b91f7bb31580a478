"""The stages of the cost model are measured on a real video."""

from __future__ import annotations

import pytest

pytest.importorskip("skimage", reason="the demo's portrait comes with scikit-image (extra: demo)")

from models_om.cost.measure import measure, one_at_a_time


@pytest.mark.slow
def test_every_stage_takes_some_of_the_processor() -> None:
    stages = measure(384, 2.0, repeats=2)
    assert set(stages) == {"speech", "motion", "render", "encode", "ffmpeg"}
    assert all(spent > 0 for spent in stages.values())


@pytest.mark.slow
def test_what_a_second_thread_gains_is_a_share() -> None:
    assert 0 <= one_at_a_time(384, frames=30, rounds=1) <= 1
