"""A whole machine imitated by QEMU, kernel included: without network, with a plug that can be pulled, and whatever else
is connected to it."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

from boot.monitor import Monitor
from boot.report import Report, read_lines
from boot.trees import SBIN

MEMORY_MB = 3072
SHARE_BYTES = 256 << 20
LOOK_SECONDS = 0.2

Line = Dict[str, Any]
Outside = Callable[[Line, Monitor], bool]
"""Called once with each reported line; may do something to the machine. True pulls the plug."""


class Emulator:
    """One machine: its disk, and a second one with what the test brings and takes away. Both outlive a boot.

    Only the processor is imitated (TCG), so that it runs where KVM does not: twenty to fifty times slower.
    ``devices``: options of QEMU for what else is connected.
    """

    def __init__(self, image: Path, share: Path, scratch: Path, devices: Sequence[str] = ()) -> None:
        self.disk = scratch / "disk.ext4"
        self._scratch, self._image, self._devices = scratch, image, devices
        self.boots: List[Dict[str, Any]] = []
        subprocess.run(["cp", "--sparse=always", "--reflink=auto", str(image), str(self.disk)], check=True)
        self._shared_disk = scratch / "share.ext4"
        with self._shared_disk.open("wb") as file:
            file.truncate(SHARE_BYTES)
        _tool("mke2fs", "-q", "-F", "-t", "ext4", "-d", str(share), str(self._shared_disk))

    def boot(self, plan: Dict[str, Any], seconds: float, outside: Optional[Outside] = None) -> Report:
        """Boot and do the steps of `plan`, until it switches itself off, or ``outside`` wants the plug pulled.

        A pulled plug is SIGKILL to QEMU: all that the guest had not yet given to its disk is gone.
        """
        folder = self._scratch / f"boot-{len(self.boots) + 1}"
        folder.mkdir()
        self._write("plan.json", json.dumps(plan))
        console, lines, monitor = folder / "console.txt", folder / "report.jsonl", Monitor(folder / "qmp")
        began = time.monotonic()
        with (folder / "qemu.txt").open("wb") as output:
            machine = subprocess.Popen(
                [*self._command(console, lines), *monitor.options(), *self._devices],
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip
            try:
                pulled = self._watch(machine, lines, began + seconds, outside, monitor)
            finally:
                machine.kill()
                machine.wait()
        _tool("e2fsck", "-p", str(self._shared_disk), accept=(0, 1))
        _tool("debugfs", "-R", f"rdump /out {folder}", str(self._shared_disk))
        report = Report(list(read_lines(lines)), folder / "out", console)
        self.boots.append({"seconds": round(time.monotonic() - began, 1), "plug_pulled": pulled, **report.as_json()})
        return report

    def check_disk(self) -> str:
        """What e2fsck finds wrong, without repairing it; "" if nothing. For a machine that was switched off."""
        done = subprocess.run(
            ["e2fsck", "-f", "-n", str(self.disk)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=_environment()
        )
        return "" if done.returncode == 0 else done.stdout.decode(errors="replace")

    def remove(self) -> None:
        """The disks are large."""
        self.disk.unlink()
        self._shared_disk.unlink()

    def _watch(
        self, machine: subprocess.Popen[bytes], lines: Path, until: float, outside: Optional[Outside], monitor: Monitor
    ) -> bool:
        told = 0
        while machine.poll() is None and time.monotonic() < until:
            new = list(read_lines(lines))[told:]
            told += len(new)
            if outside is not None and any(outside(line, monitor) for line in new):
                return True
            time.sleep(LOOK_SECONDS)
        return False

    def _write(self, name: str, text: str) -> None:
        """A file into the shared disk; the machine is off."""
        path = self._scratch / name
        path.write_text(text)
        _tool("debugfs", "-w", "-R", f"rm /{name}", str(self._shared_disk))
        _tool("debugfs", "-w", "-R", f"write {path} {name}", str(self._shared_disk))

    def _command(self, console: Path, lines: Path) -> List[str]:
        return [
            "qemu-system-x86_64", "-machine", "q35", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2",
            "-m", str(MEMORY_MB), "-nic", "none", "-display", "none", "-no-reboot",
            "-kernel", f"{self._image}.kernel", "-initrd", f"{self._image}.initrd",
            "-append", "root=/dev/vda rw console=ttyS0 panic=-1",
            "-drive", f"file={self.disk},if=virtio,format=raw",
            "-drive", f"file={self._shared_disk},if=virtio,format=raw",
            "-serial", f"file:{console}", "-serial", f"file:{lines}",
        ]  # fmt: skip


def _tool(*command: str, accept: Tuple[int, ...] = (0,)) -> None:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, env=_environment())
    assert done.returncode in accept, f"{' '.join(command)}: {done.stderr.decode(errors='replace')}"


def _environment() -> Dict[str, str]:
    return {**os.environ, "PATH": os.environ.get("PATH", "") + SBIN}
