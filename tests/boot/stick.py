"""A USB stick as people have it: a partition with FAT32 in it, made and read without mounting anything."""

from __future__ import annotations

import json
import os
import struct
import subprocess
from pathlib import Path
from typing import Dict, List

from boot.monitor import Monitor
from boot.trees import SBIN

PROGRAMS = ("mkfs.vfat", "mcopy")
SIZE = 64 << 20
START = 1 << 20
SECTOR = 512
FAT32 = 0x0C
"""Type of a partition, addressed by blocks."""
PLUG = {"driver": "usb-storage", "id": "stick", "bus": "usb.0", "drive": "stick"}


class Stick:
    def __init__(self, image: Path, files: Dict[str, Path]) -> None:
        """``files``: by their names on the stick."""
        self.image = image
        entry = struct.pack("<B3xB3xII", 0, FAT32, START // SECTOR, (SIZE - START) // SECTOR)
        with image.open("wb") as file:
            file.write(bytes(446) + entry + bytes(48) + b"\x55\xaa")
            file.truncate(SIZE)
        blocks = str((SIZE - START) // 1024)
        _run("mkfs.vfat", "-F", "32", "-n", "VISITOR", f"--offset={START // SECTOR}", str(image), blocks)
        for name, path in files.items():
            self._tool("mcopy", str(path), f"::/{name}")

    def devices(self) -> List[str]:
        """With which QEMU has it plugged in."""
        disk = {"driver": "raw", "node-name": "stick", "file": {"driver": "file", "filename": str(self.image)}}
        return ["-device", "qemu-xhci,id=usb", "-blockdev", json.dumps(disk), "-device", json.dumps(PLUG)]

    @staticmethod
    def pull(monitor: Monitor) -> None:
        """As a hand does: the machine is not asked."""
        monitor.do("device_del", id=PLUG["id"])

    @staticmethod
    def plug(monitor: Monitor) -> None:
        monitor.do("device_add", **PLUG)

    def read(self, name: str) -> bytes:
        return self._tool("mcopy", f"::/{name}", "-")

    def _tool(self, program: str, *arguments: str) -> bytes:
        return _run(program, "-i", f"{self.image}@@{START}", *arguments)


def _run(*command: str) -> bytes:
    environment = {**os.environ, "PATH": os.environ.get("PATH", "") + SBIN, "LC_ALL": "C.UTF-8"}
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, env=environment)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr.decode(errors='replace')}"
    return done.stdout
