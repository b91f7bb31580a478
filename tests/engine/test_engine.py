"""The engine with a toy for a worker: what becomes of jobs, whatever happens to them."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, Iterator, List

import psutil
import pytest
from engine.engines import (
    at_segment,
    eventually,
    files_below,
    finished,
    open_gate,
    run,
    running,
    submit,
    toy_settings,
    until,
    video_of,
    with_limits,
)
from engine.toy_worker import COMMAND, speech, video

from appliance.engine.engine import Engine
from appliance.engine.job import Priority, State
from appliance.engine.storage.audit import verify
from appliance.engine.storage.folders import Folders
from appliance.engine.view import JobView
from appliance.errors import (
    ConsentMissing,
    EngineUnavailable,
    IdempotencyConflict,
    JobNotFound,
    QueueFull,
    StorageFull,
    UploadTooLarge,
)
from appliance.settings import ConsentSettings, MakeOptions, RetentionSettings

EXPECTED_FILES = {
    "audit.head", "audit.jsonl", "audit.lock", "jobs.sqlite3", "jobs.sqlite3-shm", "jobs.sqlite3-wal", "spare"
}  # fmt: skip


def worker() -> psutil.Process:
    (process,) = psutil.Process().children()
    return process


def failed_with(view: JobView) -> str:
    assert view.job.failure is not None
    return view.job.failure.code


def is_running(view: JobView) -> bool:
    return view.job.state is State.RUNNING


# --- the way of a job -------------------------------------------------------------------------------------------------


def test_a_job_becomes_a_video_and_says_so_on_the_way(tmp_path: Path) -> None:
    async def go() -> None:
        async with running(toy_settings(tmp_path)) as engine:
            recording = speech(segments=3, gate=2)
            job = await submit(engine, recording, seed=7)
            assert (job.options, job.state) == ({"seed": 7}, State.QUEUED)
            view = await until(engine, job.id, at_segment(2))
            assert (view.job.frames_done, view.job.frames) == (10, 15)
            assert view.progress is not None and view.progress.stage == "video"
            open_gate(tmp_path, job.id)
            job = await finished(engine, job.id)
            assert job.state is State.DONE and job.result is not None and job.result["frames"] == 15
            assert video_of(tmp_path, job.id) == video(recording)
            assert engine.counters.done == 1 and engine.counters.frames == 15
            await eventually(lambda: not Folders(tmp_path).job(job.id).segments.exists())

    run(go())


def test_order_of_service_is_priority_then_arrival(tmp_path: Path) -> None:
    async def go() -> None:
        async with running(toy_settings(tmp_path)) as engine:
            first = await submit(engine, speech(gate=0), Priority.VISITOR)
            await until(engine, first.id, is_running)
            wanted = [Priority.LECTURE, Priority.NORMAL, Priority.VISITOR, Priority.LECTURE, Priority.VISITOR]
            jobs = [await submit(engine, priority=priority) for priority in wanted]
            positions = [(await engine.get(job.id)).position for job in jobs]
            assert positions == [4, 3, 1, 5, 2]
            assert [view.position for view in await engine.list(State.QUEUED)] == positions[::-1]
            open_gate(tmp_path, first.id)
            ended = [await finished(engine, job.id) for job in jobs]
            order = sorted(range(len(jobs)), key=lambda index: float(ended[index].started or 0))
            assert order == [2, 4, 1, 0, 3]

    run(go())


def test_a_visitor_interrupts_a_lecture_which_then_goes_on_where_it_was(tmp_path: Path) -> None:
    async def go() -> None:
        async with running(toy_settings(tmp_path)) as engine:
            recording = speech(segments=8, gate=1, delay=0.05)
            lecture = await submit(engine, recording, Priority.LECTURE)
            await until(engine, lecture.id, at_segment(1))
            with engine.lease(lecture.id) as folder:
                visitor = await submit(engine, speech(gate=0), Priority.VISITOR)
                open_gate(tmp_path, lecture.id)
                await until(engine, visitor.id, is_running)
                waiting = await engine.get(lecture.id)
                assert (waiting.job.state, waiting.position) == (State.QUEUED, 1)
                before = {path.name: path.stat().st_mtime_ns for path in folder.segments.glob("*.m4s")}
                open_gate(tmp_path, visitor.id)
                assert (await finished(engine, visitor.id)).state is State.DONE
                assert (await finished(engine, lecture.id)).state is State.DONE
                after = {path.name: path.stat().st_mtime_ns for path in folder.segments.glob("*.m4s")}
                assert waiting.job.segments == len(before) and before.items() < after.items()
            assert video_of(tmp_path, lecture.id) == video(recording)
            assert engine.counters.crashes == 0

    run(go())


def test_options_and_limits_reach_the_worker(tmp_path: Path) -> None:
    async def go() -> None:
        settings = with_limits(toy_settings(tmp_path), speech_minutes=0.1)
        async with running(settings) as engine:
            long = await submit(engine, speech(segments=100, frames=2))
            assert (await finished(engine, long.id)).failure.code == "speech_too_long"  # type: ignore[union-attr]
            other = await submit(engine, runtime="onnx", precision="fp32")
            result = (await finished(engine, other.id)).result
            assert result is not None and (result["runtime"], result["precision"]) == ("onnx", "fp32")

    run(go())


# --- what goes wrong --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("behaviour", "code"), [("fail", "speech_silent"), ("error", "internal"), ("full", "disk_full")]
)
def test_a_job_that_fails_says_why_and_the_next_one_is_made(tmp_path: Path, behaviour: str, code: str) -> None:
    async def go() -> None:
        async with running(toy_settings(tmp_path)) as engine:
            job = await finished(engine, (await submit(engine, speech(segments=3, **{behaviour: 1}))).id)
            assert job.state is State.FAILED and job.failure is not None
            assert job.failure.code == code and job.failure.message and job.failure.action
            assert set(files_below(Folders(tmp_path).job(job.id).path)) == {"photo", "speech"}
            assert (await finished(engine, (await submit(engine)).id)).state is State.DONE
            assert (engine.counters.failed, engine.counters.crashes) == (1, 0)

    run(go())


def test_a_crash_costs_one_attempt_and_no_segment(tmp_path: Path) -> None:
    async def go() -> None:
        async with running(toy_settings(tmp_path)) as engine:
            recording = speech(segments=4, crash_once=2)
            job = await submit(engine, recording)
            with engine.lease(job.id) as folder:
                await until(engine, job.id, at_segment(2))
                first = folder.segments / "000000.m4s"
                made = first.stat().st_mtime_ns
                job = await finished(engine, job.id)
                assert first.stat().st_mtime_ns == made
            assert job.state is State.DONE and engine.counters.crashes == 1
            assert video_of(tmp_path, job.id) == video(recording)

    run(go())


def test_a_job_that_crashes_the_worker_twice_is_set_aside(tmp_path: Path) -> None:
    async def go() -> None:
        async with running(toy_settings(tmp_path)) as engine:
            hostile = await submit(engine, speech(segments=3, crash=1))
            harmless = await submit(engine)
            job = await finished(engine, hostile.id)
            assert job.failure is not None and job.failure.code == "worker_crashed"
            assert (await finished(engine, harmless.id)).state is State.DONE
            assert engine.counters.crashes == 2
            assert engine.health().status == "ok"

    run(go())


def test_a_worker_that_hangs_is_ended_and_the_job_goes_on(tmp_path: Path) -> None:
    async def go() -> None:
        async with running(toy_settings(tmp_path, hang_seconds=1.0)) as engine:
            recording = speech(segments=3, gate=1)
            job = await submit(engine, recording)
            await until(engine, job.id, at_segment(1))
            hung = worker()
            hung.suspend()
            await eventually(lambda: engine.counters.crashes == 1)
            assert not hung.is_running() or hung.status() == psutil.STATUS_ZOMBIE
            open_gate(tmp_path, job.id)
            assert (await finished(engine, job.id)).state is State.DONE
            assert video_of(tmp_path, job.id) == video(recording)

    run(go())


def test_a_worker_that_dies_while_nothing_is_to_do_is_replaced(tmp_path: Path) -> None:
    async def go() -> None:
        async with running(toy_settings(tmp_path)) as engine:
            await finished(engine, (await submit(engine)).id)
            worker().kill()
            assert (await finished(engine, (await submit(engine)).id)).state is State.DONE

    run(go())


def test_without_models_jobs_wait_and_health_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "broken"
    broken.touch()
    monkeypatch.setenv("TOY_BROKEN", str(broken))

    async def go() -> None:
        async with running(toy_settings(tmp_path / "state")) as engine:
            job = await submit(engine)
            await eventually(lambda: engine.health().status == "degraded")
            health = engine.health()
            assert (health.code, health.worker) == ("model_missing", "down") or health.worker == "starting"
            assert health.message and health.action
            assert (await engine.get(job.id)).job.state is State.QUEUED
            assert engine.is_fresh(0.1)  # the watchdog could not help
            broken.unlink()
            assert (await finished(engine, job.id)).state is State.DONE
            assert engine.health().status == "ok" and engine.health().code == ""

    run(go())


def test_a_worker_that_cannot_even_be_executed_does_not_end_the_service(tmp_path: Path) -> None:
    async def go() -> None:
        async with running(toy_settings(tmp_path), ("/nowhere/worker",)) as engine:
            job = await submit(engine)
            await eventually(lambda: engine.health().status == "degraded")
            assert (await engine.get(job.id)).job.state is State.QUEUED

    run(go())


# --- taking jobs, or not ----------------------------------------------------------------------------------------------


def test_the_same_key_gives_the_same_job(tmp_path: Path) -> None:
    async def go() -> None:
        async with running(toy_settings(tmp_path)) as engine:
            jobs = [await submit(engine, key="k") for _ in range(3)]
            assert len({job.id for job in jobs}) == 1
            assert (await submit(engine, key="other")).id != jobs[0].id
            for different in ({"photo": b"another"}, {"seed": 1}, {"priority": Priority.LECTURE}):
                with pytest.raises(IdempotencyConflict):
                    await submit(engine, key="k", **different)  # type: ignore[arg-type]
            assert len(os.listdir(str(Folders(tmp_path).jobs))) == 2
            assert os.listdir(str(Folders(tmp_path).incoming)) == []

    run(go())


def test_the_same_key_at_the_same_time_gives_one_job(tmp_path: Path) -> None:
    async def go() -> None:
        async with running(toy_settings(tmp_path)) as engine:
            jobs = await asyncio.gather(*(submit(engine, key="k") for _ in range(8)))
            assert len({job.id for job in jobs}) == 1
            assert os.listdir(str(Folders(tmp_path).jobs)) == [jobs[0].id]
            await finished(engine, jobs[0].id)

    run(go())


def test_a_full_queue_refuses_before_a_byte_is_read(tmp_path: Path) -> None:
    async def go() -> None:
        async with running(with_limits(toy_settings(tmp_path), queue_length=2)) as engine:
            blocker = await submit(engine, speech(gate=0))
            await until(engine, blocker.id, is_running)
            await submit(engine)
            upload = await engine.begin_upload(100)
            with pytest.raises(QueueFull):
                await engine.begin_upload(100)
            upload.discard()
            await submit(engine)
            with pytest.raises(QueueFull):
                await engine.begin_upload(100)

    run(go())


def test_a_job_that_was_taken_can_be_sent_again_while_the_queue_is_full(tmp_path: Path) -> None:
    """A client that lost the answer repeats its request; it must not hear that there is no room for its job."""

    async def go() -> None:
        async with running(with_limits(toy_settings(tmp_path), queue_length=1)) as engine:
            blocker = await submit(engine, speech(gate=0))
            await until(engine, blocker.id, is_running)
            job = await submit(engine, key="k")
            with pytest.raises(QueueFull):
                await submit(engine, key="other")
            assert (await submit(engine, key="k")).id == job.id

    run(go())


def test_what_is_too_large_is_refused(tmp_path: Path) -> None:
    async def go() -> None:
        limits: Dict[str, Any] = {"photo_megabytes": 1, "speech_megabytes": 1}
        async with running(with_limits(toy_settings(tmp_path), **limits)) as engine:
            with pytest.raises(UploadTooLarge):
                await engine.begin_upload(3 << 20)
            with pytest.raises(UploadTooLarge):
                await submit(engine, photo=bytes((1 << 20) + 1))
            with pytest.raises(UploadTooLarge):
                await submit(engine, bytes((1 << 20) + 1))
            assert set(files_below(tmp_path)) == EXPECTED_FILES - {"audit.head", "audit.jsonl", "audit.lock"}

    run(go())


def test_a_disk_without_room_refuses_and_keeps_nothing(tmp_path: Path) -> None:
    async def go() -> None:
        keep = RetentionSettings(keep_free_megabytes=1 << 40)
        async with running(toy_settings(tmp_path, retention=keep)) as engine:
            with pytest.raises(StorageFull):
                await engine.begin_upload(100)
            assert not files_below(Folders(tmp_path).incoming)

    run(go())


def test_uploads_on_their_way_count_against_the_free_space(tmp_path: Path) -> None:
    async def go() -> None:
        async with running(toy_settings(tmp_path)) as engine:
            free = engine.health().free_bytes
            assert free is not None
            limit = (1 << 30) + (500 << 20)
            room = (free - limit // 2) >> 20
            keep = RetentionSettings(keep_free_megabytes=room)
        async with running(toy_settings(tmp_path, retention=keep)) as engine:
            first = await engine.begin_upload(limit // 3)
            with pytest.raises(StorageFull):
                await engine.begin_upload(limit // 3)
            first.discard()
            (await engine.begin_upload(limit // 3)).discard()

    run(go())


def test_where_consent_is_required_it_must_be_given(tmp_path: Path) -> None:
    async def go() -> None:
        async with running(toy_settings(tmp_path, consent=ConsentSettings(required=True))) as engine:
            with pytest.raises(ConsentMissing):
                await submit(engine)
            assert not files_below(Folders(tmp_path).incoming)
            assert (await submit(engine, consent=True)).consent

    run(go())


# --- watching ---------------------------------------------------------------------------------------------------------


def test_a_slow_watcher_misses_steps_but_not_the_end(tmp_path: Path) -> None:
    async def go() -> None:
        async with running(toy_settings(tmp_path)) as engine:
            job = await submit(engine, speech(segments=20, gate=0))
            views = engine.watch(job.id)
            await views.__anext__()
            open_gate(tmp_path, job.id)
            await finished(engine, job.id)
            rest = [view async for view in views]
            assert len(rest) <= 3 and rest[-1].job.state is State.DONE

    run(go())


def test_watching_ends_with_the_job(tmp_path: Path) -> None:
    async def go() -> None:
        async with running(toy_settings(tmp_path)) as engine:
            with pytest.raises(JobNotFound):
                await engine.watch("0" * 32).__anext__()
            job = await submit(engine, speech(gate=0))
            await until(engine, job.id, is_running)
            watching = asyncio.ensure_future(_all(engine, job.id))
            await asyncio.sleep(0)
            await engine.delete(job.id)
            assert all(view.job.state is not State.DONE for view in await asyncio.wait_for(watching, 60))

    run(go())


def test_those_who_watch_do_not_keep_the_engine_from_stopping(tmp_path: Path) -> None:
    async def go() -> None:
        engine = Engine(toy_settings(tmp_path), COMMAND)
        await engine.start()
        job = await submit(engine, speech(silent=0))
        await until(engine, job.id, is_running)
        watching = asyncio.ensure_future(_all(engine, job.id))
        await asyncio.sleep(0)
        await engine.stop()
        await asyncio.wait_for(watching, 60)
        with pytest.raises(EngineUnavailable):
            await engine.get(job.id)

    run(go())


def test_segments_stay_as_long_as_somebody_reads_them(tmp_path: Path) -> None:
    async def go() -> None:
        async with running(toy_settings(tmp_path)) as engine:
            recording = speech(segments=3)
            job = await submit(engine, recording)
            with engine.lease(job.id) as folder:
                with engine.lease(job.id):
                    await finished(engine, job.id)
                names = sorted(os.listdir(str(folder.segments)))
                assert names == ["000000.m4s", "000001.m4s", "000002.m4s", "init.mp4"]
            await eventually(lambda: not folder.segments.exists())

    run(go())


# --- deleting ---------------------------------------------------------------------------------------------------------


def test_a_deleted_job_leaves_nothing_but_a_line_of_the_audit(tmp_path: Path) -> None:
    async def go() -> None:
        async with running(toy_settings(tmp_path)) as engine:
            blocker = await submit(engine, speech(segments=3, silent=1))
            await until(engine, blocker.id, at_segment(1))
            waiting, after = await submit(engine), await submit(engine)
            before = worker().pid
            for job in (waiting, blocker):
                await engine.delete(job.id)
                with pytest.raises(JobNotFound):
                    await engine.get(job.id)
            assert (await finished(engine, after.id)).state is State.DONE
            assert worker().pid == before
            await engine.delete(after.id)
            with pytest.raises(JobNotFound):
                await engine.delete(after.id)
            assert set(files_below(tmp_path)) == EXPECTED_FILES
            assert (engine.counters.deleted, engine.counters.crashes) == (3, 0)
        assert not verify(Folders(tmp_path).audit).broken

    run(go())


def test_a_job_is_deleted_even_if_its_worker_does_not_listen(tmp_path: Path) -> None:
    async def go() -> None:
        async with running(toy_settings(tmp_path)) as engine:
            job = await submit(engine, speech(hang=0))
            await until(engine, job.id, lambda view: view.progress is not None and view.progress.stage == "speech")
            await engine.delete(job.id)
            assert not Folders(tmp_path).job(job.id).path.exists()
            assert (await finished(engine, (await submit(engine)).id)).state is State.DONE
            assert engine.counters.crashes == 0

    run(go())


def test_wiping_leaves_nothing_of_anybody(tmp_path: Path) -> None:
    async def go() -> None:
        async with running(toy_settings(tmp_path)) as engine:
            await finished(engine, (await submit(engine)).id)
            await finished(engine, (await submit(engine, speech(fail=0))).id)
            await until(engine, (await submit(engine, speech(silent=0))).id, is_running)
            await submit(engine)
            upload = await engine.begin_upload(10)
            upload.photo.write_bytes(b"face")
            assert await engine.wipe() == 4
            assert set(files_below(tmp_path)) == EXPECTED_FILES
            assert await engine.list() == []

    run(go())


def test_finished_jobs_go_when_their_time_has_come(tmp_path: Path) -> None:
    async def go() -> None:
        retention = RetentionSettings(days=0.0, failed_days=1.0, keep_free_megabytes=0)
        async with running(toy_settings(tmp_path, retention=retention)) as engine:
            done = await finished(engine, (await submit(engine)).id)
            failed = await finished(engine, (await submit(engine, speech(fail=0))).id)
            assert await engine.remove_expired() == 1
            assert [view.job.id for view in await engine.list()] == [failed.id]
            assert not Folders(tmp_path).job(done.id).path.exists()
            assert engine.counters.expired == 1
        assert '"event":"expired"' in Folders(tmp_path).audit.read_text()

    run(go())


# --- ends and beginnings ----------------------------------------------------------------------------------------------


def test_a_stopped_service_goes_on_where_it_was(tmp_path: Path) -> None:
    recording = speech(segments=4, gate=2)

    async def go() -> None:
        async with running(toy_settings(tmp_path)) as engine:
            job = await submit(engine, recording)
            await until(engine, job.id, at_segment(2))
            child = worker()
        assert not child.is_running()
        async with running(toy_settings(tmp_path)) as engine:
            again = await until(engine, job.id, is_running)
            assert (again.job.segments, again.job.crashes) == (2, 0)
            open_gate(tmp_path, job.id)
            assert (await finished(engine, job.id)).state is State.DONE
            assert video_of(tmp_path, job.id) == video(recording)

    run(go())


def test_stopping_does_not_wait_for_a_worker_that_hangs(tmp_path: Path) -> None:
    async def go() -> None:
        async with running(toy_settings(tmp_path)) as engine:
            job = await submit(engine, speech(hang_once=0))
            await until(engine, job.id, lambda view: view.progress is not None and view.progress.stage == "speech")
            child = worker()
        assert not child.is_running()
        async with running(toy_settings(tmp_path)) as engine:
            assert (await engine.get(job.id)).job.crashes == 0
            assert (await finished(engine, job.id)).state is State.DONE

    run(go())


SERVICE = """
import asyncio, sys
from pathlib import Path
from engine.engines import running, submit, toy_settings
from engine.toy_worker import COMMAND, speech

