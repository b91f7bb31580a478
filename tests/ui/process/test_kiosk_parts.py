"""The parts of the kiosk's process that can be seen without one."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Callable, Iterator, List

import pytest

pytest.importorskip("PyQt5")

from helpers import REPOSITORY
from PyQt5.QtCore import QTimer

from appliance.errors import CameraLost, RuntimeUnavailable
from appliance.faults import told
from appliance.ui.kiosk.faults import BUDGET, WINDOW_SECONDS, FaultHooks
from appliance.ui.kiosk.platform import choose_platform
from appliance.ui.kiosk.watchdog import LoopMonitor
from appliance.ui.state_folder import state_folder

PATIENCE_MS = 60_000


# --- where the screen is ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "environment", "chosen"),
    [
        ("", {"DISPLAY": ":0"}, "xcb"),
        ("", {}, "linuxfb"),
        ("", {"DISPLAY": ""}, "linuxfb"),
        ("", {"QT_QPA_PLATFORM": "vnc", "DISPLAY": ":0"}, "vnc"),
        ("eglfs", {"QT_QPA_PLATFORM": "vnc", "DISPLAY": ":0"}, "eglfs"),
    ],
)
def test_the_platform_is_what_is_wanted_else_what_is_there(
    wanted: str, environment: Any, chosen: str, tmp_path: Path
) -> None:
    framebuffer = tmp_path / "fb0"
    framebuffer.touch()
    assert choose_platform(wanted, environment, framebuffer) == chosen


def test_no_screen_at_all_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RuntimeUnavailable, match="no screen"):
        choose_platform("", {}, tmp_path / "fb0")


@pytest.mark.parametrize(
    ("environment", "installed", "found"),
    [
        ({"STATE_DIRECTORY": "/var/lib/sonic-kiosk:/other"}, True, "/var/lib/sonic-kiosk"),
        ({"XDG_STATE_HOME": "/states"}, True, "INSTALLED/sonic-kiosk"),
        ({"XDG_STATE_HOME": "/states"}, False, "/states/sonic-kiosk"),
    ],
)
def test_the_state_folder_is_the_units_also_in_a_shell(
    environment: Any, installed: bool, found: str, tmp_path: Path
) -> None:
    if installed:
        (tmp_path / "sonic-kiosk").mkdir()
    assert str(state_folder("sonic-kiosk", environment, tmp_path)) == found.replace("INSTALLED", str(tmp_path))


# --- signals ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [15, 2])
def test_a_signal_ends_a_loop_in_which_nothing_else_happens(number: int) -> None:
    """Without a timer or an event Python would never hear of it."""
    code = f"""
import os, signal, threading
from PyQt5.QtWidgets import QApplication
from appliance.ui.kiosk.signals import EndSignals
application = QApplication([])
ends = EndSignals(lambda: application.exit(7))
threading.Timer(0.5, os.kill, (os.getpid(), {number})).start()
code = application.exec_()
ends.close()
raise SystemExit(code)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=str(REPOSITORY), timeout=120)
    assert done.returncode == 7


# --- how long the loop is busy ----------------------------------------------------------------------------------------


def test_the_monitor_sees_the_longest_time_that_the_loop_is_held_up(qtbot: Any) -> None:
    monitor = LoopMonitor(limit=0.15)
    monitor.start()
    done: List[bool] = []
    QTimer.singleShot(30, lambda: time.sleep(0.1))
    QTimer.singleShot(60, lambda: time.sleep(0.4))
    QTimer.singleShot(90, lambda: done.append(True))
    qtbot.waitUntil(lambda: bool(done), timeout=PATIENCE_MS)
    monitor.stop()
    assert monitor.longest > 0.35
    assert monitor.late >= 1


def test_the_monitor_counts_what_still_holds_the_loop_up_when_it_is_stopped(qtbot: Any) -> None:
    monitor = LoopMonitor()
    monitor.start()
    time.sleep(0.3)
    monitor.stop()
    assert monitor.longest > 0.25


# --- faults -----------------------------------------------------------------------------------------------------------


class Faults:
    def __init__(self) -> None:
        self.now = 0.0
        self.told = self.given_up = 0
        self.hooks = FaultHooks(self._tell, self._give_up, lambda: self.now)

    def _tell(self) -> None:
        self.told += 1

    def _give_up(self) -> None:
        self.given_up += 1

    def happen(self, after: float = 0.0) -> None:
        self.now += after
        error = ValueError("a visitor's text")
        sys.excepthook(ValueError, error, None)


@pytest.fixture()
def faults() -> Iterator[Faults]:
    faults = Faults()
    yield faults
    faults.hooks.close()


def test_a_few_faults_are_told_many_in_a_row_end_the_process(faults: Faults) -> None:
    for _ in range(BUDGET + 2):
        faults.happen()
    assert (faults.told, faults.given_up) == (BUDGET - 1, 1)


def test_faults_now_and_then_do_not_add_up(faults: Faults) -> None:
    for _ in range(5 * BUDGET):
        faults.happen(after=WINDOW_SECONDS / 2)
    assert (faults.told, faults.given_up) == (5 * BUDGET, 0)


@pytest.mark.skipif(sys.version_info < (3, 8), reason="CPython 3.7 has no hook for threads")
def test_faults_of_threads_count_too(faults: Faults) -> None:
    thread = threading.Thread(target=lambda: 1 // 0)
    thread.start()
    thread.join()
    assert faults.told == 1


def test_the_hooks_are_taken_away_again() -> None:
    before = sys.excepthook
    faults = Faults()
    assert sys.excepthook is not before
    faults.hooks.close()
    assert sys.excepthook is before


def raised(call: Callable[[], object]) -> str:
    try:
        call()
    except Exception as error:
        return told(error)
    raise AssertionError("nothing was raised")


def test_the_log_is_told_where_and_what_but_nothing_of_the_visitor() -> None:
    def lose() -> None:
        raise CameraLost("detail")

    secret = "/media/stick/Zhang San"
    for call, said in (
        (lambda: open(secret), "FileNotFoundError: No such file or directory"),
        (lambda: int(secret[1:]), "ValueError"),
        (lambda: {}[secret], "KeyError"),
        (lambda: None.real, "AttributeError: 'NoneType' object has no attribute 'real'"),  # type: ignore[attr-defined]
        (lose, "CameraLost: camera_lost"),
    ):
        text = raised(call)  # type: ignore[arg-type]
        assert "Zhang" not in text
        assert said in text
        assert "test_kiosk_parts.py" in text


def test_what_came_before_is_named_too() -> None:
    def fail() -> None:
        try:
            open("/no/such/file")
        except OSError as error:
            raise RuntimeError("of that") from error

    assert "after FileNotFoundError" in raised(fail)
