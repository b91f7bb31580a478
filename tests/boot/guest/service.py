"""Steps that try the installed service: that it comes up, works, survives, and keeps to itself."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import socket
import sqlite3
import time
from pathlib import Path
from typing import Any, Callable, Dict, List

import engine
from machine import (
    ENGINE,
    ENGINE_SOCKET,
    PROGRAM,
    STATE,
    below,
    describe,
    drop_in,
    foreign_sockets,
    inet_sockets,
    interfaces,
    main_pid,
    run,
    unit,
    wait,
    worker_pid,
)
from report import OUT, SHARED, Report

Facts = Dict[str, Any]
Plan = Dict[str, Any]

PHOTO, SPEECH, SHORT_SPEECH = SHARED / "photo.jpg", SHARED / "speech.wav", SHARED / "short.wav"
SPOOL = Path("/var/spool/sonic")
VISITOR = "mustermann"
"""Stem of the files put into the spool; must be found in no log."""
CLERK = "clerk"
"""A person of the group `sonic`, who may use the spool folder."""
FRONT_ENDS = ("sonic-spool.service", "sonic-headless.service", "sonic-retention.timer")
NETWORK_TARGETS = ("network.target", "network-online.target", "network-pre.target", "nss-lookup.target")


def boot(facts: Facts, report: Report, plan: Plan) -> None:
    """The machine is up, without anybody having asked for a network."""
    facts["system"] = wait("the end of the boot", _system_state, plan["patience"], every=0.2)
    facts["userspace_seconds"] = int(unit("", "FinishTimestampMonotonic")["FinishTimestampMonotonic"]) / 1e6
    facts["failed"] = run("systemctl", "list-units", "--failed", "--plain", "--no-legend").split("\n")[:-1]
    facts["network_targets"] = {name: unit(name, "ActiveState")["ActiveState"] for name in NETWORK_TARGETS}
    facts["interfaces"] = interfaces(1)
    names = [line.split()[0] for line in run("systemctl", "list-unit-files", "--no-legend", "sonic*").splitlines()]
    facts["units"] = {name: unit(name, "UnitFileState", "ActiveState", "SubState", "Result") for name in names}


def _system_state() -> str:
    state = run("systemctl", "is-system-running", check=False).strip()
    return state if state in ("running", "degraded") else ""


def activation(facts: Facts, report: Report, plan: Plan) -> None:
    """A client connects while the engine does not run, and is served."""
    run("systemctl", "stop", *FRONT_ENDS, ENGINE)
    facts["before"] = unit(ENGINE, "ActiveState")["ActiveState"]
    facts["socket"] = describe(ENGINE_SOCKET)
    began = time.monotonic()
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(ENGINE_SOCKET))
        facts["connect_seconds"] = time.monotonic() - began
    status, body = engine.request("GET", "/v1/health")
    facts["served_seconds"] = time.monotonic() - began
    facts["health"] = json.loads(body)
    facts["after"] = unit(ENGINE, "ActiveState", "StatusText")
    engine.wait_for_networks(plan["patience"])
    facts["ready_seconds"] = time.monotonic() - began


def network(facts: Facts, report: Report, plan: Plan) -> None:
    """No part of the appliance has a network to speak to, nor a socket that could."""
    pids = {"engine": main_pid(ENGINE), "worker": wait("a worker", worker_pid, plan["patience"])}
    pids["spool"] = wait("the spool", lambda: main_pid("sonic-spool.service"), plan["patience"])
    machine = os.readlink("/proc/1/ns/net")
    for name, pid in pids.items():
        facts[name] = {
            "own_namespace": os.readlink(f"/proc/{pid}/ns/net") != machine,
            "interfaces": interfaces(pid),
            "inet_sockets": inet_sockets(pid),
            "foreign_sockets": foreign_sockets(pid),
        }
    facts["machine_inet_sockets"] = inet_sockets(1)


def spool(facts: Facts, report: Report, plan: Plan) -> None:
    """A clerk puts a photo and a recording into the folder and gets a video."""
    if "clerk" not in Path("/etc/passwd").read_text():
        run("useradd", "--no-create-home", "--groups", "sonic", CLERK)
    run("systemctl", "start", "sonic-spool.service")
    for source, suffix in ((PHOTO, ".jpg"), (SHORT_SPEECH, ".wav")):
        _as_clerk("cp", "--no-preserve=mode", str(source), f"{SPOOL}/{VISITOR}{suffix}")
    outcomes = [SPOOL / f"{VISITOR}.mp4", SPOOL / f"{VISITOR}.error.txt"]
    found = wait("a video", lambda: next((path for path in outcomes if path.exists()), None), plan["patience"])
    facts["outcome"] = found.name
    if found.suffix == ".txt":
        facts["text"] = found.read_text()
        return
    facts["video"] = describe(found)
    facts["clerk_reads"] = _as_clerk("md5sum", str(found)).split()[0] == _md5(found)
    wait("the inputs to be cleared away", lambda: len(list(SPOOL.glob(f"{VISITOR}*"))) == 1, 30)
    facts["left"] = sorted(path.name for path in SPOOL.iterdir() if not path.name.startswith("."))
    _keep(found.read_bytes(), "spool.mp4")


def _as_clerk(*command: str) -> str:
    return run("setpriv", "--reuid", CLERK, "--regid", CLERK, "--init-groups", *command)


def undisturbed(facts: Facts, report: Report, plan: Plan) -> None:
    """What the videos of all disturbed jobs must be, byte for byte."""
    job = engine.submit(PHOTO, SPEECH, plan["options"])
    _follow(facts, job, plan)
    _keep(engine.video(job["id"]), "undisturbed.mp4")


def worker_killed(facts: Facts, report: Report, plan: Plan) -> None:
    """The worker dies in mid-job; the service does not, and the job goes on where it was."""
    before = unit(ENGINE, "MainPID", "NRestarts")
    job = engine.submit(PHOTO, SPEECH, plan["options"])
    cut = engine.at_segment(job["id"], 1, plan["patience"])
    facts["files"] = below(STATE)
    victim = worker_pid()
    assert victim is not None
    os.kill(victim, signal.SIGKILL)
    _follow(facts, cut, plan)
    facts["service_kept"] = unit(ENGINE, "MainPID", "NRestarts") == before
    facts["new_worker"] = worker_pid() != victim
    _keep(engine.video(job["id"]), "worker_killed.mp4")


def watchdog(facts: Facts, report: Report, plan: Plan) -> None:
    """The worker hangs and the engine does not act, so systemd does; clients only wait.

    The engine would end a silent worker by itself (hang_seconds), sooner than the watchdog: that is set out of reach.
    """
    drop_in(ENGINE, "[Service]\nWatchdogSec=15\nEnvironment=SONIC_ENGINE_HANG_SECONDS=600\n")
    run("systemctl", "restart", ENGINE)
    inode = ENGINE_SOCKET.stat().st_ino
    job = engine.submit(PHOTO, SPEECH, plan["options"])
    cut = engine.at_segment(job["id"], 1, plan["patience"])
    cursor = _cursor()
    before = unit(ENGINE, "NRestarts")
    victim = worker_pid()
    assert victim is not None
    os.kill(victim, signal.SIGSTOP)
    began = time.monotonic()

    def killed() -> bool:
        # Whoever calls meanwhile gets through, also while no engine runs.
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(ENGINE_SOCKET))
        return unit(ENGINE, "NRestarts") != before

    wait("the watchdog", killed, plan["patience"])
    facts["bitten_after_seconds"] = time.monotonic() - began
    facts["worker_gone"] = not Path(f"/proc/{victim}").exists()
    drop_in(ENGINE, "")  # a slow machine needs the time that the unit gives it
    facts["socket_kept"] = ENGINE_SOCKET.stat().st_ino == inode
    _follow(facts, cut, plan)
    lines = run("journalctl", "--unit", ENGINE, "--after-cursor", cursor, "-o", "json").splitlines()
    results = {json.loads(line).get("UNIT_RESULT") for line in lines} - {None}
    facts["results"] = sorted(results)
    facts["restarts"] = int(unit(ENGINE, "NRestarts")["NRestarts"]) - int(before["NRestarts"])
    _keep(engine.video(job["id"]), "watchdog.mp4")


def _cursor() -> str:
    return run("journalctl", "-n", "0", "--show-cursor").rsplit("-- cursor: ", 1)[1].strip()


def stop(facts: Facts, report: Report, plan: Plan) -> None:
    """Stopped in mid-job, it obeys quickly and loses nothing."""
    job = engine.submit(PHOTO, SPEECH, plan["options"])
    cut = engine.at_segment(job["id"], 1, plan["patience"])
    began = time.monotonic()
    run("systemctl", "stop", *FRONT_ENDS, ENGINE)
    facts["stop_seconds"] = time.monotonic() - began
    facts["result"] = unit(ENGINE, "Result", "ActiveState")
    _follow(facts, cut, plan)
    _keep(engine.video(job["id"]), "stop.mp4")


def _follow(facts: Facts, cut: engine.Job, plan: Plan) -> None:
    """Watch a disturbed job until its end. ``lowest_segments``: if less than at the cut, work was done twice."""
    facts["segments_at_cut"] = cut["segments"]
    seen: List[engine.Job] = list(engine.changes(cut["id"], plan["patience"]))
    facts["lowest_segments"] = min(job["segments"] for job in seen)
    facts["job"] = seen[-1]


def files(facts: Facts, report: Report, plan: Plan) -> None:
    """Who may read what the engine keeps."""
    facts["files"] = below(STATE)
    facts["clerk_listing"] = _as_clerk_fails("ls", str(STATE))


def _as_clerk_fails(*command: str) -> bool:
    try:
        _as_clerk(*command)
    except RuntimeError:
        return True
    return False


def doctor(facts: Facts, report: Report, plan: Plan) -> None:
    """The appliance's own diagnosis, by the user it runs as; and the database, by SQLite itself."""
    as_service = ("setpriv", "--reuid", "sonic", "--regid", "sonic", "--init-groups", "env", "-i", "PATH=/usr/bin")
    facts["output"] = run(*as_service, PROGRAM, "doctor", "--json", check=False)
    with sqlite3.connect(f"file:{STATE}/jobs.sqlite3?mode=ro", uri=True) as database:
        facts["integrity"] = database.execute("PRAGMA integrity_check").fetchone()[0]
    database.close()


def journal(facts: Facts, report: Report, plan: Plan) -> None:
    """What was logged, for the host to read."""
    (OUT / "journal.txt").write_text(run("journalctl", "--no-pager", "-o", "short-monotonic"))
    shutil.copyfile(str(STATE / "audit.jsonl"), str(OUT / "audit.jsonl"))
    facts["visitor"] = VISITOR


def _md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes()).hexdigest()


def _keep(content: bytes, name: str) -> None:
    (OUT / name).write_bytes(content)


STEPS: Dict[str, Callable[[Facts, Report, Plan], None]] = {
    step.__name__: step
    for step in (boot, activation, network, spool, undisturbed, worker_killed, watchdog, stop, files, doctor, journal)
}