async def go():
    async with running(toy_settings(Path(sys.argv[1]))) as engine:
        job = await submit(engine, speech(segments=4, gate=2))
        async for view in engine.watch(job.id):
            if view.job.segments == 2:
                print(job.id, flush=True)

asyncio.run(go())
"""


def test_a_killed_service_loses_nothing_and_leaves_no_worker_behind(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    service = subprocess.Popen(
        [sys.executable, "-c", SERVICE, str(tmp_path)], stdout=subprocess.PIPE, env=environment, text=True
    )
    assert service.stdout is not None
    job_id = service.stdout.readline().strip()
    (child,) = psutil.Process(service.pid).children()
    service.send_signal(signal.SIGKILL)
    service.wait()
    service.stdout.close()
    child.wait(60)

    async def go() -> None:
        async with running(toy_settings(tmp_path)) as engine:
            assert (await until(engine, job_id, is_running)).job.segments == 2
            open_gate(tmp_path, job_id)
            assert (await finished(engine, job_id)).state is State.DONE
            assert video_of(tmp_path, job_id) == video(speech(segments=4, gate=2))

    run(go())


def test_what_belongs_to_nobody_is_cleared_at_the_start(tmp_path: Path) -> None:
    folders = Folders(tmp_path)

    async def go() -> None:
        async with running(toy_settings(tmp_path)) as engine:
            done = await finished(engine, (await submit(engine)).id)
            hollow = await finished(engine, (await submit(engine)).id)
            halted = await submit(engine, speech(segments=2, gate=1))
            await until(engine, halted.id, at_segment(1))
            lost = await submit(engine)
        folders.job(hollow.id).video.unlink()
        folders.job(lost.id).speech.unlink()
        (folders.incoming / "abc").mkdir()
        (folders.incoming / "abc" / "photo").write_bytes(b"face")
        (folders.jobs / ("f" * 32)).mkdir()
        (folders.jobs / ("f" * 32) / "photo").write_bytes(b"face")
        (folders.job(done.id).path / ".video.mp4.part-7.mp4").write_bytes(b"half")
        (folders.job(halted.id).segments / ".000001.m4s.part").write_bytes(b"half")
        async with running(toy_settings(tmp_path)) as engine:
            views = {view.job.id: view for view in await engine.list()}
            assert views.keys() == {done.id, halted.id, lost.id}
            assert failed_with(views[lost.id]) == "engine"
            assert set(files_below(folders.job(done.id).path)) == {"photo", "speech", "video.mp4"}
            assert not files_below(folders.incoming)
            assert not (folders.jobs / ("f" * 32)).exists()
            await until(engine, halted.id, is_running)
            assert not (folders.job(halted.id).segments / ".000001.m4s.part").exists()
            open_gate(tmp_path, halted.id)
            await finished(engine, halted.id)

    run(go())


# --- a disk that is full ----------------------------------------------------------------------------------------------


@pytest.fixture()
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 6 MB."""
    mount = tmp_path / "disk"
    mount.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6M", "tmpfs", str(mount)], capture_output=True)
    if made.returncode != 0:
        pytest.skip("file systems can be mounted only by root")
    yield mount
    subprocess.run(["umount", "-l", str(mount)], check=True)


