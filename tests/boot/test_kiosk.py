"""A kiosk on a whole machine: drawn on a bare framebuffer, used by its keyboard, with a USB stick that comes and goes.

Like test_machine.py, which says why it is not in `make test`; `make boot-test` runs both. The machine is installed with
the profile `kiosk` and has a screen (bochs-display, 1024 × 600), no X server, and a stick in its USB port when it is
switched on. What QEMU's screen shows is kept as reports/kiosk-*.png. The steps inside are in guest/kiosk.py.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, NamedTuple

import numpy as np
import pytest
from boot.emulator import Emulator, Line
from boot.monitor import Monitor
from boot.report import Report
from boot.stick import PROGRAMS, Stick
from boot.trees import image, require, write_share
from helpers import REPOSITORY

from appliance.ui.kiosk.theme import Palette

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(2 * 3600),
    pytest.mark.skipif(not os.environ.get("SONIC_BOOT_TEST"), reason="takes long; run by `make boot-test`"),
]

SIZE = (1024, 600)
SCREEN = ["-vga", "none", "-device", f"bochs-display,xres={SIZE[0]},yres={SIZE[1]}"]
SPEECH_SECONDS, SHORT_SECONDS = 4.0, 1.5
PHOTO, SPEECH = "照片 1.jpg", "春晓.wav"
VIDEO_BYTES = 3_000_000
PATIENCE_S = 2400
BOOT_SECONDS = 5400
SCREEN_SECONDS = 900
"""For the kiosk to draw something else."""
LOOK_SECONDS = 2.0
BEGIN = "ret"
CONSOLE = "#000000"
STICKS = ("stick_at_boot", "stick_while_running")
OPTIONS = {"nosuid", "nodev", "noexec"}


class Run(NamedTuple):
    report: Report
    pictures: Dict[str, np.ndarray]
    stick: Stick


class Visitor:
    """Stands before the machine: looks at the screen, presses a key, pulls the stick and plugs it in again."""

    def __init__(self, stick: Stick, folder: Path) -> None:
        self.pictures: Dict[str, np.ndarray] = {}
        self._stick, self._folder = stick, folder

    def __call__(self, line: Line, monitor: Monitor) -> bool:
        act = {"drawn": self._begin, "seen": self._stick.pull, "gone": self._stick.plug, "saved": self._stick.pull}
        if "mark" in line:
            act[line["mark"]](monitor)
        return False

    def _begin(self, monitor: Monitor) -> None:
        self._look("first", monitor, is_first_screen)
        monitor.press(BEGIN)
        self._look("second", monitor, lambda picture: not is_first_screen(picture))

    def _look(self, name: str, monitor: Monitor, expected: Callable[[np.ndarray], bool]) -> None:
        """Until what is expected is there; what was seen last is kept whatever it is."""
        until = time.monotonic() + SCREEN_SECONDS
        while True:
            self.pictures[name] = monitor.screen(self._folder / f"kiosk-{name}.png")
            if expected(self.pictures[name]) or time.monotonic() > until:
                return
            time.sleep(LOOK_SECONDS)


def share(picture: np.ndarray, colour: str) -> float:
    """Of the screen's area, exactly in that colour of the palette."""
    wanted = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)])
    return float((picture == wanted).all(axis=2).mean())


def _inverse(colour: str) -> str:
    return f"#{0xFFFFFF ^ int(colour[1:], 16):06x}"


