"""Memory that the NPU draws on, and the group of processes that the board's image freezes when memory runs out."""

from __future__ import annotations

from typing import List

from .finding import OK, PROBLEM, WARNING, Finding
from .tree import Tree

FROZEN_GROUP = "/sys/fs/cgroup/memory/usermemory"
LITTLE_CMA = 64 << 20
"""Bytes, of the 256 MB that the vendor's image keeps; the networks' files have 20 MB."""
RESERVE = 250 << 20
"""Bytes that the vendor's guide leaves to the system when it sets the group's limit: 200 to 300 MB."""


def examine_memory(tree: Tree) -> List[Finding]:
    return [_huge_pages(tree), _cma(tree), _freeze(tree)]


def _huge_pages(tree: Tree) -> Finding:
    found = tree.meminfo()
    total, free = found.get("HugePages_Total", 0), found.get("HugePages_Free", 0)
    value = f"{free} of {total} free, {found.get('Hugepagesize', 0) >> 10} kB each"
    if total == 0:
        meaning = "Buffers take small pages: it works, a little slower. A program that insists gets 207001."
        action = "Leave it, or add `vm.nr_hugepages=25` to /etc/sysctl.conf and restart."
        return Finding("huge pages", WARNING, value, meaning, action)
    return Finding("huge pages", OK, value, "Buffers of the NPU take these first, then small pages.")


def _cma(tree: Tree) -> Finding:
    found = tree.meminfo()
    if "CmaTotal" not in found:
        meaning = "The kernel keeps no contiguous memory, or does not say. The NPU may find none: 207001."
        return Finding("CMA", WARNING, "none", meaning, "Use the kernel of the vendor's image.")
    free, total = found.get("CmaFree", 0), found["CmaTotal"]
    value = f"{free >> 20:,} of {total >> 20:,} MB free"
    if free < LITTLE_CMA:
        meaning = "The networks may not find room: 207001, 207018 or 245000."
        action = "End other programs that use the NPU, or enlarge `cma=` of the kernel's command line."
        return Finding("CMA", WARNING, value, meaning, action)
    return Finding("CMA", OK, value, "Room for the networks.")


def _freeze(tree: Tree) -> Finding:
    name = "freezing group"
    if not tree.exists(FROZEN_GROUP):
        return Finding(name, OK, f"no {FROZEN_GROUP}", "No process is frozen when memory runs out.")
    control = dict(
        pair for pair in map(str.split, tree.text(f"{FROZEN_GROUP}/memory.oom_control").splitlines()) if len(pair) == 2
    )
    ends = tree.text("/proc/sys/vm/enable_oom_killer").strip() == "1" and control.get("oom_kill_disable") == "0"
    ours = [pid for pid in tree.text(f"{FROZEN_GROUP}/cgroup.procs").split() if _is_ours(tree, pid)]
    if control.get("under_oom") == "1":
        meaning = "The group has reached its limit: its processes stand still now, and look as if they hung."
        action = f"End one of those that `cat {FROZEN_GROUP}/cgroup.procs` lists, or restart the board."
        return Finding(name, PROBLEM, f"{FROZEN_GROUP} is full", meaning, action)
    if ours and not ends:
        meaning = "When the group's memory is used up, the appliance is suspended instead of ended, and seems to hang."
        action = "Start it by systemd (`sudo systemctl restart sonic-engine`), which keeps it out of this group."
        return Finding(name, PROBLEM, f"the appliance is in it, as process {', '.join(ours)}", meaning, action)
    if ours:
        meaning = f"Its limit holds for the appliance too; it should be {_limit(tree)}."
        return Finding(name, WARNING, "the appliance is in it", meaning, "Start it by systemd: sonic-engine.service.")
    meaning = f"Whoever is in it is suspended when it is full. Its limit should be {_limit(tree)}."
    return Finding(name, OK, "there, without the appliance", meaning)


def _is_ours(tree: Tree, pid: str) -> bool:
    command = tree.text(f"/proc/{pid}/cmdline").split("\0")
    return any(word.rpartition("/")[2] == "appliance" for word in command[:3])


def _limit(tree: Tree) -> str:
    found = tree.meminfo()
    room = found.get("MemFree", 0) - found.get("CmaFree", 0) - RESERVE
    return f"{max(room, 0) >> 20:,} MB at present"
