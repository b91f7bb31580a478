"""What the offscreen platform hides: the real xcb plugin beside OpenCV, on a screen without a window manager."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Dict, Iterator

import pytest

pytest.importorskip("PyQt5.QtWidgets")
pytest.importorskip("qtawesome")
pytest.importorskip("segno")
for program in ("Xvfb", "xdotool", "xwininfo"):
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed", allow_module_level=True)

PATIENCE_S = 60
ROOT = Path(__file__).resolve().parents[3]


@contextlib.contextmanager
def x_server(width: int, height: int) -> Iterator[str]:
    """The name of its display."""
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=(writing,), stderr=subprocess.DEVNULL) as server:
        os.close(writing)
        try:
            with open(reading) as pipe:
                assert select.select([pipe], [], [], PATIENCE_S)[0], "the X server does not start"
                yield f":{pipe.readline().strip()}"
        finally:
            server.terminate()


class OnScreen:
    """The kiosk's process, and a hand at its screen."""

    def __init__(self, process: Any, environment: Dict[str, str]) -> None:
        self._process, self._environment = process, environment

    def hear(self, wanted: str) -> Dict[str, Any]:
        """The next fact of that name."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            if select.select([self._process.stdout], [], [], 1.0)[0]:
                line = self._process.stdout.readline()
                assert line, "the kiosk has ended"
                facts: Dict[str, Any] = json.loads(line)
                if wanted in facts:
                    return facts
        raise AssertionError(f"never heard of {wanted}")

    def where(self, name: str) -> Dict[str, Any]:
        self._process.stdin.write(f"where {name}\n")
        self._process.stdin.flush()
        return self.hear("x")

    def run(self, *command: str) -> str:
        return subprocess.run(
            command, env=self._environment, check=True, capture_output=True, text=True, timeout=PATIENCE_S
        ).stdout

    def click(self, name: str) -> None:
        at = self.where(name)
        assert at["x"] > 0, f"{name} is not to be seen"
        self.run("xdotool", "mousemove", str(at["x"]), str(at["y"]), "click", "1")


@contextlib.contextmanager
def kiosk_on(width: int, height: int) -> Iterator[OnScreen]:
    with x_server(width, height) as display:
        environment = {
            **os.environ,
            "DISPLAY": display,
            "QT_QPA_PLATFORM": "xcb",
            "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "tests"))),
        }
        command = [sys.executable, str(Path(__file__).with_name("on_x11.py"))]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        try:
            yield OnScreen(process, environment)
            process.communicate("end\n", timeout=PATIENCE_S)
            assert process.returncode == 0
        finally:
            process.kill()
            process.communicate()


@pytest.mark.parametrize("size", [(1024, 600), (1080, 1920)])
def test_the_window_covers_the_screen_and_real_clicks_lead_on(size: Any) -> None:
    with kiosk_on(*size) as kiosk:
        facts = kiosk.hear("platform")
        assert (facts["platform"], facts["width"], facts["height"]) == ("xcb", *size)
        geometry = kiosk.run("xdotool", "search", "--onlyvisible", "--name", ".*", "getwindowgeometry", "--shell")
        assert f"WIDTH={size[0]}\nHEIGHT={size[1]}" in geometry and "X=0\nY=0" in geometry
        kiosk.click("Touch to begin")
        assert kiosk.hear("state")["state"] == "consent"
        kiosk.click("I agree")
        assert kiosk.hear("state")["state"] == "photo"


def test_keys_arrive_without_a_window_manager() -> None:
    with kiosk_on(1024, 600) as kiosk:
        kiosk.hear("platform")
        kiosk.where("Touch to begin")
        kiosk.run("xdotool", "key", "Return")
        assert kiosk.hear("state")["state"] == "consent"
        kiosk.run("xdotool", "key", "Escape")
        assert kiosk.hear("state")["state"] == "attract"
