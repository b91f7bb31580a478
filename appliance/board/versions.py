"""Versions of driver, firmware, CANN and Python: which go together.

The pairs are those of the vendor's tables for the Atlas 200 DK; only these are supported there.
"""

from __future__ import annotations

import re
import sys
from typing import List, NamedTuple, Optional, Tuple

from .finding import OK, PROBLEM, WARNING, Finding
from .tree import Tree

DRIVER = "/var/davinci/driver/version.info"
FIRMWARE = "/usr/local/Ascend/firmware/version.info"
AICPU_KERNELS = "/var/davinci/aicpu_kernels/version.info"
_CANN_FILES = ("version.info", "runtime/version.info", "ascend_nnrt_install.info", "ascend_toolkit_install.info")

_CANN_LINKS = ("", "/lib64", "/runtime", "/acllib")

_PAIRS_ACTION = "Install a driver and a CANN of one line of the table in docs/atlas200dk.md."


class Pair(NamedTuple):
    """``release``: of the driver in the vendor's tables; ``driver``: in the name of its package; ``cann``: how versions
    begin that go with it."""

    release: str
    driver: str
    cann: Tuple[str, ...]


PAIRS = (
    Pair("1.0.7", "", ("20.0",)),
    Pair("1.0.8", "", ("3.1.0",)),
    Pair("1.0.9", "20.2", ("3.2", "3.3", "5.0.2.alpha002")),
    Pair("1.0.10", "21.0.1", ("5.0.2.alpha003",)),
    Pair("1.0.12", "21.0.3", ("5.0.4", "5.0.5")),
    Pair("1.0.13", "21.0.4", ("5.1", "6.0")),
)


def find_pair(driver: str) -> Optional[Pair]:
    """The line of the table for a driver by either of its numbers."""
    return next((pair for pair in PAIRS if _begins(driver, pair.release) or _begins(driver, pair.driver)), None)


def examine_versions(tree: Tree, python: Tuple[int, int] = sys.version_info[:2]) -> List[Finding]:
    driver, cann = version_in(tree.text(DRIVER)), cann_version(tree)
    return [
        _driver(driver),
        _firmware(version_in(tree.text(FIRMWARE)), driver),
        _cann(tree.cann_home(), cann, driver),
        _kernels(version_in(tree.text(AICPU_KERNELS))),
        _python(python, cann),
    ]


def version_in(text: str) -> str:
    """What a file says after ``Version=``; empty without."""
    found = re.search(r"(?im)^\s*(?:package_)?version\s*[=:]\s*\[?\s*([\w.]+)", text)
    return found.group(1) if found else ""


def cann_version(tree: Tree) -> str:
    """By the folder that ``latest``, or what lies in it, leads to and that is named after it; else by files within."""
    home = tree.cann_home()
    if home is None:
        return ""
    folders = [name for link in _CANN_LINKS for name in tree.link(f"{home}{link}").split("/")]
    named = (name for name in folders if re.match(r"\d+\.\d", name))
    running = re.findall(r"_running_version=\[[^:\]]*:([\w.]+)", tree.text(f"{home}/version.cfg"))
    files = (version_in(tree.text(f"{home}/{file}")) for file in _CANN_FILES)
    return next(filter(None, (*named, *running, *files)), "")


def _driver(driver: str) -> Finding:
    if not driver:
        meaning = "Without a driver the NPU does not exist for programs."
        action = "Install the driver: docs/atlas200dk.md, step 2."
        return Finding("driver", PROBLEM, f"{DRIVER} is missing or says no version", meaning, action)
    if find_pair(driver) is None:
        meaning = "It is in none of the vendor's tables for the Atlas 200 DK that this program knows."
        return Finding("driver", WARNING, driver, meaning, _PAIRS_ACTION)
    return Finding("driver", OK, driver, "A known driver of the Atlas 200 DK.")


def _firmware(firmware: str, driver: str) -> Finding:
    if not firmware:
        return Finding("firmware", OK, "no file of its own", "On this board it comes with the driver.")
    ours, theirs = find_pair(firmware), find_pair(driver)
    if ours and theirs and ours != theirs:
        meaning = f"It belongs to another driver than {driver}: set_device then fails with 507033."
        action = "Install the driver again, and restart; it brings its firmware along."
        return Finding("firmware", PROBLEM, firmware, meaning, action)
    return Finding("firmware", OK, firmware, "Nothing speaks against it.")


def _cann(home: Optional[str], cann: str, driver: str) -> Finding:
    if home is None:
        meaning = "Without CANN the networks run on the processor, if at all."
        return Finding("CANN", PROBLEM, "not found", meaning, "Install nnrt: docs/atlas200dk.md, step 3.")
    pair = find_pair(driver)
    value = f"{cann or 'version unknown'}, in {home}"
    if pair and any(_begins(cann, start) for start in pair.cann):
        return Finding("CANN", OK, value, f"It goes with the driver {driver}.")
    if pair and any(_begins(cann, start) for other in PAIRS for start in other.cann):
        meaning = f"The driver {driver} goes with CANN {' or '.join(pair.cann)}; else set_device fails (507033)."
        return Finding("CANN", PROBLEM, value, meaning, _PAIRS_ACTION)
    meaning = "Whether it goes with the driver cannot be told: it is in no table that this program knows."
    return Finding("CANN", WARNING, value, meaning, _PAIRS_ACTION)


def _kernels(version: str) -> Finding:
    if version:
        return Finding("AI CPU kernels", OK, version, "Operators that the AI Cores lack can run.")
    meaning = "Operators that the AI Cores lack fail with 507018 or 545005. The appliance's networks need none."
    return Finding("AI CPU kernels", WARNING, "not found", meaning, "Install nnrt as root: it brings them along.")


def _python(python: Tuple[int, int], cann: str) -> Finding:
    value = ".".join(map(str, python))
    newest = (3, 9) if any(_begins(cann, start) for start in PAIRS[-1].cann) else (3, 7)
    if not cann or (3, 7) <= python <= newest:
        return Finding("Python", OK, value, "CANN's module acl can be made for it.")
    meaning = f"The module acl of CANN {cann} is made for Python 3.7{' to 3.9' if newest > (3, 7) else ' alone'}."
    action = "Install the appliance with Python 3.7: docs/atlas200dk.md, step 4."
    return Finding("Python", PROBLEM, value, meaning, action)


def _begins(version: str, start: str) -> bool:
    """By whole parts: 21.0.3 begins 21.0.3.1, not 21.0.31."""
    parts, wanted = version.lower().split("."), start.lower().split(".")
    return bool(start) and parts[: len(wanted)] == wanted
