"""Runs inside a booted machine with the appliance installed: upgrade, a start that fails, the way back, uninstalling.

Only the standard library of Debian's own Python. One JSON line a step goes to out/report.jsonl.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
import time
import traceback
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, Tuple

SHARE = Path("/opt/boot-test")
PROGRAM = Path("/opt/sonic-appliance")
SETTINGS = Path("/etc/sonic-appliance/settings.toml")
SOCKET = "/run/sonic/engine.sock"
PATIENCE_S = 120

Facts = Dict[str, Any]


def run(*command: str) -> Facts:
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    return {"code": done.returncode, "out": done.stdout, "err": done.stderr}


def state() -> Facts:
    """Which release runs, and what it knows of the job made at the beginning."""
    pid = run("systemctl", "show", "--value", "-p", "MainPID", "sonic-engine.service")["out"].strip()
    command = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
    units = ("sonic-engine.socket", "sonic-engine.service", "sonic-spool.service", "sonic.target")
    return {
        "runs": Path(command[0]).parent.parent.name,
        "current": os.path.basename(os.readlink(str(PROGRAM / "current"))),
        "jobs": run("/usr/local/bin/appliance", "jobs")["out"],
        "active": {unit: run("systemctl", "is-active", unit)["out"].strip() for unit in units},
    }


class Caller(threading.Thread):
    """Somebody who wants to speak to the engine all the time."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.calls = self.refused = 0
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.02):
            self.calls += 1
            with socket.socket(socket.AF_UNIX) as connection:
                try:
                    connection.connect(SOCKET)
                except OSError:
                    self.refused += 1

    def stop(self) -> Facts:
        self.over.set()
        self.join()
        return {"calls": self.calls, "refused": self.refused}


def before() -> Facts:
    deadline = time.monotonic() + PATIENCE_S
    while run("systemctl", "is-active", "sonic-spool.service")["code"] and time.monotonic() < deadline:
        time.sleep(0.2)
    made = run("/usr/local/bin/appliance", "submit", str(SHARE / "photo.jpg"), str(SHARE / "short.wav"), "-o", "/v.mp4")
    return {"made": made, **state()}


def upgrade() -> Facts:
    caller = Caller()
    caller.start()
    done = run("sh", str(SHARE / "bundle/install.sh"))
    return {"done": done, **caller.stop(), **state()}


def failing_start() -> Facts:
    """As of a release that cannot work with these settings."""
    good = SETTINGS.read_text()
    SETTINGS.write_text(good + "\n[nonsense]\n")
    done = run("/usr/local/bin/appliance", "install")
    listening = run("systemctl", "is-active", "sonic-engine.socket")["out"].strip()
    SETTINGS.write_text(good)
    return {"done": done, "socket": listening}


def rollback() -> Facts:
    return {"done": run("/usr/local/bin/appliance", "install", "--rollback"), **state()}


def another_profile() -> Facts:
    return {"done": run("/usr/local/bin/appliance", "install", "--profile", "kiosk"), **state()}


def uninstall() -> Facts:
    done = run("/usr/local/bin/appliance", "uninstall")
    return {
        "done": done,
        "units": run("systemctl", "list-units", "--all", "--plain", "--no-legend", "sonic*")["out"],
        "failed": run("systemctl", "list-units", "--failed", "--plain", "--no-legend")["out"],
        "processes": [path.name for path in Path("/proc").glob("[0-9]*") if path.owner() == "sonic"],
        "left": [str(path) for path in _named_sonic() if SHARE not in path.parents],
        "jobs": len(list(Path("/var/lib/sonic/jobs").iterdir())),
    }


def _named_sonic() -> Iterator[Path]:
    for folder in ("/etc", "/opt", "/usr/local"):
        yield from Path(folder).rglob("*sonic*")


def main() -> None:
    steps: Tuple[Callable[[], Facts], ...] = (before, upgrade, failing_start, rollback, another_profile, uninstall)
    with (SHARE / "out/report.jsonl").open("a") as report:
        for step in steps:
            line: Facts = {"step": step.__name__, "facts": {}}
            try:
                line["facts"] = step()
            except Exception:
                line["error"] = traceback.format_exc()
            report.write(json.dumps(line) + "\n")
            report.flush()


if __name__ == "__main__":
    main()
