"""The age of jobs under clocks that lie."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.engine.storage.clock import DAY_S, Reading, elapsed, read_clock

YEAR = 365 * DAY_S
EVENING = Reading(wall=1_700_000_000.0, steady=5000.0, boot="monday")


@pytest.mark.parametrize(
    ("what", "now", "seconds"),
    [
        ("an hour", Reading(EVENING.wall + 3600, 8600.0, "monday"), 3600.0),
        ("an hour, and the clock was set forward by years", Reading(EVENING.wall + 9 * YEAR, 8600.0, "monday"), 3600.0),
        ("an hour, and the clock was set back", Reading(0.0, 8600.0, "monday"), 3600.0),
        ("a night switched off", Reading(EVENING.wall + 14 * 3600, 20.0, "tuesday"), 14 * 3600.0),
        ("a weekend switched off", Reading(EVENING.wall + 2.5 * DAY_S, 20.0, "tuesday"), DAY_S),
        ("woken up years later", Reading(EVENING.wall + 56 * YEAR, 20.0, "tuesday"), DAY_S),
        ("a night, and boots cannot be told apart", Reading(EVENING.wall + 7200, 20.0, "monday"), 7200.0),
        ("woken up in 1970", Reading(12.0, 20.0, "tuesday"), 0.0),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_only_believable_time_counts(what: str, now: Reading, seconds: float) -> None:
    assert elapsed(EVENING, now) == pytest.approx(seconds)


def test_a_service_that_may_not_see_the_boots_has_a_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("appliance.engine.storage.clock.BOOT_ID", Path("/nowhere"))
    assert 0 <= elapsed(read_clock(), read_clock()) < 60


def test_this_machines_clocks_go_forward_within_a_boot() -> None:
    first, second = read_clock(), read_clock()
    assert first.boot == second.boot != ""
    assert 0 <= elapsed(first, second) < 60
