"""The guard: what it reserves, what it refuses, and what it has removed for which reason."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, Iterator, List

import pytest
from disks import fill, small_disk

from appliance.engine.job import Failure, Job, Priority
from appliance.engine.storage.clock import DAY_S, Reading
from appliance.engine.storage.folders import Folders
from appliance.engine.storage.guard import Guard, declared_seconds, needed
from appliance.engine.storage.store import Store
from appliance.errors import StorageFull
from appliance.settings import EngineSettings, LimitSettings, RetentionSettings, Settings

MEGABYTE = 1 << 20
FAILURE = Failure("speech_silent", "No speech.", "Record again.")


class Clock:
    """A machine whose clocks the test sets."""

    def __init__(self) -> None:
        self.now = Reading(wall=1_700_000_000.0, steady=100.0, boot="first")

    def __call__(self) -> Reading:
        return self.now

    def run(self, days: float) -> None:
        self.now = replace(self.now, wall=self.now.wall + days * DAY_S, steady=self.now.steady + days * DAY_S)

    def reboot(self, wall: float) -> None:
        self.now = Reading(wall, 10.0, self.now.boot + " and another")


class Appliance:
    """Guard, store and folders on one disk."""

    def __init__(self, state: Path, **retention: Any) -> None:
        retention = {"keep_free_megabytes": 0, **retention}
        self.settings = Settings(
            engine=EngineSettings(state=state),
            limits=LimitSettings(speech_minutes=90.0),
            retention=RetentionSettings(**retention),
        )
        self.folders = Folders(state)
        self.folders.create()
        self.clock = Clock()
        self.store = Store(self.folders.database, self.clock)
        self.guard = Guard(self.settings, self.folders, self.store)
        self._count = 0

    def job(self, reserved: int = 0, **options: Any) -> Job:
        self._count += 1
        job, _ = self.store.add(f"{self._count:032x}", Priority.NORMAL, options, False, reserved, None, "")
        self.folders.job(job.id).path.mkdir()
        return job

    def done(self, megabytes: int = 0) -> Job:
        job = self.job()
        self.folders.job(job.id).video.write_bytes(b"\xff" * (megabytes * MEGABYTE))
        self.store.started(job.id)
        self.store.done(job.id, {})
        return job

    def failed(self) -> Job:
        job = self.job()
        self.store.failed(job.id, FAILURE)
        return job

    def going(self, **how: Any) -> Dict[str, str]:
        """Job → reason of its removal."""
        return {removal.job.id: removal.reason for removal in self.guard.expired(**how)}


@pytest.fixture()
def appliance(tmp_path: Path) -> Iterator[Appliance]:
    made = Appliance(tmp_path / "state")
    yield made
    made.store.close()


@pytest.fixture()
def small(tmp_path: Path) -> Iterator[Appliance]:
    """On a disk of 64 MB, of which 16 must stay free."""
    with small_disk(tmp_path / "small", megabytes=64) as disk:
        made = Appliance(disk, keep_free_megabytes=16)
        yield made
        made.store.close()


# --- reservation ------------------------------------------------------------------------------------------------------


def test_a_reservation_covers_what_a_video_writes() -> None:
    """The rates measured: 1.3 Mbit/s of picture and 128 kbit/s of sound, twice, and 64 kB/s of decoded sound."""
    for seconds in (10, 600, 3600):
        written = seconds * (2 * (1_300_000 + 128_000) // 8 + 64_000)
        assert written <= needed(seconds) <= 1.5 * written + 8 * MEGABYTE
    assert needed(600, resolution=1024) > 3 * needed(600)


def test_unknown_recordings_are_reserved_for_by_their_size(appliance: Appliance) -> None:
    reserve_for = appliance.guard.reserve_for
    visitor, lecture = reserve_for(80_000, 0), reserve_for(28_800_000, 0)
    assert visitor < 16 * MEGABYTE  # 10 s at 64 kbit/s: many may wait at once
    assert lecture > needed(3600)
    assert reserve_for(1 << 30, 0) - (1 << 30) == needed(90 * 60)  # never for more than the longest speech


def test_photo_and_recording_count_until_they_are_there(appliance: Appliance) -> None:
    before = appliance.guard.reserve_for(500_000, 3_000_000)
    assert before - appliance.guard.reserve_for(500_000, 3_000_000, arrived=True) == 3_500_000


@pytest.mark.parametrize(("rate", "channels"), [(16_000, 1), (48_000, 2)])
def test_a_wav_says_how_long_it_is(tmp_path: Path, appliance: Appliance, rate: int, channels: int) -> None:
    speech, width = tmp_path / "speech", channels * 2
    head = struct.pack("<4sI8sIHHIIHH", b"RIFF", 0, b"WAVEfmt ", 16, 1, channels, rate, rate * width, width, 16)
    speech.write_bytes(head + b"data\0\0\0\0" + bytes(rate * width * 7))
    seconds = declared_seconds(speech)
    assert seconds == pytest.approx(7.0, abs=0.01)
    size = speech.stat().st_size
    assert appliance.guard.reserve_for(size, 0, seconds=seconds, arrived=True) == pytest.approx(needed(7), rel=0.01)


@pytest.mark.parametrize(
    "content",
    [b"", b"RIFF", b"OggS" + bytes(100), b"RIFF\0\0\0\0WAVEfmt " + bytes(100), b"RIFF\0\0\0\0AVI LIST" + b"\xff" * 100],
    ids=["empty", "short", "ogg", "no rate", "other RIFF"],
)
def test_other_files_say_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "speech").write_bytes(content)
    assert declared_seconds(tmp_path / "speech") is None
    assert declared_seconds(tmp_path / "missing") is None


def test_a_job_is_refused_before_the_disk_is_full(small: Appliance) -> None:
    taken: List[Job] = []
    with pytest.raises(StorageFull, match=r"may need \d+ MB; \d+ MB are free"):
        while len(taken) < 100:
            taken.append(small.job(reserved=small.guard.reserve_for(80_000, 100_000)))
    assert 2 < len(taken) < 100
    # All that was promised fits, and what must stay free is still free.
    assert small.guard.free() - small.store.reserved() >= 16 * MEGABYTE
    small.store.delete(taken[0].id)
    small.guard.reserve_for(80_000, 100_000)


def test_space_promised_to_uploads_is_not_given_twice(small: Appliance) -> None:
    free = small.guard.free() - 16 * MEGABYTE
    small.guard.reserve_for(80_000, 0, pledged=free - needed(10) - 200_000)
    with pytest.raises(StorageFull):
        small.guard.reserve_for(80_000, 0, pledged=free - needed(10) + 200_000)


def test_a_speech_that_turns_out_long_is_refused_early(small: Appliance) -> None:
    job = small.job(reserved=small.guard.reserve_for(80_000, 0))
    small.store.started(job.id)
    with pytest.raises(StorageFull):
        small.guard.re_reserve(job, frames=25 * 3600, frames_done=0)
    longer = small.guard.re_reserve(job, frames=25 * 30, frames_done=0)
    assert longer > job.reserved


def test_what_was_promised_is_never_refused(small: Appliance) -> None:
    """Others may have filled the disk meanwhile; the job's own reservation is what it lives on."""
    job = small.job(reserved=small.guard.reserve_for(80_000, 0))
    fill(small.folders.state, leave=2 * MEGABYTE)
    rest = small.guard.re_reserve(job, frames=25 * 10, frames_done=25 * 5)
    assert 0 < rest < job.reserved