def fill(disk: Path) -> Path:
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return filler


def test_a_disk_that_fills_up_ends_the_job_in_words_and_the_service_goes_on(small_disk: Path) -> None:
    async def go() -> None:
        async with running(toy_settings(small_disk)) as engine:
            job = await submit(engine, speech(segments=3, gate=1, wide=1 << 20))
            await until(engine, job.id, at_segment(1))
            filler = fill(small_disk)
            open_gate(small_disk, job.id)
            job = await finished(engine, job.id)
            assert job.failure is not None and job.failure.code in ("disk_full", "storage_full")
            filler.unlink()
            assert (await finished(engine, (await submit(engine)).id)).state is State.DONE
            assert engine.health().status == "ok"

    run(go())


def test_on_a_full_disk_a_new_job_is_refused_in_words(small_disk: Path) -> None:
    async def go() -> None:
        async with running(toy_settings(small_disk)) as engine:
            upload = await engine.begin_upload(None)
            upload.photo.write_bytes(b"photo")
            upload.speech.write_bytes(speech())
            filler = fill(small_disk)
            with pytest.raises(StorageFull):
                await engine.submit(upload, MakeOptions(), Priority.NORMAL, False, None)
            with pytest.raises(StorageFull):
                await engine.begin_upload(100)
            filler.unlink()
            assert not files_below(Folders(small_disk).jobs) and not files_below(Folders(small_disk).incoming)
            assert (await finished(engine, (await submit(engine)).id)).state is State.DONE

    run(go())


