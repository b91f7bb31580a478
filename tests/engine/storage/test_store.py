"""The store: what it promises of its jobs, also when it is killed in the middle of it."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional

import pytest
from disks import fill, small_disk
from helpers import REPOSITORY

from appliance.engine.job import Failure, Job, Priority, State
from appliance.engine.storage.folders import Folders
from appliance.engine.storage.store import VERSION, Store
from appliance.errors import EngineError, EngineUnavailable, IdempotencyConflict, JobNotFound, StorageFull

FAILURE = Failure("speech_silent", "No speech.", "Record again.")


def identifier(number: int) -> str:
    return f"{number:032x}"


@pytest.fixture()
def folders(tmp_path: Path) -> Folders:
    made = Folders(tmp_path / "state")
    made.create()
    return made


@pytest.fixture()
def store(folders: Folders) -> Iterator[Store]:
    opened = Store(folders.database)
    yield opened
    opened.close()


def add(store: Store, number: int, priority: Priority = Priority.NORMAL, **changes: Any) -> Job:
    values: Dict[str, Any] = {"options": {}, "consent": False, "reserved": 0, "key": None, "fingerprint": ""}
    return store.add(identifier(number), priority, **{**values, **changes})[0]


def finish(store: Store, number: int) -> None:
    store.started(identifier(number))
    store.done(identifier(number), {"frames": 25})


def in_order(store: Store) -> List[int]:
    """The queue, emptied by making one job after another."""
    order = []
    while True:
        job = store.next()
        if job is None:
            return order
        order.append(int(job.id, 16))
        store.started(job.id)
        store.done(job.id, {})


# --- the queue --------------------------------------------------------------------------------------------------------


def test_a_job_keeps_what_it_was_given(store: Store, folders: Folders) -> None:
    options = {"seed": 3, "label": "throughout", "min_resolution": 768}
    before = time.time()
    job = add(store, 1, Priority.LECTURE, options=options, consent=True, reserved=1 << 40)
    store.close()
    again = Store(folders.database)
    assert again.get(job.id) == job
    assert (job.state, job.priority, job.options, job.consent) == (State.QUEUED, Priority.LECTURE, options, True)
    assert (job.reserved, job.crashes, job.segments) == (1 << 40, 0, 0)
    assert before <= job.created <= time.time()
    again.close()


def test_smaller_priority_first_then_the_order_of_arrival(store: Store) -> None:
    for number, priority in enumerate((2, 1, 0, 2, 1, 0), 1):
        add(store, number, Priority(priority))
    assert in_order(store) == [3, 6, 2, 5, 1, 4]
    assert store.next() is None


def test_position_counts_who_is_served_before(store: Store) -> None:
    add(store, 1, Priority.NORMAL)
    add(store, 2, Priority.NORMAL)
    add(store, 3, Priority.VISITOR)
    assert [store.position(identifier(n)) for n in (3, 1, 2)] == [0, 1, 2]
    store.started(identifier(3))
    assert [store.position(identifier(n)) for n in (3, 1, 2)] == [0, 1, 2]
    store.done(identifier(3), {})
    assert [store.position(identifier(n)) for n in (3, 1, 2)] == [0, 0, 1]
    with pytest.raises(JobNotFound):
        store.position(identifier(9))


def test_counts_name_every_state_and_every_priority(store: Store) -> None:
    assert store.counts() == dict.fromkeys(State, 0)
    assert store.queue_by_priority() == dict.fromkeys(Priority, 0)
    for number in range(4):
        add(store, number, Priority.VISITOR)
    finish(store, 0)
    store.failed(identifier(1), FAILURE)
    store.started(identifier(2))
    assert store.counts() == {State.QUEUED: 1, State.RUNNING: 1, State.DONE: 1, State.FAILED: 1}
    assert store.queue_by_priority() == {Priority.VISITOR: 1, Priority.NORMAL: 0, Priority.LECTURE: 0}


def test_a_stopped_job_keeps_its_place(store: Store) -> None:
    add(store, 1)
    add(store, 2)
    store.started(identifier(1))
    store.stopped(identifier(1))
    assert in_order(store) == [1, 2]


def test_pages_of_the_list_hold_every_job_once_newest_first(store: Store) -> None:
    for number in range(10):
        add(store, number)
    finish(store, 4)
    seen: List[int] = []
    before: Optional[int] = None
    while True:
        page = store.list(limit=3, before=before)
        if not page:
            break
        seen += [int(job.id, 16) for job in page]
        before = page[-1].sequence
    assert seen == list(reversed(range(10)))
    assert [int(job.id, 16) for job in store.list(State.DONE)] == [4]
    assert store.list(State.FAILED) == []


def test_no_sequence_number_is_used_twice(store: Store) -> None:
    last = add(store, 1)
    store.delete(last.id)
    assert add(store, 2).sequence > last.sequence


def test_space_is_promised_until_the_end(store: Store) -> None:
    for number in range(3):
        add(store, number, reserved=100)
    store.started(identifier(0))
    store.segment(identifier(0), segments=1, frames_done=75, frames=300, reserved=60)
    assert store.reserved() == 260
    store.done(identifier(0), {})
    store.failed(identifier(1), FAILURE)
    assert store.reserved() == 100


# --- the life of a job ------------------------------------------------------------------------------------------------


def test_results_and_failures_are_kept(store: Store) -> None:
    add(store, 1)
    add(store, 2)
    store.started(identifier(1))
    store.done(identifier(1), {"frames": 75, "seconds_per_stage": {"video": 1.5}})
    store.failed(identifier(2), FAILURE)
    done, failed = store.get(identifier(1)), store.get(identifier(2))
    assert (done.state, done.result) == (State.DONE, {"frames": 75, "seconds_per_stage": {"video": 1.5}})
    assert (failed.state, failed.failure) == (State.FAILED, FAILURE)
    assert None not in (done.started, done.finished, failed.finished)


def test_crashes_are_forgiven_by_a_new_segment_only(store: Store) -> None:
    add(store, 1)
    store.started(identifier(1))
    store.segment(identifier(1), segments=1, frames_done=75, frames=None, reserved=0)
    assert store.crashed(identifier(1)).crashes == 1
    assert store.get(identifier(1)).state is State.QUEUED
    store.started(identifier(1))
    store.segment(identifier(1), segments=1, frames_done=75, frames=300, reserved=0)  # the same one, told again
    assert store.crashed(identifier(1)).crashes == 2
    store.started(identifier(1))
    store.segment(identifier(1), segments=2, frames_done=150, frames=300, reserved=0)
    job = store.get(identifier(1))
    assert (job.crashes, job.segments, job.frames_done, job.frames) == (0, 2, 150, 300)


def test_a_step_that_does_not_follow_is_refused_and_changes_nothing(store: Store) -> None:
    add(store, 1)
    for step in (
        lambda: store.done(identifier(1), {}),
        lambda: store.stopped(identifier(1)),
        lambda: store.segment(identifier(1), 1, 1, 1, 1),
    ):
        before = store.get(identifier(1))
        with pytest.raises(EngineError):
            step()
        assert store.get(identifier(1)) == before
    finish(store, 1)
    with pytest.raises(EngineError):
        store.failed(identifier(1), FAILURE)
    assert store.get(identifier(1)).state is State.DONE


def test_what_was_running_is_queued_again_after_a_restart(store: Store, folders: Folders) -> None:
    for number in (1, 2, 3):
        add(store, number)
    store.started(identifier(1))
    store.segment(identifier(1), segments=4, frames_done=300, frames=900, reserved=7)
    store.close()
    again = Store(folders.database)
    (job,) = again.recover()
    assert (job.id, job.state, job.segments, job.frames_done) == (identifier(1), State.QUEUED, 4, 300)
    assert again.recover() == []
    assert in_order(again) == [1, 2, 3]
    again.close()


def test_a_deleted_job_is_nowhere(store: Store, folders: Folders) -> None:
    add(store, 1, options={"producer": "a-deleted-producer"}, key="a key")
    store.delete(identifier(1))
    for question in (store.get, store.delete, store.started):
        with pytest.raises(JobNotFound):
            question(identifier(1))
    assert store.list() == [] and store.find_key("a key") is None
    store.close()
    assert b"a-deleted-producer" not in folders.database.read_bytes()


# --- idempotency ------------------------------------------------------------------------------------------------------


def test_a_key_gives_its_job_again(store: Store) -> None:
    first, new = store.add(identifier(1), Priority.NORMAL, {}, False, 0, "key", "contents")
    assert new
    again, new = store.add(identifier(2), Priority.LECTURE, {"seed": 1}, True, 9, "key", "contents")
    assert (again, new) == (first, False)
    assert store.find_key("key") == (first, "contents")
    assert len(store.list()) == 1


def test_a_key_with_other_contents_is_refused(store: Store) -> None:
    add(store, 1, key="key", fingerprint="contents")
    with pytest.raises(IdempotencyConflict):
        add(store, 2, key="key", fingerprint="others")
    assert len(store.list()) == 1


def test_a_key_ends_with_its_job(store: Store) -> None:
    add(store, 1, key="key", fingerprint="contents")
    store.delete(identifier(1))
    assert add(store, 2, key="key", fingerprint="others").id == identifier(2)


def test_keys_are_not_kept_in_words(store: Store, folders: Folders) -> None:
    add(store, 1, key="Annas-Geburtstag.wav")
    store.close()
    assert b"Geburtstag" not in b"".join(path.read_bytes() for path in folders.state.glob("jobs.sqlite3*"))


# --- the file ---------------------------------------------------------------------------------------------------------


def test_a_closed_store_says_that_it_is(store: Store) -> None:
    store.close()
    for call in (store.list, store.counts, store.recover, lambda: add(store, 1)):
        with pytest.raises(EngineUnavailable):
            call()


def test_only_its_user_may_read_it(store: Store, folders: Folders) -> None:
    add(store, 1)
    files = list(folders.state.glob("jobs.sqlite3*"))
    assert len(files) > 1
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_a_newer_database_is_refused_in_words_and_left_alone(folders: Folders) -> None:
    Store(folders.database).close()
    with sqlite3.connect(str(folders.database)) as database:
        database.execute(f"PRAGMA user_version = {VERSION + 1}")
    database.close()
    before = folders.database.read_bytes()
    with pytest.raises(EngineError, match="newer version"):
        Store(folders.database)
    assert folders.database.read_bytes() == before


def test_a_place_without_a_database_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="state folder"):
        Store(tmp_path / "nowhere" / "jobs.sqlite3")


@pytest.mark.parametrize("damage", ["garbage", "garbage in the middle", "empty", "gone"])
def test_no_finished_video_is_lost_with_the_database(store: Store, folders: Folders, damage: str) -> None:
    for number in range(40):
        add(store, number, options={"seed": number}, key=f"key {number}")
        folders.job(identifier(number)).path.mkdir()
    finish(store, 1)
    folders.job(identifier(1)).video.write_bytes(b"a video")
    (folders.jobs / "something else").mkdir()
    store.close()
    content = bytearray(folders.database.read_bytes())
    if damage == "garbage":
        content[:] = random.Random(0).getrandbits(8 * 4096).to_bytes(4096, "little")
    elif damage == "garbage in the middle":
        for page in range(4096, len(content), 4096):
            content[page : page + 512] = b"\xa5" * 512
    elif damage == "empty":
        content.clear()
    folders.database.write_bytes(bytes(content))
    if damage == "gone":
        folders.database.unlink()

    again = Store(folders.database)
    assert [job.id for job in again.list(State.DONE)] == [identifier(1)]
    assert folders.job(identifier(1)).video.read_bytes() == b"a video"
    others = again.list(State.FAILED)
    assert len(others) == 39
    assert {job.failure and job.failure.code for job in others} == {"engine"}
    assert again.next() is None
    assert add(again, 100).state is State.QUEUED
    again.close()
    kept = [path for path in folders.state.glob("jobs.sqlite3.damaged-*") if not path.name.endswith(("-wal", "-shm"))]
    assert [path.read_bytes() for path in kept] == ([bytes(content)] if damage.startswith("garbage") else [])


def test_a_full_disk_is_told_in_words_and_loses_nothing(tmp_path: Path) -> None:
    with small_disk(tmp_path / "small", megabytes=4) as disk:
        store = Store(disk / "jobs.sqlite3")
        add(store, 1)
        ballast = fill(disk, leave=200_000)
        with pytest.raises(StorageFull):
            for number in range(2, 10_000):
                add(store, number, options={"producer": "x" * 1000})
        before = store.list(limit=10_000)
        assert len(before) == number - 1
        ballast.unlink()
        assert store.list(limit=10_000) == before
        new = add(store, 10_001)
        store.close()
        again = Store(disk / "jobs.sqlite3")
        assert again.list(limit=10_000) == [new, *before]
        again.close()


def test_jobs_can_be_deleted_where_not_a_byte_is_free(tmp_path: Path) -> None:
    """Also by an engine that is only started then."""
    with small_disk(tmp_path / "small", megabytes=16) as disk:
        store = Store(disk / "jobs.sqlite3")
        for number in range(20):
            add(store, number)
        store.started(identifier(0))
        store.close()
        ballast = fill(disk, leave=0)
        again = Store(disk / "jobs.sqlite3")
        assert [job.id for job in again.recover()] == [identifier(0)]
        for number in range(20):
            again.delete(identifier(number))
        assert again.list() == []
        ballast.unlink()
        again.finished()  # as the engine asks every few minutes
        again.close()
        fill(disk, leave=0)
        Store(disk / "jobs.sqlite3").close()


WRITER = """
import sys, uuid
from pathlib import Path
from appliance.engine.job import Priority
from appliance.engine.storage.store import Store

