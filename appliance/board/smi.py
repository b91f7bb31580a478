"""What the vendor's program ``npu-smi`` says of the chip.

Its layout changes from driver to driver and its exit code tells nothing, so everything is looked for and nothing is
counted on. Texts after the sources of npu-smi.
"""

from __future__ import annotations

import os
import signal
import subprocess
from typing import Dict, List, Optional, Tuple

from .finding import OK, PROBLEM, WARNING, Finding
from .tree import Tree

PROGRAMS = ("/usr/local/sbin/npu-smi", "/usr/local/bin/npu-smi", "/usr/sbin/npu-smi")
LIMIT_S = 10.0
"""After so long it is given up: with a sick driver it never returns."""
WARM, HOT = 80.0, 95.0
"""Degrees Celsius of the chip, this program's own limits: ventilate, and switch off."""
FEW_CORES = 4
"""Fewer cores than that for programs leave encoder and painting too little."""

Answers = Dict[str, str]


def examine_chip(tree: Tree, cores: int, limit: float = LIMIT_S) -> List[Finding]:
    """``cores``: that this process may use; ``limit``: s for each question."""
    program = next((name for name in PROGRAMS if tree.exists(name)), None)
    if program is None:
        meaning = "Health, temperature and the division of the cores stay unknown."
        action = "It comes with the driver: docs/atlas200dk.md, step 2."
        return [Finding("npu-smi", WARNING, "not found", meaning, action)]
    table = ask(tree, program, limit, "info")
    if table is None:
        meaning = "The driver does not answer; a program that uses the NPU would hang as well."
        action = "Restart the board. If it stays so, install the driver again."
        return [Finding("npu-smi", PROBLEM, f"no answer within {limit:g} s", meaning, action)]
    found = parse_table(table)
    for topic in ("health", "temp", "usages"):
        found.update(parse_fields(ask(tree, program, limit, "info", "-t", topic, "-i", "0") or ""))
    config = parse_fields(ask(tree, program, limit, "info", "-t", "aicpu-config", "-i", "0", "-c", "0") or "")
    return [_health(found, table), _temperature(found), _usage(found), *_cores(config, cores)]


def ask(tree: Tree, program: str, limit: float, *arguments: str) -> Optional[str]:
    """Everything it says, or None where it does not end in time; then it is ended with all it started."""
    command = [str(tree.path(program)), *arguments]
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    try:
        with subprocess.Popen(command, start_new_session=True, **pipes) as process:  # type: ignore[call-overload]
            try:
                said: bytes = process.communicate(timeout=limit)[0]
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                return None
    except OSError as error:
        return str(error.strerror)
    return said.decode("utf-8", errors="replace")


def parse_fields(text: str) -> Answers:
    """Lines ``name : value``. Names in lower case without units, as in ``temperature``."""
    pairs = (line.partition(":") for line in text.splitlines() if ":" in line)
    return {_plain(name): value.strip() for name, _, value in pairs if value.strip()}


def parse_table(text: str) -> Answers:
    """Of the table of ``npu-smi info``: the first chip's row, under the names of the columns above it."""
    rows = [[cell.split() for cell in line.strip().strip("|").split("|")] for line in text.splitlines() if "|" in line]
    heads = next((index for index, row in enumerate(rows) if any("Health" in cell for cell in row)), None)
    if heads is None:
        return {}
    values = next((row for row in rows[heads + 1 :] if row and row[0] and row[0][0].isdigit()), [])
    found = {}
    for names, cells in zip(rows[heads], values):
        if len(names) == len(cells):
            found.update({_plain(name): cell for name, cell in zip(names, cells)})
    return found


def _plain(name: str) -> str:
    return name.partition("(")[0].strip().lower()


def _first(found: Answers, *names: str) -> str:
    return next((found[name] for name in names if name in found), "")