def test_a_finished_video_waits_for_the_room_its_record_needs(small_disk: Path) -> None:
    async def go() -> None:
        async with running(toy_settings(small_disk)) as engine:
            job = await submit(engine, speech(segments=1, filler=0))
            await eventually(lambda: engine.health().status == "degraded")
            assert engine.health().code == "storage_full"
            assert (await engine.get(job.id)).job.state is State.RUNNING
            (Folders(small_disk).job(job.id).path / "filler").unlink()
            assert (await finished(engine, job.id)).state is State.DONE
            assert engine.health().status == "ok"

    run(go())


def test_on_a_full_disk_deleting_helps(small_disk: Path) -> None:
    async def go() -> None:
        async with running(toy_settings(small_disk)) as engine:
            job = await submit(engine, speech(segments=1, filler=0))
            await eventually(lambda: engine.health().status == "degraded")
            await engine.delete(job.id)
            assert (await finished(engine, (await submit(engine)).id)).state is State.DONE
            assert engine.health().status == "ok"

    run(go())


def test_a_full_disk_does_not_keep_the_service_from_stopping(small_disk: Path) -> None:
    async def go() -> None:
        async with running(toy_settings(small_disk)) as engine:
            job = await submit(engine, speech(segments=1, filler=0))
            await eventually(lambda: engine.health().status == "degraded")
        folder = Folders(small_disk).job(job.id)
        (folder.path / "filler").unlink()
        folder.speech.write_bytes(speech(segments=1))
        async with running(toy_settings(small_disk)) as engine:
            assert (await finished(engine, job.id)).state is State.DONE

    run(go())


