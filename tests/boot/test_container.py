"""The installed appliance in a machine that really boots, by systemd-nspawn: no network, a real init, real units.

Runs in `make test`, as root and with systemd-nspawn and debootstrap, and is skipped with the reason otherwise. Alone:

    make bundle && .venv/bin/python -m pytest tests/boot/test_container.py

A Debian tree is made by debootstrap (1 min, once), the appliance is installed in it from the offline bundle (again when
the bundle has changed), both kept in .cache/boot. One boot does all the steps (guest/service.py) and reports; the tests
assert from the report. $SONIC_BUNDLE names a bundle that was made elsewhere.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, Dict, Iterator, List

import cv2
import pytest
from boot import container
from boot.report import Report
from boot.trees import image, require, write_share
from media import sound_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(2400)]

STEPS = (
    "boot", "activation", "spool", "network", "undisturbed", "worker_killed", "watchdog", "stop", "files", "doctor",
    "journal",
)  # fmt: skip
PLAN = {"steps": STEPS, "options": {"min_resolution": 384, "inference_steps": 2}, "patience": 150}
SPEECH_SECONDS, SPOOLED_SECONDS = 4.0, 1.5
RUN_SECONDS = 900
STOP_SECONDS = 5.0
FRAME_RATE = 25


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Report]:
    require(("systemd-nspawn", "debootstrap"))
    share = write_share(tmp_path_factory.mktemp("share"), (SPEECH_SECONDS, SPOOLED_SECONDS))
    tree = image("container")
    run = container.fresh_copy(tree, tree.parent / "run")
    yield container.boot(run, share, PLAN, RUN_SECONDS)
    shutil.rmtree(str(run))


def test_boots_without_asking_for_a_network(machine: Report) -> None:
    boot = machine["boot"]
    assert boot["interfaces"] == ["lo"]
    assert set(boot["network_targets"].values()) == {"inactive"}
    assert not [line for line in boot["failed"] if line.startswith("sonic")]
    assert boot["units"]["sonic-engine.socket"]["ActiveState"] == "active"
    assert boot["units"]["sonic.target"]["ActiveState"] == "active"


def test_engine_comes_up_by_its_socket(machine: Report) -> None:
    activation = machine["activation"]
    assert activation["before"] == "inactive"
    assert activation["after"]["ActiveState"] == "active"
    assert activation["health"]["status"] in ("ok", "starting")
    socket = activation["socket"]
    assert (socket["group"], socket["mode"]) == ("sonic", "0660")


@pytest.mark.parametrize("process", ["engine", "worker", "spool"])
def test_has_no_network_at_all(machine: Report, process: str) -> None:
    seen = machine["network"][process]
    assert seen["own_namespace"]
    assert seen["interfaces"] == ["lo"]
    assert seen["inet_sockets"] == []
    assert seen["foreign_sockets"] == 0


def test_no_service_of_the_machine_opens_a_network_socket(machine: Report) -> None:
    assert machine["network"]["machine_inet_sockets"] == []


def test_spool_makes_a_video_of_a_photo_and_a_recording(machine: Report) -> None:
    spool = machine["spool"]
    assert spool["outcome"] == "mustermann.mp4", spool.get("text")
    assert spool["clerk_reads"]
    assert spool["left"] == ["mustermann.mp4"]
    assert_plays(machine.out / "spool.mp4", SPOOLED_SECONDS)


@pytest.mark.parametrize("disturbance", ["worker_killed", "watchdog", "stop"])
def test_disturbed_job_goes_on_at_its_last_segment(machine: Report, disturbance: str) -> None:
    facts = machine[disturbance]
    assert facts["job"]["state"] == "done", facts["job"]
    assert facts["segments_at_cut"] >= 1
    assert facts["lowest_segments"] >= facts["segments_at_cut"]
    assert_plays(machine.out / f"{disturbance}.mp4", SPEECH_SECONDS)


@pytest.mark.parametrize("disturbance", ["worker_killed", "watchdog", "stop"])
def test_disturbance_leaves_no_trace_in_the_video(machine: Report, disturbance: str) -> None:
    assert machine[disturbance] and machine["undisturbed"]
    undisturbed = (machine.out / "undisturbed.mp4").read_bytes()
    assert (machine.out / f"{disturbance}.mp4").read_bytes() == undisturbed


def test_death_of_the_worker_leaves_the_service_alone(machine: Report) -> None:
    assert machine["worker_killed"]["service_kept"]
    assert machine["worker_killed"]["new_worker"]


def test_watchdog_restarts_an_engine_whose_worker_hangs(machine: Report) -> None:
    facts = machine["watchdog"]
    assert "watchdog" in facts["results"]
    assert facts["restarts"] == 1
    assert facts["worker_gone"]
    assert facts["socket_kept"]


def test_stops_within_five_seconds(machine: Report) -> None:
    stop = machine["stop"]
    assert stop["stop_seconds"] < STOP_SECONDS
    assert stop["result"] == {"Result": "success", "ActiveState": "inactive"}


@pytest.mark.parametrize("moment", ["worker_killed", "files"])
def test_files_are_for_the_engine_alone(machine: Report, moment: str) -> None:
    """While a job is being made, and afterwards."""
    files: List[Dict[str, Any]] = machine[moment]["files"]
    assert len(files) > 5
    assert {(file["user"], file["group"]) for file in files} == {("sonic", "sonic")}
    assert {file["mode"] for file in files if file["folder"]} == {"0700"}
    assert {file["mode"] for file in files if not file["folder"]} == {"0600"}


def test_nothing_but_jobs_and_their_books_is_kept(machine: Report) -> None:
    """Libraries like to leave something in the home of their user; one of them, a record of the machine."""
    kept = {Path(file["path"]).relative_to("/var/lib/sonic").parts[:1] for file in machine["files"]["files"]}
    database = {"jobs.sqlite3", "jobs.sqlite3-wal", "jobs.sqlite3-shm"}
    audit = {"audit.jsonl", "audit.head", "audit.lock"}
    assert {name for parts in kept for name in parts} <= {"jobs", "incoming", "spare"} | database | audit


def test_group_may_use_the_spool_but_not_look_into_the_state(machine: Report) -> None:
    assert machine["files"]["clerk_listing"]


def test_doctor_finds_audit_trail_and_database_whole(machine: Report) -> None:
    doctor = machine["doctor"]
    assert doctor["integrity"] == "ok"
    (diagnosis,) = [json.loads(line) for line in doctor["output"].splitlines() if line.startswith("{")]
    found = {line["name"]: line["value"] for line in diagnosis["sections"]["Engine"]}
    assert found["audit trail"].startswith("whole")
    assert found["socket"].endswith("answers: ok")
    assert diagnosis["problems"] == []


def test_logs_name_nobody(machine: Report) -> None:
    visitor = machine["journal"]["visitor"]
    for name in ("journal.txt", "audit.jsonl"):
        text = (machine.out / name).read_text()
        assert text
        assert visitor not in text


def assert_plays(path: Path, seconds: float) -> None:
    """Every frame can be decoded, they are as many as the recording is long, and there is its sound."""
    video = cv2.VideoCapture(str(path))
    frames = 0
    while video.read()[0]:
        frames += 1
    assert abs(frames - seconds * FRAME_RATE) <= 2
    sound = sound_of(path)
    assert abs(len(sound) / 16_000 - seconds) < 0.2
    assert abs(sound).max() > 0.05
