"""The running system: users, devices and services follow what was written. Every tool may be missing."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import List, Sequence

from ..errors import InstallFailed
from .layout import Layout


def has_group(layout: Layout, name: str) -> bool:
    try:
        groups = layout.at("/etc/group").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return any(line.startswith(f"{name}:") for line in groups.splitlines())


def systemd_runs() -> bool:
    """Whether this system was booted by systemd (sd_booted(3))."""
    return Path("/run/systemd/system").is_dir()


def make_users(layout: Layout) -> bool:
    """The users and groups of sysusers.d, and the spool folder; False where systemd's tools are missing."""
    if shutil.which("systemd-sysusers") is None or shutil.which("systemd-tmpfiles") is None:
        return False
    root = [] if layout.is_this_system else [f"--root={layout.root}"]
    done = _run(["systemd-sysusers", *root])
    if done.returncode:
        raise InstallFailed(
            done.stderr,
            message="The user sonic could not be made.",
            action="See what `systemd-sysusers` says; then install again. The files are in place, nothing was started.",
        )
    _run(["systemd-tmpfiles", "--create", *root, "sonic.conf"])
    return True


def start(services: Sequence[str]) -> List[str]:
    """Load the units, start the engine with the present program, then the others. Returns services that do not run.

    Raises `InstallFailed` where the engine does not start.
    """
    _run(["systemctl", "daemon-reload"])
    for command in (["udevadm", "control", "--reload"], ["udevadm", "trigger", "--subsystem-match=gpio"]):
        if shutil.which("udevadm"):
            _run(command)
    engine, *others = services
    if _run(["systemctl", "restart", engine]).returncode:
        raise InstallFailed(
            message="All is installed, but the engine does not start; systemd goes on trying.",
            action=f"`journalctl -u {engine}` says why. Back to the release before: `appliance install --rollback`.",
        )
    for service in others:
        _run(["systemctl", "try-restart", service])
    _run(["systemctl", "start", "sonic.target"])
    return [service for service in others if _run(["systemctl", "is-active", "--quiet", service]).returncode]


def stop(units: Sequence[str]) -> None:
    """Before their files go."""
    if units:
        _run(["systemctl", "stop", *units])


def forget(units: Sequence[str]) -> None:
    """After the files have gone."""
    _run(["systemctl", "daemon-reload"])
    _run(["systemctl", "reset-failed", *units])


def _run(command: List[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