def _health(found: Answers, table: str) -> Finding:
    health = _first(found, "health status", "healthy", "health")
    if health.upper() == "OK":
        return Finding("health", OK, health, "The chip finds nothing wrong with itself.")
    if not health:
        said = next((line.strip() for line in table.splitlines() if line.strip()), "nothing")
        meaning = "It is not laid out as known, or the driver refuses."
        return Finding("health", WARNING, f"npu-smi said: {said:.100}", meaning, "Run `npu-smi info` and read it.")
    meaning = "The chip reports a fault of its own; networks may fail or be wrong."
    action = "Switch the board off and on. If it stays so, the log of `dmesg` names the fault."
    return Finding("health", PROBLEM, health, meaning, action)


def _temperature(found: Answers) -> Finding:
    degrees = _number(_first(found, "temperature", "npu temperature", "temp"))
    if degrees is None:
        meaning = "The chip slows down when it is hot, so it is worth knowing."
        return Finding("temperature", WARNING, "unknown", meaning, "Run `npu-smi info -t temp -i 0` and read it.")
    if degrees >= WARM:
        meaning = "The chip slows down, and then stops, to protect itself."
        action = "Free the fan and the openings of the case; keep the board out of the sun."
        return Finding("temperature", PROBLEM if degrees >= HOT else WARNING, f"{degrees:g} °C", meaning, action)
    return Finding("temperature", OK, f"{degrees:g} °C", f"Below {WARM:g} °C all is well.")


def _usage(found: Answers) -> Finding:
    parts = {
        "memory": _first(found, "memory usage rate", "ddr usage rate"),
        "huge pages": _first(found, "hugepages usage rate", "ddr hugepages usage rate"),
        "AI Cores": _first(found, "aicore usage rate", "aicore"),
        "AI CPUs": _first(found, "aicpu usage rate"),
        "control CPUs": _first(found, "ctrlcpu usage rate"),
    }
    shown = ", ".join(f"{name} {value} %" for name, value in parts.items() if _number(value) is not None)
    memory = _number(parts["memory"]) or 0
    if memory >= 95:
        meaning = "Networks that are loaded now may not find room: 207001."
        return Finding("use", WARNING, shown, meaning, "End other programs that use the NPU.")
    return Finding("use", OK, shown or "not told", "How busy the chip is at this moment.")


def _cores(config: Answers, cores: int) -> List[Finding]:
    """How the eight Arm cores are divided between the chip's own helpers and programs."""
    counts = {name: _number(config.get(name, "")) for name in _CORE_NAMES}
    ai, control, ai_next, control_next = counts.values()
    divided = "" if ai is None or control is None else f"{ai:g} AI CPUs and {control:g} for programs; "
    value = f"{divided}this process may use {cores}"
    if ai is not None and ai_next is not None and ai != ai_next:
        meaning = f"It was set to {ai_next:g} and {control_next:g}, which holds from the next start on."
        return [Finding("cores", WARNING, value, meaning, "Restart the board.")]
    if control is not None and cores < control:
        meaning = "Something, a cpuset or taskset, keeps this process from the others: videos take longer."
        return [Finding("cores", WARNING, value, meaning, "Look for who sets it: `cat /proc/self/status | grep Cpus`.")]
    if cores < FEW_CORES:
        meaning = "Painting and encoding run on these and take longer. The networks need no AI CPU."
        action = "Run `sudo npu-smi set -t aicpu-config -i 0 -c 0 -d 2` and restart: 6 cores for programs."
        return [Finding("cores", WARNING, value, meaning, action)]
    return [Finding("cores", OK, value, "Painting and encoding run on these, the networks on the AI Cores.")]


_CORE_NAMES: Tuple[str, ...] = (
    "current ai cpu number",
    "current control cpu number",
    "number of ai cpus set",
    "number of control cpus set",
)


def _number(text: str) -> Optional[float]:
    try:
        return float(text.split()[0])
    except (IndexError, ValueError):
        return None
