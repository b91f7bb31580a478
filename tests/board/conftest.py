"""A board in a folder: files as the vendor's image has them, and an npu-smi that says what it is told to."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Dict, List

import pytest

from appliance.board import Finding, Tree
from appliance.board.examine import examine_machine

HOME = "/usr/local/Ascend/nnrt/latest"

TABLE = """\
+------------------------------------------------------------------------------+
| npu-smi 21.0.4                       Version: 21.0.4                         |
+-------------------+-----------------+----------------------------------------+
| NPU     Name      | Health          | Power(W)     Temp(C)                   |
| Chip    Device    | Bus-Id          | AICore(%)    Memory-Usage(MB)          |
+===================+=================+========================================+
| 0       310       | OK              | 12.8         46                        |
| 0       0         | NA              | 0            2703 / 8192               |
+===================+=================+========================================+
"""
HEALTH = "\tHealth Status                  : OK\n\tError Code                     : NULL\n"
TEMPERATURE = "\tNPU ID                         : 0\n\tTemperature (C)                : 46\n"
USAGES = """\
\tNPU ID                         : 0
\tChip Count                     : 1

\tMemory Capacity(MB)            : 8192
\tMemory Usage Rate(%)           : 33
\tHugepages Total(page)          : 25
\tHugepages Usage Rate(%)        : 40
\tAicore Usage Rate(%)           : 0
\tAicpu Usage Rate(%)            : 0
\tCtrlcpu Usage Rate(%)          : 12
\tMemory Bandwidth Usage Rate(%) : 1
\tChip ID                        : 0
"""
CORES = """\
\tCurrent AI CPU number          : 4
\tCurrent control CPU number     : 4
\tNumber of AI CPUs set          : 4
\tNumber of control CPUs set     : 4
"""
MEMORY = """\
MemTotal:        7925760 kB
MemFree:         4194304 kB
CmaTotal:         262144 kB
CmaFree:          200000 kB
HugePages_Total:      25
HugePages_Free:       15
Hugepagesize:       2048 kB
"""


class FakeBoard:
    """Healthy until a test changes something. ``environment`` is that of the process; ``cores`` what it may use."""

    def __init__(self, root: Path) -> None:
        self.root, self.cores = root, 4
        self.tree = Tree(root)
        self.write("/var/davinci/driver/version.info", "Version=21.0.4\n")
        self.write("/var/davinci/aicpu_kernels/version.info", "Version=1.84.T12.0.B220\n")
        self.install("6.0.RC1")
        for node in ("davinci0", "davinci_manager"):
            self.write(f"/dev/{node}").chmod(0o660)
        self.write("/etc/passwd", "root:x:0:0::/root:/bin/sh\nsonic:x:990:989::/var/lib/sonic:/usr/sbin/nologin\n")
        self.groups(f"HwHiAiUser:x:{os.stat(str(root / 'dev' / 'davinci0')).st_gid}:sonic\n")
        self.write("/proc/meminfo", MEMORY)
        self.says: Dict[str, str] = {
            "": TABLE, "health": HEALTH, "temp": TEMPERATURE, "usages": USAGES, "aicpu-config": CORES,
        }  # fmt: skip
        self.environment = {
            "LD_LIBRARY_PATH": f"{root}{HOME}/lib64",
            "PYTHONPATH": f"{HOME}/python/site-packages",
            "ASCEND_OPP_PATH": f"{HOME}/opp",
        }
        self.environment["LD_LIBRARY_PATH"] = f"{HOME}/lib64:/usr/local/Ascend/driver/lib64"

    def write(self, name: str, content: str = "") -> Path:
        path = self.root / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        return path

    def remove(self, name: str) -> None:
        (self.root / name.lstrip("/")).unlink()

    def install(self, cann: str) -> None:
        """A CANN of that version, as nnrt lays it out."""
        self.write(f"/usr/local/Ascend/nnrt/{cann}/lib64/libascendcl.so")
        self.write(f"/usr/local/Ascend/nnrt/{cann}/opp/version.info")
        link = self.root / HOME.lstrip("/")
        if link.is_symlink():
            link.unlink()
        link.symlink_to(cann)

    def groups(self, text: str) -> None:
        self.write("/etc/group", f"root:x:0:\nsonic:x:989:\n{text}")

    def npu_smi(self, script: str = "") -> None:
        """``script``: what it does instead of answering."""
        folder = self.root / "answers"
        folder.mkdir(exist_ok=True)
        for topic, text in self.says.items():
            (folder / (topic or "table")).write_text(text)
        asked = f'[ "$2" = -t ] && topic=$3 || topic=table; cat "{folder}/$topic"'
        self.write("/usr/local/sbin/npu-smi", f"#!/bin/sh\n{script or asked}\n").chmod(0o755)

    def findings(self) -> Dict[str, Finding]:
        """By name. Checks in passing what holds for every finding."""
        if not (self.root / "usr/local/sbin/npu-smi").exists():
            self.npu_smi()
        sections = examine_machine(self.tree, self.environment, self.cores)
        found: List[Finding] = [item for items in sections.values() for item in items]
        assert len({item.name for item in found}) == len(found)
        for item in found:
            assert item.state in ("ok", "warning", "problem")
            assert item.value and item.meaning, item
            assert bool(item.action) == (item.state != "ok"), item
        return {item.name: item for item in found}


@pytest.fixture()
def board(tmp_path: Path) -> FakeBoard:
    return FakeBoard(tmp_path / "board")
