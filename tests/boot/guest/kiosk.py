"""Steps for a kiosk: its screen, and the sticks that visitors bring."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional

import engine
from machine import describe, main_pid, run, unit, wait
from panel import Panel
from report import OUT, Report

Facts = Dict[str, Any]
Plan = Dict[str, Any]

KIOSK = "sonic-kiosk.service"
PYTHON = "/opt/sonic-appliance/current/bin/python"
MEDIA = Path("/media")
FRAMEBUFFER_SIZE = Path("/sys/class/graphics/fb0/virtual_size")
SHIRT = bytes((0x3A, 0x70, 0xE2))
"""Blue, green, red."""

LISTING_PROGRAM = """\
import functools, json, sys, threading
from appliance.capture.picker.check import Checker
from appliance.capture.picker.picker import Picker
from appliance.settings import PickerSettings

patience, offers = float(sys.argv[1]), {}
for kind in ("photo", "speech"):
    whole = threading.Event()

    def told(offered):
        offers[offered.kind] = [
            {"name": offer.name, "seconds": offer.seconds, "picture": offer.thumbnail is not None}
            for offer in offered.files
        ]
        if offered.stick and not offered.searching:
            whole.set()

    picker = Picker(PickerSettings(), told, checker=functools.partial(Checker, file_seconds=patience))
    picker.start(kind)
    whole.wait(patience)
    picker.stop()
print(json.dumps(offers))
"""
SAVING_PROGRAM = """\
import shutil, sys
from appliance.capture.picker.export import save_to_stick
from appliance.capture.picker.media import Media
from appliance.settings import PickerSettings

print(save_to_stick(Media(PickerSettings().media), lambda path: shutil.copyfile(sys.argv[1], str(path)), "sonic.mp4"))
"""


def screen(facts: Facts, report: Report, plan: Plan) -> None:
    """The kiosk has drawn, and the engine is ready for visitors. What it has drawn is seen from outside."""
    wait("the kiosk", lambda: unit(KIOSK, "ActiveState")["ActiveState"] == "active", plan["patience"], every=0.5)
    engine.wait_for_networks(plan["patience"])
    pid = main_pid(KIOSK)
    facts["unit"] = unit(KIOSK, "ActiveState", "StatusText", "NRestarts")
    facts["framebuffer"] = Path("/proc/fb").read_text().strip()
    facts["has_it_open"] = "/dev/fb0" in {os.readlink(str(path)) for path in Path(f"/proc/{pid}/fd").iterdir()}
    facts["told_how_to_draw"] = [
        word for word in _variables(pid) if word.startswith(("DISPLAY=", "WAYLAND_", "QT_QPA_"))
    ]
    facts["user"] = describe(Path(f"/proc/{pid}"))["user"]
    report.mark("drawn")


def stick_at_boot(facts: Facts, report: Report, plan: Plan) -> None:
    """One that was there when the machine was switched on, until somebody pulls it."""
    _look_through(facts, plan)
    report.mark("seen")
    _wait_until_gone(facts, plan)
    report.mark("gone")


def stick_while_running(facts: Facts, report: Report, plan: Plan) -> None:
    """One that is plugged in while the kiosk runs; a video is saved to it, and it is pulled at once."""
    _look_through(facts, plan)
    video = OUT / "video.mp4"
    video.write_bytes(os.urandom(plan["video_bytes"]))
    video.chmod(0o644)
    facts["saved"] = Path(_in_kiosk(SAVING_PROGRAM, str(video)).strip()).name
    report.mark("saved")
    _wait_until_gone(facts, plan)
    facts["kiosk"] = unit(KIOSK, "ActiveState", "NRestarts")


def touch(facts: Facts, report: Report, plan: Plan) -> None:
    """A touch panel is connected while the kiosk runs: a tap leads to the next screen. Then its cable comes loose."""
    run("modprobe", "uinput")
    width, height = (int(number) for number in FRAMEBUFFER_SIZE.read_text().strip().split(","))
    before = main_pid(KIOSK)
    with Panel((width, height)) as panel:
        connected = _wait_until_anew(before, plan)
        panel.tap(width // 4, height - height // 8)  # beside everything: a touch anywhere begins
        wait("the next screen", lambda: not _shows_portrait(), plan["patience"], every=1)
    _wait_until_anew(connected, plan)
    facts["kiosk"] = unit(KIOSK, "ActiveState", "NRestarts")


def _wait_until_anew(before: int, plan: Plan) -> int:
    """The new process, once it shows the first screen."""

    def anew() -> int:
        pid = main_pid(KIOSK)
        active = unit(KIOSK, "ActiveState")["ActiveState"] == "active"
        return pid if active and pid != before and _shows_portrait() else 0

    return wait("a new kiosk", anew, plan["patience"], every=1)


def _shows_portrait() -> bool:
    """Whether what is on the framebuffer has the orange shirt of the first screen."""
    pixels = Path("/dev/fb0").read_bytes()
    return pixels.count(SHIRT) > len(pixels) // 400


def log(facts: Facts, report: Report, plan: Plan) -> None:
    """What was logged, for whoever has to find out."""
    (OUT / "journal.txt").write_text(run("journalctl", "--no-pager", "-o", "short-monotonic"))


def _look_through(facts: Facts, plan: Plan) -> None:
    mount = wait("a stick", lambda: _stick(1), plan["patience"], every=0.5)
    facts["mount"] = mount
    facts["kiosk_mount"] = wait("a stick in the kiosk", lambda: _stick(main_pid(KIOSK)), plan["patience"], every=0.5)
    root = Path(mount["path"])
    facts["files"] = [describe(path) for path in (root, *sorted(root.iterdir()))]
    facts["offers"] = json.loads(_in_kiosk(LISTING_PROGRAM, str(plan["patience"])).splitlines()[-1])


def _wait_until_gone(facts: Facts, plan: Plan) -> None:
    wait("the end of the mount", lambda: _stick(1) is None, plan["patience"], every=0.5)
    wait("its end in the kiosk", lambda: _stick(main_pid(KIOSK)) is None, plan["patience"], every=0.5)
    facts["failed"] = [line.split()[0] for line in run("systemctl", "--failed", "--plain", "--no-legend").splitlines()]


def _stick(pid: int) -> Optional[Dict[str, str]]:
    """What is mounted below /media, as a process sees it."""
    found: List[Dict[str, str]] = []
    for line in Path(f"/proc/{pid}/mountinfo").read_text().splitlines():
        own, _, other = line.partition(" - ")
        path, options = own.split()[4:6]
        kind, source, more = other.split()[:3]
        if MEDIA in Path(path).parents:
            found.append({"path": path, "kind": kind, "source": source, "options": f"{options},{more}"})
    return found[-1] if found else None


def _in_kiosk(program: str, *arguments: str) -> str:
    """Output of a program that sees what the kiosk sees, with its user and its variables."""
    pid = main_pid(KIOSK)
    inside = ("nsenter", f"--target={pid}", "--mount", "--net")
    as_kiosk = ("setpriv", "--reuid=sonic", "--regid=sonic", "--init-groups", "--no-new-privs")
    return run(*inside, *as_kiosk, "env", "-i", *_variables(pid), PYTHON, "-c", program, *arguments)


def _variables(pid: int) -> List[str]:
    return [word for word in Path(f"/proc/{pid}/environ").read_text().split("\0") if word]


STEPS: Dict[str, Callable[[Facts, Report, Plan], None]] = {
    step.__name__: step for step in (screen, stick_at_boot, stick_while_running, touch, log)
}