def told(*words):
    print(*words, flush=True)

store = Store(Path(sys.argv[1]))
store.recover()
told("ready")
while True:
    job = uuid.uuid4().hex
    store.add(job, Priority.NORMAL, {"seed": 1}, True, 100, key=job, fingerprint=job)
    told(job, "queued")
    store.started(job)
    store.segment(job, 1, 75, 100, 5)
    told(job, "running")
    store.done(job, {"frames": 100})
    told(job, "done")
    if uuid.UUID(job).int % 4 == 0:
        store.delete(job)
        told(job, "deleted")
"""
STEPS = ("queued", "running", "done", "deleted")


def test_kill_9_at_any_moment_loses_nothing_that_was_acknowledged(folders: Folders) -> None:
    moments, acknowledged = random.Random(4), {}  # type: random.Random, Dict[str, str]
    Store(folders.database).close()
    for _ in range(25):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(folders.database)], cwd=str(REPOSITORY), stdout=subprocess.PIPE
        )
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"ready\n"
        time.sleep(moments.uniform(0, 0.05))
        os.kill(writer.pid, signal.SIGKILL)
        told, _ = writer.communicate()
        for line in told.splitlines(keepends=True):
            if line.endswith(b"\n"):
                job, step = line.decode().split()
                acknowledged[job] = step

        with sqlite3.connect(str(folders.database)) as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert database.execute("PRAGMA foreign_key_check").fetchall() == []
        database.close()
        store = Store(folders.database)
        found = {job.id: job for job in store.list(limit=1_000_000)}
        store.close()
        for job_id, step in acknowledged.items():
            reached = found[job_id].state.value if job_id in found else "deleted"
            assert STEPS.index(reached) >= STEPS.index(step) or (reached, step) == ("queued", "running")
            assert step == "queued" or reached == "deleted" or found[job_id].segments == 1
        assert len({job.sequence for job in found.values()}) == len(found)
    assert len(acknowledged) > 25