def test_less_is_promised_the_more_is_made(appliance: Appliance) -> None:
    job = appliance.job(reserved=needed(3600, 768), min_resolution=768)
    rests = [appliance.guard.re_reserve(job, 25 * 3600, 25 * second) for second in range(0, 3601, 600)]
    assert rests[0] == job.reserved
    assert rests == sorted(rests, reverse=True)
    # At the end the finished file, as large as all segments, is still to be written.
    assert rests[-1] > 3600 * (1_300_000 * 2.25 + 128_000) / 8


# --- retention by age -------------------------------------------------------------------------------------------------


def test_old_jobs_go_with_their_reason(appliance: Appliance) -> None:
    done, failed = appliance.done(), appliance.failed()
    waiting, running = appliance.job(), appliance.job()
    appliance.store.started(running.id)
    appliance.clock.run(days=0.99)
    assert appliance.going() == {}
    appliance.clock.run(days=0.02)
    assert appliance.going() == {failed.id: "failed, older than 1 day"}
    appliance.clock.run(days=6)
    assert appliance.going() == {failed.id: "failed, older than 1 day", done.id: "older than 7 days"}
    assert {waiting.id, running.id}.isdisjoint(appliance.going())


def test_age_counts_from_the_end_of_the_work(appliance: Appliance) -> None:
    job = appliance.job()
    appliance.clock.run(days=30)
    appliance.store.started(job.id)
    appliance.store.done(job.id, {})
    assert appliance.going() == {}


