"""The file system that is looked at: the running system's, or a copy of a board's."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Dict, List, Optional, Tuple

CANN_HOMES = (
    "/usr/local/Ascend/nnrt/latest",
    "/home/HwHiAiUser/Ascend/nnrt/latest",
    "/usr/local/Ascend/ascend-toolkit/latest",
    "/home/HwHiAiUser/Ascend/ascend-toolkit/latest",
    "/home/HwHiAiUser/Ascend/acllib",
)
"""In the order in which ``systemd/cann-environment`` looks: what it finds is what the engine uses."""


class Tree:
    """``root``: what stands for ``/``. Nothing here raises for a file that is missing or may not be read."""

    def __init__(self, root: Path = Path("/")) -> None:
        self.root = root

    def path(self, name: str) -> Path:
        """``name``: an absolute path of the board."""
        return self.root / name.lstrip("/")

    def text(self, name: str) -> str:
        """Empty where there is none."""
        try:
            return self.path(name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""

    def exists(self, name: str) -> bool:
        try:
            return self.path(name).exists()
        except OSError:
            return False

    def names(self, folder: str, pattern: str) -> List[str]:
        """Names within a folder, sorted."""
        try:
            return sorted(path.name for path in self.path(folder).glob(pattern))
        except OSError:
            return []

    def cann_home(self) -> Optional[str]:
        """The folder of CANN that the engine uses."""
        return next((home for home in CANN_HOMES if self.exists(f"{home}/lib64")), None)

    def groups(self) -> Dict[str, Tuple[int, List[str]]]:
        """Name → number and members, of ``/etc/group``."""
        rows = (line.split(":") for line in self.text("/etc/group").splitlines())
        return {row[0]: (int(row[2]), row[3].split(",")) for row in rows if len(row) == 4 and row[2].isdigit()}

    def primary_group(self, user: str) -> Optional[int]:
        """Of ``/etc/passwd``; None for a user who is not in it."""
        rows = (line.split(":") for line in self.text("/etc/passwd").splitlines())
        return next((int(row[3]) for row in rows if len(row) >= 4 and row[0] == user and row[3].isdigit()), None)

    def meminfo(self) -> Dict[str, int]:
        """``/proc/meminfo``: bytes, or plain numbers for counts of pages."""
        found = {}
        for line in self.text("/proc/meminfo").splitlines():
            words = line.replace(":", " ").split()
            if len(words) >= 2 and words[1].isdigit():
                found[words[0]] = int(words[1]) << (10 if words[-1] == "kB" else 0)
        return found

    def is_board(self) -> bool:
        """Whether anything of an Ascend board is there."""
        places = ("/var/davinci", "/usr/local/Ascend/driver", "/usr/local/sbin/npu-smi", "/dev/davinci_manager")
        return bool(self.names("/dev", "davinci[0-9]*")) or any(map(self.exists, places))

    def link(self, name: str) -> str:
        """Where a symbolic link points; empty for anything else."""
        try:
            return os.readlink(str(self.path(name)))
        except OSError:
            return ""
