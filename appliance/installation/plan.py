"""What an appliance of a profile consists of, as files and links: nothing here looks at what is there already."""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Mapping, Tuple

from ..settings_file import default_text
from .layout import GROUP, PROGRAM, SETTINGS, SOCKET, SPOOL, STATE, UNITS

PROFILES = ("kiosk", "classroom", "headless")

_EVERYWHERE = (
    "sonic.target",
    "sonic.slice",
    "sonic-engine.socket",
    "sonic-engine.service",
    "sonic-retention.service",
    "sonic-retention.timer",
)
_ONLY: Mapping[str, Tuple[str, ...]] = {
    "kiosk": ("sonic-kiosk.service",),
    "classroom": ("sonic-kiosk.service", "sonic-spool.service"),
    "headless": ("sonic-headless.service", "sonic-spool.service"),
}
_FREE_SHARE = 0.05
"""Of the processors, for the system."""


@dataclass(frozen=True)
class Plan:
    """``files``: absolute path on the appliance → content. ``links``: absolute path → where it points.

    ``ahead``: units whose command this release does not have; they are written, but not started at boot.
    """

    profile: str
    files: Mapping[str, bytes]
    links: Mapping[str, str]
    ahead: Tuple[str, ...] = ()

    def services(self) -> List[str]:
        """Services that run all the time, the engine first."""
        names = [Path(path).name for path in self.links if path.endswith(".service")]
        return sorted(names, key=lambda name: (name != "sonic-engine.service", name))


def make_plan(profile: str, source: Path, processors: int, npu: bool) -> Plan:
    """``source``: folder of the unit files. ``npu``: whether the driver's group exists on the appliance."""
    units = [*_EVERYWHERE, *_ONLY[profile]]
    files = {f"{UNITS}/{name}": (source / name).read_bytes() for name in units}
    others = {
        "/etc/sysusers.d/sonic.conf": "sonic.sysusers.conf",
        "/etc/tmpfiles.d/sonic.conf": "sonic.tmpfiles.conf",
        "/etc/udev/rules.d/70-sonic.rules": "70-sonic.rules",
    }
    if npu:
        others["/etc/sysusers.d/sonic-npu.conf"] = "sonic-npu.sysusers.conf"
        others["/etc/udev/rules.d/70-sonic-npu.rules"] = "70-sonic-npu.rules"
    if profile != "headless":
        others["/etc/udev/rules.d/71-sonic-sticks.rules"] = "71-sonic-sticks.rules"
    if profile == "classroom":
        others[f"{UNITS}/sonic-kiosk.service.d/classroom.conf"] = "sonic-kiosk-classroom.conf"
    files.update({path: (source / name).read_bytes() for path, name in others.items()})
    files[f"{UNITS}/sonic.slice.d/processors.conf"] = _ceiling(processors).encode()
    files[SETTINGS] = settings_text(profile).encode()
    links = {"/usr/local/bin/appliance": f"{PROGRAM}/current/bin/appliance"}
    ahead = tuple(name for name in units if not _has_command(files[f"{UNITS}/{name}"].decode()))
    for name in sorted(set(units) - set(ahead)):
        for target in re.findall(r"(?m)^WantedBy=(\S+)$", files[f"{UNITS}/{name}"].decode()):
            links[f"{UNITS}/{target}.wants/{name}"] = f"{UNITS}/{name}"
    return Plan(profile, files, links, ahead)


def _has_command(unit: str) -> bool:
    """Whether this release can do what the unit calls it for."""
    called = re.findall(r"(?m)^ExecStart=\S+/bin/appliance (\w+)", unit)
    return all(importlib.util.find_spec(f"appliance.commands.{name}") for name in called)


def settings_text(profile: str) -> str:
    """The settings file of a new installation: every key explained, and set where an appliance needs it."""
    wanted = {"engine.state": STATE, "engine.socket": SOCKET, "engine.group": GROUP, "spool.folder": SPOOL}
    values = {key: f'"{value}"' for key, value in wanted.items()}
    if profile == "kiosk":
        values["consent.required"] = "true"  # it films whoever comes along
    if profile == "headless":  # which has no screen, nor perhaps a player
        values.update({"headless.folder": f'"{SPOOL}"', "headless.play": "false"})
    return _with_values(default_text(), values)


def _with_values(text: str, values: Dict[str, str]) -> str:
    """``text`` with the commented default of each ``section.key`` replaced by a value. KeyError for an unknown one."""
    left, lines, section = dict(values), [], ""
    for line in text.splitlines():
        head = re.match(r"\[(\w+)\]", line)
        section = head.group(1) if head else section
        default = re.match(r"#(\w+) = ", line)
        value = left.pop(f"{section}.{default.group(1)}", None) if default else None
        lines.append(line if default is None or value is None else f"{default.group(1)} = {value}")
    if left:
        raise KeyError(", ".join(left))
    return "\n".join(lines) + "\n"


def _ceiling(processors: int) -> str:
    quota = int(processors * 100 * (1 - _FREE_SHARE))
    return f"# Written at installation: nearly all of {processors} processors.\n[Slice]\nCPUQuota={quota}%\n"