def test_days_of_zero_keep_nothing(tmp_path: Path) -> None:
    appliance = Appliance(tmp_path / "state", days=0.0)
    job = appliance.done()
    assert appliance.going() == {job.id: "older than 0 days"}
    appliance.store.close()


@pytest.mark.parametrize("years", [56, -56])
def test_a_clock_set_by_years_while_running_removes_nothing(appliance: Appliance, years: int) -> None:
    job = appliance.done()
    appliance.clock.now = replace(appliance.clock.now, wall=appliance.clock.now.wall + years * 365 * DAY_S)
    assert appliance.going() == {}
    appliance.clock.run(days=7)
    assert list(appliance.going()) == [job.id]


def test_a_clock_that_wakes_up_in_another_year_removes_nothing(appliance: Appliance) -> None:
    job = appliance.done()
    appliance.clock.reboot(wall=appliance.clock.now.wall + 20 * 365 * DAY_S)
    assert appliance.going() == {}
    appliance.clock.reboot(wall=0.0)  # and then in 1970
    assert appliance.going() == {}
    appliance.clock.run(days=6)
    assert list(appliance.going()) == [job.id]


def test_an_appliance_switched_off_every_night_keeps_to_its_days(appliance: Appliance) -> None:
    job, days = appliance.done(), 0
    while not appliance.going():
        appliance.clock.run(days=8 / 24)
        appliance.going()  # as the engine does every few minutes
        appliance.clock.reboot(wall=appliance.clock.now.wall + DAY_S * 16 / 24)
        days += 1
        assert days < 20
    assert days == 7 and list(appliance.going()) == [job.id]


def test_age_is_not_lost_with_the_process(appliance: Appliance) -> None:
    job = appliance.done()
    appliance.clock.run(days=5)
    assert appliance.going() == {}
    appliance.store.close()
    appliance.store = Store(appliance.folders.database, appliance.clock)
    appliance.guard = Guard(appliance.settings, appliance.folders, appliance.store)
    appliance.clock.run(days=2)
    assert list(appliance.going()) == [job.id]


# --- retention by space -----------------------------------------------------------------------------------------------


def test_the_oldest_go_until_there_is_room(small: Appliance) -> None:
    jobs = [small.done(megabytes=10) for _ in range(5)]
    going = small.going(room=0)
    assert list(going) == [jobs[0].id]
    assert going[jobs[0].id] == "space: oldest first to get 16 MB free"
    assert list(small.going(room=15 * MEGABYTE)) == [job.id for job in jobs[:2]]


def test_a_full_appliance_makes_room_for_the_next_visitor(small: Appliance) -> None:
    """Else, with exactly as much free as must be, every job would be refused until the first one is old."""
    small.done(megabytes=1)
    while small.guard.free() > 16 * MEGABYTE:
        small.done(megabytes=4)
    for job_id in small.going():
        small.folders.job(job_id).video.unlink()
        small.folders.job(job_id).path.rmdir()
        small.store.delete(job_id)
    assert small.guard.free() > 18 * MEGABYTE
    assert small.going() == {}


def test_enough_space_removes_nothing(small: Appliance) -> None:
    for _ in range(3):
        small.done(megabytes=8)
    assert small.going() == {}


def test_promised_space_is_not_free(small: Appliance) -> None:
    job = small.done(megabytes=10)
    assert small.going(room=0) == {}
    small.job(reserved=40 * MEGABYTE)
    assert list(small.going(room=0)) == [job.id]


def test_what_goes_by_age_counts_as_space(small: Appliance) -> None:
    old = small.done(megabytes=20)
    small.clock.run(days=8)
    small.done(megabytes=20)
    assert small.going(room=5 * MEGABYTE) == {old.id: "older than 7 days"}
