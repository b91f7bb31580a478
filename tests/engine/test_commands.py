"""The commands that speak to the engine, as their users meet them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, List

import pytest
from engine import toy_worker
from engine.services import Service, patiently, running_service
from helpers import events

from appliance.engine.job import State
from appliance.errors import EngineError, SpeechError, UsageError

COMMAND = (sys.executable, "-m", "appliance")


def appliance(service: Service, *arguments: Any, **how: Any) -> subprocess.CompletedProcess[str]:
    """The command line, speaking to this service."""
    how = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True, "timeout": 120, **how}
    return subprocess.run([*COMMAND, *map(str, arguments)], env=service.environment, **how)


def test_submit_waits_and_writes_the_video(shared: Service, tmp_path: Path) -> None:
    photo, speech = shared.inputs(segments=4, delay=0.02)
    done = appliance(shared, "submit", photo, speech, "-o", tmp_path / "o.mp4", "--seed", 3, "--priority", "visitor")
    assert done.returncode == 0, done.stderr
    assert str(tmp_path / "o.mp4") in done.stdout and "20 frames" in done.stdout
    assert (tmp_path / "o.mp4").read_bytes() == toy_worker.video(speech.read_bytes())
    assert [path.name for path in tmp_path.iterdir()] == ["o.mp4"]
    with shared.client() as client:
        job = client.jobs(limit=1)[0].job
    assert (job.priority.name, job.options) == ("VISITOR", {"seed": 3})


def test_submit_without_a_target_prints_the_job_at_once(shared: Service, tmp_path: Path) -> None:
    done = appliance(shared, "submit", *shared.inputs(), "--consent")
    job_id = done.stdout.strip()
    view = shared.wait_for(job_id, State.DONE)
    assert view.job.consent
    assert appliance(shared, "jobs", "watch", job_id).returncode == 0
    assert appliance(shared, "jobs", "save", job_id, "-o", tmp_path / "o.mp4").returncode == 0
    assert (tmp_path / "o.mp4").stat().st_size > 0


def test_submit_speaks_to_machines(shared: Service, tmp_path: Path) -> None:
    done = appliance(shared, "submit", "--json", *shared.inputs(segments=3, delay=0.02), "-o", tmp_path / "o.mp4")
    told = events(done.stdout)
    assert [told[0]["event"], told[-1]["event"]] == ["job", "result"]
    assert (told[-1]["file"], told[-1]["frames"]) == (str(tmp_path / "o.mp4"), 15)
    progress = [event for event in told if event["event"] == "progress" and event["stage"] == "video"]
    assert progress and all(event["total"] == 15 for event in progress)


def test_a_failed_job_has_the_exit_code_of_its_error(shared: Service, tmp_path: Path) -> None:
    done = appliance(shared, "submit", *shared.inputs(fail=1), "-o", tmp_path / "o.mp4")
    assert done.returncode == SpeechError.exit_code
    assert "No speech can be heard" in done.stderr and "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("json", [False, True])
def test_ctrl_c_ends_the_waiting_and_not_the_job(json: bool, shared: Service, tmp_path: Path) -> None:
    photo, speech = shared.inputs(segments=2, gate=1)
    with shared.client() as client:
        before = {view.job.id for view in client.jobs()}
        command = [*COMMAND, "submit", str(photo), str(speech), "-o", str(tmp_path / "o.mp4"), *["--json"] * json]
        waiting = subprocess.Popen(
            command, env=shared.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )  # fmt: skip
        job_id = ""
        for _ in patiently():
            new = [view for view in client.jobs() if view.job.id not in before and view.job.segments]
            if new:
                job_id = new[0].job.id
                break
        waiting.send_signal(signal.SIGINT)
        out, err = waiting.communicate(timeout=60)
    assert waiting.returncode == 130
    said: List[Any] = events(out)[-1:] if json else []
    assert job_id in (said[0]["message"] if json else err)
    shared.open_gate(job_id)
    shared.wait_for(job_id, State.DONE)
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_written_is_refused_before_anything_is_sent(shared: Service, tmp_path: Path) -> None:
    photo, speech = shared.inputs()
    with shared.client() as client:
        before = len(client.jobs())
        for target, code in ((tmp_path / "none" / "o.mp4", 6), (tmp_path, 6), (photo, 2)):
            assert appliance(shared, "submit", photo, speech, "-o", target).returncode == code
        assert len(client.jobs()) == before


def test_jobs_are_listed_shown_and_deleted(shared: Service) -> None:
    first = shared.submit(segments=2, gate=1)
    shared.wait_for(first, State.RUNNING)
    second = shared.submit()
    listed = appliance(shared, "jobs").stdout.splitlines()
    assert [line.split()[0] for line in listed[:2]] == [second, first]
    assert "queued" in listed[0] and "place 1" in listed[0] and "running" in listed[1]
    told = events(appliance(shared, "jobs", "list", "--state", "running", "--json").stdout)
    assert [(event["id"], event["state"]) for event in told] == [(first, "running")]
    assert f"id           {second}" in appliance(shared, "jobs", "show", second).stdout
    assert appliance(shared, "jobs", "delete", first, second).returncode == 0
    gone = appliance(shared, "jobs", "show", first)
    assert (gone.returncode, gone.stdout) == (EngineError.exit_code, "")
    assert "no such job" in gone.stderr


def test_wipe_removes_everything_or_what_is_expired() -> None:
    with running_service(RETENTION_DAYS="0") as service:
        done = service.submit()
        service.wait_for(done, State.DONE)
        kept = service.submit(segments=2, gate=1)
        assert appliance(service, "wipe", "--expired").stdout == "1 job deleted.\n"
        with service.client() as client:
            assert [view.job.id for view in client.jobs()] == [kept]
        assert events(appliance(service, "wipe", "--all", "--json").stdout)[0]["deleted"] == 1
        assert list((service.state / "jobs").iterdir()) == []


@pytest.mark.parametrize("answer, left", [(b"n\n", 1), (b"y\n", 0)])
def test_wipe_asks_first_on_a_terminal(answer: bytes, left: int, service: Service) -> None:
    service.submit(segments=2, gate=1)
    ours, theirs = os.openpty()
    os.write(ours, answer)
    appliance(service, "wipe", "--all", stdin=theirs)
    os.close(ours)
    os.close(theirs)
    with service.client() as client:
        assert len(client.jobs()) == left


@pytest.mark.parametrize("arguments", [["wipe"], ["wipe", "--all", "--expired"], ["jobs", "list", "--state", "lost"]])
def test_wrong_usage(arguments: List[str], shared: Service) -> None:
    assert appliance(shared, *arguments).returncode == UsageError.exit_code


@pytest.mark.parametrize("arguments", [["jobs"], ["wipe", "--all"], ["jobs", "watch", "0" * 32]])
def test_without_an_engine_the_user_is_told_how_to_start_it(arguments: List[str], service: Service) -> None:
    service.stop()
    done = appliance(service, *arguments)
    assert done.returncode == EngineError.exit_code
    assert "appliance serve" in done.stderr and "Traceback" not in done.stderr
