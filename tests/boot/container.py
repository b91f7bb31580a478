"""A machine in a container of systemd-nspawn: a whole boot in a second or two, on the kernel of the host."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any, Dict

from boot.report import Report, read_lines

NSPAWN = ("systemd-nspawn", "--boot", "--console=pipe", "--register=no", "--keep-unit", "--private-network")
POWER_OFF_SECONDS = 20


def boot(tree: Path, share: Path, plan: Dict[str, Any], seconds: float) -> Report:
    """Boot `tree`, let it do the steps of `plan` with what is in `share`, until it switches itself off."""
    (share / "plan.json").write_text(json.dumps(plan))
    (share / "out").mkdir()
    console = share / "out" / "console.txt"
    command = [*NSPAWN, f"--directory={tree}", f"--bind={share}:/opt/boot-test"]
    with console.open("wb") as output:
        machine = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        try:
            machine.wait(seconds)
        except subprocess.TimeoutExpired:
            pass
        finally:
            _switch_off(machine)
    return Report(list(read_lines(share / "out" / "report.jsonl")), share / "out", console)


def _switch_off(nspawn: subprocess.Popen[bytes]) -> None:
    """Whatever it is doing. The death of nspawn itself would leave the machine running; that of its init ends both."""
    init = Path(f"/proc/{nspawn.pid}/task/{nspawn.pid}/children")
    if nspawn.poll() is None:
        for pid in init.read_text().split():
            os.kill(int(pid), signal.SIGKILL)
        try:
            nspawn.wait(POWER_OFF_SECONDS)
        except subprocess.TimeoutExpired:
            nspawn.kill()
    nspawn.wait()


def fresh_copy(tree: Path, scratch: Path) -> Path:
    """A copy that a run may write to."""
    if scratch.exists():
        shutil.rmtree(str(scratch))
    subprocess.run(["cp", "-a", "--reflink=auto", str(tree), str(scratch)], check=True)
    return scratch
