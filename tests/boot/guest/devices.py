"""Steps for a whole machine: its camera and microphone, its memory, and the current that may fail."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import struct
import time
import wave
from pathlib import Path
from typing import Any, Callable, Dict

import engine
from machine import ENGINE, STATE, main_pid, run, unit, wait, worker_pid
from report import OUT, SHARED, Report

Facts = Dict[str, Any]
Plan = Dict[str, Any]

PYTHON = "/opt/sonic-appliance/current/bin/python"
HEADLESS = "sonic-headless.service"
"""The unit that records and photographs; its sandbox is the one to try the devices in."""
SANDBOX = (
    "User", "Group", "SupplementaryGroups", "DevicePolicy", "DeviceAllow", "PrivateNetwork", "IPAddressDeny",
    "RestrictAddressFamilies", "MemoryDenyWriteExecute", "NoNewPrivileges", "ProtectSystem", "ProtectHome",
    "PrivateTmp", "CapabilityBoundingSet", "ProtectKernelModules", "RestrictNamespaces", "SystemCallFilter",
    "SystemCallErrorNumber",
)  # fmt: skip

FRAME_PROGRAM = """\
import json, sys, cv2
camera = cv2.VideoCapture(0, cv2.CAP_V4L2)
camera.set(cv2.CAP_PROP_FRAME_WIDTH, 640)
camera.set(cv2.CAP_PROP_FRAME_HEIGHT, 360)
got, frame = camera.read()
if got:
    print(json.dumps({"shape": frame.shape, "mean": float(frame.mean()), "deviation": float(frame.std())}))
sys.exit(not got)
"""

PLAYER_STATUS = Path("/proc/asound/Loopback/pcm0p/sub0/status")
LOUDNESS = 8000
"""Of 32768."""

GREEDY_PROGRAM = """\
hoard = []
while True:
    hoard.append(bytearray(b"x" * (16 << 20)))
