"""Device nodes of the NPU, and who may open them."""

from __future__ import annotations

import stat
from typing import List

from .finding import OK, PROBLEM, WARNING, Finding
from .tree import Tree

GROUP = "HwHiAiUser"
NEEDED = ("davinci0", "davinci_manager")
OTHERS = ("dvpp_cmdlist", "devmm_svm", "hisi_hdc")
"""On some drivers or products only; none is missed on the Atlas 200 DK."""
_BOTH = stat.S_IRGRP | stat.S_IWGRP


def examine_nodes(tree: Tree, user: str) -> List[Finding]:
    """``user``: as whom the engine runs."""
    return [_presence(tree), _rights(tree), _membership(tree, user)]


def _presence(tree: Tree) -> Finding:
    missing = [f"/dev/{name}" for name in NEEDED if not tree.exists(f"/dev/{name}")]
    if missing:
        meaning = "The driver is not installed, or did not start: set_device fails with 507033 or 207004."
        action = "Install the driver (docs/atlas200dk.md, step 2), restart, and read `dmesg | grep -i davinci`."
        return Finding("device nodes", PROBLEM, f"missing: {', '.join(missing)}", meaning, action)
    there = [f"/dev/{name}" for name in (*NEEDED, *OTHERS) if tree.exists(f"/dev/{name}")]
    return Finding("device nodes", OK, ", ".join(there), "The driver has started.")


def _rights(tree: Tree) -> Finding:
    number = tree.groups().get(GROUP, (-1, []))[0]
    closed = []
    for name in (*NEEDED, *OTHERS):
        try:
            status = tree.path(f"/dev/{name}").stat()
        except OSError:
            continue
        for_group = status.st_gid == number and status.st_mode & _BOTH == _BOTH
        for_all = status.st_mode & (_BOTH >> 3) == _BOTH >> 3
        if not (for_group or for_all):
            closed.append(f"/dev/{name} (mode {status.st_mode & 0o777:o}, group {status.st_gid})")
    if closed:
        meaning = f"The group {GROUP} may not use them: calls fail with 207006 or 507033."
        action = "Run `sudo appliance install`, which writes a rule for them, and restart."
        return Finding("rights", PROBLEM, ", ".join(closed), meaning, action)
    return Finding("rights", OK, f"open to the group {GROUP}", "Its members can use the NPU.")


def _membership(tree: Tree, user: str) -> Finding:
    groups = tree.groups()
    if GROUP not in groups:
        meaning = "The driver makes this group; without it only root can use the NPU."
        action = "Install the driver (docs/atlas200dk.md, step 2), then run `sudo appliance install` again."
        return Finding("group", PROBLEM, f"there is no group {GROUP}", meaning, action)
    number, members = groups[GROUP]
    if user in members or tree.primary_group(user) == number or user == "root":
        return Finding("group", OK, f"{user} may use the NPU", f"It is root or in the group {GROUP}.")
    if tree.primary_group(user) is None:
        meaning = "The engine's user is made by the installation."
        return Finding("group", WARNING, f"there is no user {user}", meaning, "Run `sudo appliance install`.")
    meaning = "Calls fail with 207006 or 507033."
    action = f"Run `sudo usermod -aG {GROUP} {user}`, then `sudo systemctl restart sonic-engine`."
    return Finding("group", PROBLEM, f"{user} is not in {GROUP}", meaning, action)
