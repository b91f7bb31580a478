from __future__ import annotations

import pytest

from appliance.engine.job import Job, Priority, State
from appliance.engine.scheduler import LONGEST_DELAY, Pace, is_set_aside, restart_delay, yields_to


def test_only_a_more_urgent_job_interrupts() -> None:
    assert yields_to(running=Priority.LECTURE, arrived=Priority.VISITOR)
    assert not yields_to(running=Priority.NORMAL, arrived=Priority.NORMAL)
    assert not yields_to(running=Priority.VISITOR, arrived=Priority.LECTURE)


def test_the_second_crash_sets_a_job_aside() -> None:
    def job(crashes: int) -> Job:
        return Job("", 1, Priority.NORMAL, State.QUEUED, 0.0, crashes=crashes)

    assert [is_set_aside(job(crashes)) for crashes in range(4)] == [False, False, True, True]


def test_a_worker_that_never_starts_is_tried_ever_less_often_but_always_again() -> None:
    delays = [restart_delay(failures) for failures in range(30)]
    assert delays[0] == 0 and delays == sorted(delays)
    assert delays[-1] == LONGEST_DELAY


def test_pace_is_that_of_the_last_seconds() -> None:
    pace = Pace()
    rates = [pace.frames_per_second(second, 10 * second) for second in range(10)]
    rates += [pace.frames_per_second(10 + second, 100 + 50 * second) for second in range(10)]
    assert rates[0] is None
    assert rates[9] == pytest.approx(10)
    assert rates[-1] == pytest.approx(50)


def test_what_an_earlier_run_made_does_not_count_as_pace() -> None:
    pace = Pace()
    assert pace.frames_per_second(0.0, 5000) is None
    assert pace.frames_per_second(1.0, 5025) == pytest.approx(25)


def test_pace_remembers_no_more_than_it_needs() -> None:
    pace = Pace()
    for frame in range(100_000):
        pace.frames_per_second(frame / 1000, frame)
    assert len(pace._seen) < 200