"""


def ready(facts: Facts, report: Report, plan: Plan) -> None:
    """The engine has started by itself, with the machine, and has its networks."""
    facts["at_boot"] = unit(ENGINE, "ActiveState", "SubState")
    engine.wait_for_networks(plan["patience"])
    facts["after_seconds"] = time.monotonic()


def camera(facts: Facts, report: Report, plan: Plan) -> None:
    """A picture from the camera, taken in the sandbox of the headless unit."""
    facts.update(json.loads(_in_sandbox(PYTHON, "-c", FRAME_PROGRAM).splitlines()[-1]))


def microphone(facts: Facts, report: Report, plan: Plan) -> None:
    """A recording from the microphone (what is played into the loopback comes out of its other end), likewise."""
    tone, rate, half_period, seconds = Path("/tmp/boot-test-tone.wav"), 16_000, 20, 300
    period = struct.pack("<h", LOUDNESS) * half_period + struct.pack("<h", -LOUDNESS) * half_period
    with wave.open(str(tone), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes(period * (rate * seconds // (2 * half_period)))
    run("systemd-run", "--unit=boot-test-player", "aplay", "-q", "-D", "plughw:Loopback,0,0", str(tone))
    wait("the player", lambda: "RUNNING" in PLAYER_STATUS.read_text(), plan["patience"])
    arecord = f"arecord -q -D plughw:Loopback,1,0 -f S16_LE -r {rate} -c 1 -d 2 -t raw"
    samples = [int(word) for word in _in_sandbox("sh", "-c", f"{arecord} | od -An -v -td2").split()]
    run("systemctl", "stop", "boot-test-player", check=False)
    facts["played"] = LOUDNESS
    facts["recorded"] = {"samples": len(samples), "lowest": min(samples), "highest": max(samples)}


def _in_sandbox(*command: str) -> str:
    """Output of a command run with the user, the groups and the sandbox of the headless unit, without its slice."""
    options = []
    for line in run("systemctl", "cat", HEADLESS).splitlines():
        key, separator, value = line.partition("=")
        if separator and key in SANDBOX:
            options += ["-p", f"{key}={value}"]
    return run("systemd-run", "--quiet", "--wait", "--pipe", "--collect", *options, *command)


def job(facts: Facts, report: Report, plan: Plan) -> None:
    """One video, from beginning to end."""
    submitted = engine.submit(SHARED / "photo.jpg", SHARED / "short.wav", plan["options"])
    for seen in engine.changes(submitted["id"], plan["patience"], every=5):
        report.mark("job", state=seen["state"], segments=seen["segments"], progress=seen.get("progress"))
    facts["job"] = engine.job(submitted["id"])
    (OUT / "job.mp4").write_bytes(engine.video(submitted["id"]))
    facts["sha256"] = _video_hash(submitted["id"])


def memory(facts: Facts, report: Report, plan: Plan) -> None:
    """A process of the slice that takes all the memory there is dies of it, and nothing else does."""
    before = {"engine": main_pid(ENGINE), "worker": worker_pid()}
    facts["ceiling"] = int(_slice_file("memory.max"))
    facts["machine"] = int(Path("/proc/meminfo").read_text().split()[1]) * 1024
    kills = _kills()
    greedy = ("systemd-run", "--wait", "--unit=boot-test-greedy", "--slice=sonic.slice", "--property=Type=exec")
    run(*greedy, "/usr/bin/python3", "-c", GREEDY_PROGRAM, check=False)
    facts["kills"] = _kills() - kills
    facts["greedy"] = unit("boot-test-greedy", "Result")["Result"]
    facts["peak"] = int(_slice_file("memory.peak", default="0"))
    facts["survived"] = {"engine": main_pid(ENGINE), "worker": worker_pid()} == before
    facts["health"] = engine.get("/v1/health")
    run("systemctl", "reset-failed", "boot-test-greedy", check=False)


def _kills() -> int:
    events = dict(line.split() for line in _slice_file("memory.events").splitlines())
    return int(events["oom_kill"])


def _slice_file(name: str, default: str = "") -> str:
    path = Path("/sys/fs/cgroup/sonic.slice") / name
    return path.read_text().strip() if path.exists() or not default else default


def until_cut(facts: Facts, report: Report, plan: Plan) -> None:
    """Say when a segment is finished; the host pulls the plug at the one it likes. Does not return."""
    submitted = engine.submit(SHARED / "photo.jpg", SHARED / "speech.wav", plan["options"])
    # Accepted means kept: from here on the current may fail.
    report.mark("submitted", id=submitted["id"])
    told = -1
    for seen in engine.changes(submitted["id"], plan["patience"], every=1):
        if seen["segments"] != told:
            told = seen["segments"]
            report.mark("segment", id=submitted["id"], state=seen["state"], segments=told)
    raise RuntimeError("the job ended before the power did")


def after_cut(facts: Facts, report: Report, plan: Plan) -> None:
    """The same disk, after the power cut: the job goes on from its last finished segment."""
    listed = engine.get("/v1/jobs")
    jobs = listed["jobs"] if isinstance(listed, dict) else listed
    facts["jobs"] = {job["id"]: job["state"] for job in jobs}
    facts["at_boot"] = engine.job(plan["job"])
    kept = {path.name: _hash(path) for path in sorted((STATE / "jobs" / plan["job"] / "segments").iterdir())}
    facts["segments_at_boot"] = sorted(kept)
    lowest = facts["at_boot"]["segments"]
    for seen in engine.changes(plan["job"], plan["patience"], every=2):
        report.mark("job", state=seen["state"], segments=seen["segments"], progress=seen.get("progress"))
        lowest = min(lowest, seen["segments"])
    facts["lowest_segments"] = lowest
    facts["job"] = engine.job(plan["job"])
    (OUT / "resumed.mp4").write_bytes(engine.video(plan["job"]))
    # And what was finished before the cut is what it was.
    facts["sha256"] = {name: _video_hash(name) for name, state in facts["jobs"].items() if state == "done"}
    with sqlite3.connect(f"file:{STATE}/jobs.sqlite3?mode=ro", uri=True) as database:
        facts["integrity"] = database.execute("PRAGMA integrity_check").fetchone()[0]
    database.close()
    facts["clean_boot"] = unit("systemd-fsck-root.service", "Result")["Result"]


def _video_hash(job_id: str) -> str:
    return hashlib.sha256(engine.video(job_id)).hexdigest()


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


STEPS: Dict[str, Callable[[Facts, Report, Plan], None]] = {
    step.__name__: step for step in (ready, camera, microphone, job, memory, until_cut, after_cut)
}