# --- privacy and liveness ---------------------------------------------------------------------------------------------


def test_files_are_for_this_user_alone(tmp_path: Path) -> None:
    async def go() -> None:
        async with running(toy_settings(tmp_path)) as engine:
            job = await submit(engine, speech(segments=2))
            with engine.lease(job.id) as folder:
                await finished(engine, job.id)
                assert len(files_below(folder.path)) == 6
                for path in [*folder.path.rglob("*"), folder.path]:
                    assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path

    run(go())


def test_the_log_names_jobs_and_nothing_else(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def go() -> None:
        async with running(toy_settings(tmp_path)) as engine:
            job = await submit(engine, speech(crash_once=1), producer="Marie Curie", key="marie")
            await finished(engine, job.id)
            await finished(engine, (await submit(engine, speech(fail=0), producer="Marie Curie")).id)
            await engine.delete(job.id)

    caplog.set_level("DEBUG", "appliance")
    run(go())
    assert "the worker ended by signal 9" in caplog.text
    assert "arie" not in caplog.text and str(tmp_path) not in caplog.text


def test_a_silent_worker_is_noticed_by_who_asks_for_freshness(tmp_path: Path) -> None:
    async def go() -> None:
        async with running(toy_settings(tmp_path, hang_seconds=600.0)) as engine:
            await finished(engine, (await submit(engine)).id)
            assert engine.is_fresh(30.0)
            child = worker()
            child.suspend()
            await eventually(lambda: not engine.is_fresh(0.5))
            child.resume()
            await eventually(lambda: engine.is_fresh(30.0))

    run(go())


def test_many_clients_at_once(tmp_path: Path) -> None:
    async def client(engine: Engine, number: int) -> List[State]:
        jobs = [await submit(engine, speech(segments=1, seed=number * 100 + index)) for index in range(10)]
        return [(await finished(engine, job.id)).state for job in jobs]

    async def go() -> None:
        async with running(toy_settings(tmp_path)) as engine:
            ended = await asyncio.gather(*(client(engine, number) for number in range(4)))
            assert ended == [[State.DONE] * 10] * 4
            assert engine.counters.done == 40
            assert (await engine.jobs_by_state())[State.DONE] == 40
            assert set((await engine.queue_by_priority()).values()) == {0}

    run(go())


async def _all(engine: Engine, job_id: str) -> List[JobView]:
    return [view async for view in engine.watch(job_id)]
