"""The engine with its real worker, killed in the middle of things."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import List

import psutil
import pytest
from engine.engines import at_segment, eventually, files_below, finished, run, running, submit, toy_settings, until
from engine.engines import video_of as video

from appliance.demo import RECORDINGS, write_portrait
from appliance.engine.engine import WORKER
from appliance.engine.job import State
from appliance.engine.storage.folders import Folders
from appliance.errors import JobNotFound
from appliance.models import ModelStore
from appliance.pipeline.ffmpeg import Ffmpeg, input_file, local_file

pytestmark = pytest.mark.slow

SPEECH_SECONDS = 3.2
QUICK = {"min_resolution": 384, "inference_steps": 2}

SERVICE = """
import asyncio, sys
from pathlib import Path
from appliance.engine.engine import WORKER
from engine.engines import running, submit, toy_settings

async def go():
    state, photo, speech = map(Path, sys.argv[1:])
    async with running(toy_settings(state, hang_seconds=120.0), WORKER) as engine:
        job = await submit(engine, speech.read_bytes(), photo=photo.read_bytes(), min_resolution=384, inference_steps=2)
        async for view in engine.watch(job.id):
            if view.job.segments:
                print(job.id, flush=True)

asyncio.run(go())
"""


@pytest.fixture()
def inputs(tmp_path: Path, store: ModelStore) -> List[Path]:
    """A photo and a recording."""
    assert store.files()
    photo, speech = tmp_path / "portrait.png", tmp_path / "speech.wav"
    write_portrait(photo)
    with Ffmpeg([*input_file(RECORDINGS[1]), "-t", str(SPEECH_SECONDS), local_file(speech)]) as ffmpeg:
        assert ffmpeg.wait() == 0
    return [photo, speech]


def processes_of(parent: int) -> List[psutil.Process]:
    return psutil.Process(parent).children(recursive=True)


def test_whatever_is_killed_the_video_is_the_same(tmp_path: Path, inputs: List[Path]) -> None:
    state, killed_state = tmp_path / "state", tmp_path / "killed"
    photo, speech = inputs[0].read_bytes(), inputs[1].read_bytes()

    async def undisturbed_and_with_a_killed_worker() -> None:
        async with running(toy_settings(state, hang_seconds=120.0), WORKER) as engine:
            job = await submit(engine, speech, photo=photo, **QUICK)
            await finished(engine, job.id)
            again = await submit(engine, speech, photo=photo, **QUICK)
            await until(engine, again.id, at_segment(1))
            everything = processes_of(os.getpid())
            (worker,) = psutil.Process().children()
            worker.kill()
            await eventually(lambda: not any(process.is_running() for process in everything))
            assert (await finished(engine, again.id)).state is State.DONE
            assert engine.counters.crashes == 1
            assert video(state, again.id) == video(state, job.id)
            (tmp_path / "expected.mp4").write_bytes(video(state, job.id))

    run(undisturbed_and_with_a_killed_worker())

    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", SERVICE, str(killed_state), *map(str, inputs)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as service:
        assert service.stdout is not None
        job_id = service.stdout.readline().strip()
        everything = processes_of(service.pid)
        service.send_signal(signal.SIGKILL)
    gone, alive = psutil.wait_procs(everything, timeout=60)
    assert len(gone) >= 1 and not alive

    async def resumed() -> None:
        async with running(toy_settings(killed_state, hang_seconds=120.0), WORKER) as engine:
            assert (await finished(engine, job_id)).state is State.DONE
            assert video(killed_state, job_id) == (tmp_path / "expected.mp4").read_bytes()
            folder = Folders(killed_state).job(job_id).path
            await eventually(lambda: files_below(folder) == ["photo", "speech", "video.mp4"])

    run(resumed())


def test_a_job_deleted_in_the_middle_leaves_no_file_and_no_process(tmp_path: Path, inputs: List[Path]) -> None:
    photo, speech = inputs[0].read_bytes(), inputs[1].read_bytes()

    async def go() -> None:
        async with running(toy_settings(tmp_path / "state", hang_seconds=120.0), WORKER) as engine:
            job = await submit(engine, speech, photo=photo, **QUICK)
            await until(engine, job.id, at_segment(1))
            (worker,) = psutil.Process().children()
            await engine.delete(job.id)
            assert not worker.children()
            assert os.listdir(str(Folders(tmp_path / "state").jobs)) == []
            with pytest.raises(JobNotFound):
                await engine.get(job.id)
            assert engine.counters.crashes == 0 and worker.is_running()

    run(go())
