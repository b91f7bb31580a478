"""The installed appliance on a whole machine with its own kernel, imitated by QEMU with no network card at all.

Not in `make test`: an imitated processor is twenty to fifty times slower than a real one, and this takes from a quarter
of an hour to more than one, as busy as the machine is. Its own target, as root:

    make boot-test          writes reports/boot-test.json as well

A Debian disk is made by debootstrap and mke2fs and the appliance installed on it from the offline bundle (both kept in
.cache/boot). The first boot tries camera (the kernel's vivid), microphone (snd-aloop), one job and the memory ceiling,
then the plug is pulled in the middle of a second job; the next boot, of the same disk, must go on with it. Inside, the
engine's unit is given more patience, and NumPy fewer instructions (PATIENCE in tools/make_image.py), which is all that
differs. The steps are in guest/devices.py.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
from typing import Any, Dict, Iterator, NamedTuple

import pytest
from boot.emulator import Emulator
from boot.monitor import Monitor
from boot.report import Report
from boot.test_container import assert_plays
from boot.trees import image, require, write_share
from helpers import REPOSITORY

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(4 * 3600),
    pytest.mark.skipif(not os.environ.get("SONIC_BOOT_TEST"), reason="takes long; run by `make boot-test`"),
]

SPEECH_SECONDS, SHORT_SECONDS = 4.0, 1.0
SEGMENTS_BEFORE_CUT = 2
OPTIONS = {"min_resolution": 384, "inference_steps": 1}
PATIENCE_S = 2400
BOOT_SECONDS = 3600
SHAPE = [360, 640, 3]


class Run(NamedTuple):
    before: Report
    after: Report
    job: str
    """The one that was cut off."""
    segments: int
    """How many it had finished, as last seen from outside."""
    disk_damage: str


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    require(("qemu-system-x86_64", "systemd-nspawn", "debootstrap", "mke2fs", "debugfs", "e2fsck"))
    share = write_share(tmp_path_factory.mktemp("share"), (SPEECH_SECONDS, SHORT_SECONDS))
    machine = Emulator(image("machine"), share, tmp_path_factory.mktemp("machine"))
    plan: Dict[str, Any] = {"options": OPTIONS, "patience": PATIENCE_S}
    steps = ["boot", "ready", "network", "camera", "microphone", "job", "memory", "until_cut"]
    before = machine.boot({**plan, "steps": steps}, BOOT_SECONDS, _far_enough)
    cut = [mark["facts"] for mark in before.marks if mark["mark"] == "segment"]
    job, segments = (cut[-1]["id"], cut[-1]["segments"]) if cut else ("", 0)
    after = machine.boot({**plan, "steps": ["boot", "ready", "after_cut", "doctor"], "job": job}, BOOT_SECONDS)
    finished = Run(before, after, job, segments, machine.check_disk())
    _write_report(machine, finished)
    yield finished
    machine.remove()


def _far_enough(line: Dict[str, Any], monitor: Monitor) -> bool:
    return line.get("mark") == "segment" and line["facts"]["segments"] >= SEGMENTS_BEFORE_CUT


def _write_report(machine: Emulator, run: Run) -> None:
    qemu = subprocess.check_output(["qemu-system-x86_64", "--version"]).decode().splitlines()[0]
    facts = {
        "host": platform.platform(), "qemu": qemu, "accelerator": "tcg", "speech_seconds": SPEECH_SECONDS,
        "short_speech_seconds": SHORT_SECONDS, "options": OPTIONS, "cut_job": run.job, "segments_at_cut": run.segments,
        "disk_damage": run.disk_damage, "boots": machine.boots,
    }  # fmt: skip
    path = REPOSITORY / "reports" / "boot-test.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(facts, indent=1) + "\n")


@pytest.mark.parametrize("boot", ["before", "after"])
def test_boots_without_asking_for_a_network(run: Run, boot: str) -> None:
    facts = getattr(run, boot)["boot"]
    assert facts["interfaces"] == ["lo"]
    assert set(facts["network_targets"].values()) == {"inactive"}
    assert not [line for line in facts["failed"] if line.startswith("sonic")]


def test_camera_gives_a_picture_inside_the_sandbox(run: Run) -> None:
    picture = run.before["camera"]
    assert picture["shape"] == SHAPE
    assert picture["deviation"] > 20  # colour bars


def test_microphone_gives_sound_inside_the_sandbox(run: Run) -> None:
    recorded, played = run.before["microphone"]["recorded"], run.before["microphone"]["played"]
    assert recorded["samples"] == 2 * 16_000
    assert recorded["highest"] > played / 2
    assert recorded["lowest"] < -played / 2


@pytest.mark.parametrize("boot", ["before", "after"])
def test_engine_starts_with_the_machine(run: Run, boot: str) -> None:
    """After a power cut nobody may come to ask for it."""
    assert getattr(run, boot)["ready"]["at_boot"]["ActiveState"] in ("active", "activating")


@pytest.mark.parametrize("process", ["engine", "worker", "spool"])
def test_has_no_network_at_all(run: Run, process: str) -> None:
    seen = run.before["network"][process]
    assert seen["interfaces"] == ["lo"]
    assert seen["inet_sockets"] == []
    assert seen["foreign_sockets"] == 0


def test_makes_a_video(run: Run) -> None:
    assert run.before["job"]["job"]["state"] == "done"
    assert_plays(run.before.out / "job.mp4", SHORT_SECONDS)


def test_memory_ceiling_bites_whoever_takes_too_much(run: Run) -> None:
    memory = run.before["memory"]
    assert memory["ceiling"] < memory["machine"]
    assert memory["kills"] >= 1
    assert memory["greedy"] == "oom-kill"
    assert memory["survived"]
    assert memory["health"]["status"] == "ok"


def test_power_cut_loses_nothing(run: Run) -> None:
    assert run.segments >= SEGMENTS_BEFORE_CUT, f"the plug was never pulled; the console: {run.before.console}"
    after = run.after["after_cut"]
    finished = run.before["job"]
    assert set(after["jobs"]) == {finished["job"]["id"], run.job}
    assert after["sha256"][finished["job"]["id"]] == finished["sha256"]
    assert after["integrity"] == "ok"
    assert run.after["doctor"]["integrity"] == "ok"
    assert run.disk_damage == ""


def test_cut_job_goes_on_at_its_last_segment(run: Run) -> None:
    after = run.after["after_cut"]
    assert after["at_boot"]["segments"] >= run.segments
    assert after["lowest_segments"] >= run.segments
    assert after["job"]["state"] == "done"
    assert_plays(run.after.out / "resumed.mp4", SPEECH_SECONDS)
