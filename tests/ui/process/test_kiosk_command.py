"""`appliance kiosk` where it cannot run, and what else it can be told."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import REPOSITORY, appliance

from appliance.errors import RuntimeUnavailable
from appliance.ui.pins import PIN_FILE, Condition, PinStore

SCREENLESS = {"DISPLAY": "", "QT_QPA_PLATFORM": ""}


def without_a_stack_trace(done: subprocess.CompletedProcess[str], exit_code: int) -> str:
    """What people are told."""
    assert (done.returncode, "Traceback" in done.stderr) == (exit_code, False), done.stderr
    return done.stderr


def test_without_a_screen_it_says_how_to_get_one() -> None:
    pytest.importorskip("PyQt5")
    if Path("/dev/fb0").exists():
        pytest.skip("there is a screen")
    said = without_a_stack_trace(appliance("kiosk", **SCREENLESS), RuntimeUnavailable.exit_code)
    assert "no screen here" in said and "--platform" in said


@pytest.mark.parametrize("platform", ["nonsense", "xcb"])
def test_a_platform_that_qt_cannot_use_is_an_error_and_no_crash(platform: str) -> None:
    pytest.importorskip("PyQt5")
    done = appliance("kiosk", "--platform", platform, **{**SCREENLESS, "DISPLAY": ":4711"})
    assert "Qt cannot draw on this screen" in without_a_stack_trace(done, RuntimeUnavailable.exit_code)


def test_without_pyqt5_it_says_what_to_install() -> None:
    code = "import sys; sys.modules['PyQt5'] = None; from appliance.cli import main; main(['kiosk'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=str(REPOSITORY))
    said = without_a_stack_trace(done, RuntimeUnavailable.exit_code)
    assert "not installed" in said and "python3-pyqt5" in said


def test_an_opencv_that_brings_its_own_qt_is_refused(tmp_path: Path) -> None:
    """opencv-python ends the process under X11; opencv-python-headless does not (no folder ``qt``)."""
    pytest.importorskip("PyQt5")
    (tmp_path / "cv2" / "qt").mkdir(parents=True)
    (tmp_path / "cv2" / "__init__.py").touch()
    code = "from appliance.cli import main; main(['kiosk', '--platform', 'offscreen'])"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {code}"],
        capture_output=True, text=True, cwd=str(REPOSITORY),
    )  # fmt: skip
    assert "opencv-python-headless" in without_a_stack_trace(done, RuntimeUnavailable.exit_code)


def test_a_forgotten_pin_is_reset_also_without_qt(tmp_path: Path) -> None:
    store = PinStore(tmp_path / PIN_FILE)
    store.set("2580")
    done = appliance("kiosk", "--reset-pin", STATE_DIRECTORY=str(tmp_path), **SCREENLESS)
    assert done.returncode == 0, done.stderr
    assert store.condition() is Condition.UNSET
    done = appliance("kiosk", "--reset-pin", "--json", STATE_DIRECTORY=str(tmp_path), **SCREENLESS)
    assert json.loads(done.stdout) == {"event": "pin_reset"}


def test_only_wrong_usage_ends_with_2() -> None:
    """For then the service manager does not try again."""
    assert "--profile" in without_a_stack_trace(appliance("kiosk", "--profile", "shop"), 2)