def is_first_screen(picture: np.ndarray) -> bool:
    """Background, the button, and the drawn portrait in its orange shirt, which no other screen has."""
    palette = Palette()
    return (
        share(picture, palette.background) > 0.3
        and share(picture, palette.primary) > 0.02
        and share(picture, palette.accent) > 0.01
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    require(("qemu-system-x86_64", "systemd-nspawn", "debootstrap", "mke2fs", "debugfs", "e2fsck", *PROGRAMS))
    scratch = tmp_path_factory.mktemp("kiosk")
    share_folder = write_share(tmp_path_factory.mktemp("share"), (SPEECH_SECONDS, SHORT_SECONDS))
    broken = scratch / "broken.jpg"
    broken.write_bytes((share_folder / "photo.jpg").read_bytes()[:2000])
    stick = Stick(
        scratch / "stick.img",
        {PHOTO: share_folder / "photo.jpg", SPEECH: share_folder / "short.wav", "broken.jpg": broken},
    )
    reports = REPOSITORY / "reports"
    reports.mkdir(exist_ok=True)
    visitor = Visitor(stick, reports)
    machine = Emulator(image("kiosk"), share_folder, scratch, [*SCREEN, *stick.devices()])
    steps = ["boot", "screen", "stick_at_boot", "stick_while_running", "touch", "log"]
    plan: Dict[str, Any] = {"steps": steps, "patience": PATIENCE_S, "video_bytes": VIDEO_BYTES}
    report = machine.boot(plan, BOOT_SECONDS, visitor)
    yield Run(report, visitor.pictures, stick)
    machine.remove()


def test_draws_on_the_framebuffer_without_being_told(run: Run) -> None:
    facts = run.report["screen"]
    assert facts["unit"]["StatusText"] == "showing the kiosk"
    assert facts["unit"]["NRestarts"] == "0"
    assert facts["has_it_open"], facts["framebuffer"]
    assert facts["told_how_to_draw"] == []
    assert facts["user"] == "sonic"


def test_first_screen_fills_the_framebuffer(run: Run) -> None:
    assert run.report["screen"]
    picture = run.pictures["first"]
    assert picture.shape == (SIZE[1], SIZE[0], 3)
    assert is_first_screen(picture)
    assert share(picture, CONSOLE) == 0  # nothing of the terminal is left
    assert share(picture, _inverse(Palette().primary)) == 0  # dots around a button, of a style that is not ours


def test_key_leads_to_the_next_screen(run: Run) -> None:
    assert run.report["screen"]
    picture = run.pictures["second"]
    palette = Palette()
    assert share(picture, palette.background) > 0.2
    assert share(picture, palette.surface) > 0.2  # what is to be agreed to stands on cards
    assert not is_first_screen(picture)


def test_touch_panel_may_be_connected_and_lost_while_the_kiosk_runs(run: Run) -> None:
    """The step in the machine looks at the framebuffer: it taps, waits for the next screen, and for a kiosk without."""
    assert run.report["touch"]["kiosk"] == {"ActiveState": "active", "NRestarts": "0"}


@pytest.mark.parametrize("step", STICKS)
def test_stick_is_mounted_for_the_kiosk_alone_and_runs_nothing(run: Run, step: str) -> None:
    facts = run.report[step]
    for mount in (facts["mount"], facts["kiosk_mount"]):
        assert mount["kind"] == "vfat"
        assert {"rw", *OPTIONS} <= set(mount["options"].split(","))
    assert {(file["user"], file["group"]) for file in facts["files"]} == {("sonic", "sonic")}
    assert {file["mode"] for file in facts["files"]} == {"0700"}


@pytest.mark.parametrize("step", STICKS)
def test_kiosk_offers_what_is_on_the_stick(run: Run, step: str) -> None:
    offers = run.report[step]["offers"]
    assert offers["photo"] == [{"name": PHOTO, "seconds": None, "picture": True}]
    (speech,) = offers["speech"]
    assert speech["name"] == SPEECH
    assert abs(speech["seconds"] - SHORT_SECONDS) < 0.1


@pytest.mark.parametrize("step", STICKS)
def test_pulled_stick_is_unmounted(run: Run, step: str) -> None:
    """The steps in the machine wait for that, there and as the kiosk sees it."""
    assert not [name for name in run.report[step]["failed"] if name.startswith(("sonic", "media"))]


def test_saved_video_is_on_a_stick_that_is_pulled_at_once(run: Run) -> None:
    facts = run.report["stick_while_running"]
    assert run.stick.read(facts["saved"]) == (run.report.out / "video.mp4").read_bytes()
    assert facts["kiosk"] == {"ActiveState": "active", "NRestarts": "0"}
