"""The process of a camera, whatever its source does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from capture.camera.rigs import HERE, PATIENCE_SECONDS, ToyCamera
from helpers import REPOSITORY

from appliance.capture.camera.process import LAST_WORDS
from appliance.errors import CameraBusy, CameraError, CameraLost, CameraMissing


def eventually_gone(pid: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def read_number(path: Path) -> int:
    """Of a process, once it has written it there."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not path.exists() or not path.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return int(path.read_text())


@pytest.mark.parametrize("behaviour, error", [("busy", CameraBusy), ("missing", CameraMissing)])
def test_what_went_wrong_arrives(behaviour: str, error: type) -> None:
    with pytest.raises(error) as caught:
        ToyCamera(behaviour).open()
    assert caught.value.detail in ("taken", "none")


def test_a_driver_that_crashes_while_it_is_opened() -> None:
    with pytest.raises(CameraLost):
        ToyCamera("crash-open").open()


def test_a_driver_that_hangs_while_it_is_opened(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    with pytest.raises(CameraLost) as caught:
        ToyCamera("hang-open", f"pid={pid}", open_seconds=3.0).open()
    assert "not open within 3 s" in caught.value.detail
    if pid.exists():
        eventually_gone(int(pid.read_text()))


def test_a_program_that_is_not_there() -> None:
    camera = ToyCamera()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("capture.camera.rigs.TOY", ("/nowhere/python",))
        files = psutil.Process().num_fds()
        with pytest.raises(CameraError, match="camera does not work"):
            camera.open()
    assert psutil.Process().num_fds() == files


@pytest.mark.parametrize("end", ["hang", "crash", "lost"])
def test_pictures_until_the_end(end: str) -> None:
    with ToyCamera(f"{end}=4").open() as stream:
        with pytest.raises(CameraLost):
            for _ in range(5):
                assert stream.read(5.0).shape == (48, 64, 3)
        with pytest.raises(CameraLost):
            stream.read(5.0)


def test_a_slow_camera_is_not_a_lost_one() -> None:
    with ToyCamera("slow").open() as stream:
        for _ in range(3):
            stream.read(PATIENCE_SECONDS)


def test_a_reader_may_stay_away_for_long() -> None:
    """For more pictures than there is room on the report."""
    with ToyCamera("fast").open() as stream:
        time.sleep(2.0)
        for _ in range(3):
            assert stream.read(PATIENCE_SECONDS).shape == (48, 64, 3)


@pytest.mark.parametrize("behaviour", ["garbage", "wide"])
def test_pictures_that_are_none(behaviour: str) -> None:
    with ToyCamera(behaviour).open() as stream, pytest.raises(CameraLost, match="stopped giving pictures"):
        stream.read(PATIENCE_SECONDS)


def test_nonsense_on_the_report_is_ignored() -> None:
    with ToyCamera("babble").open() as stream:
        assert stream.read(PATIENCE_SECONDS)[0, 0].tolist() == [255, 0, 0]


def test_complaints_are_kept_short(capfd: pytest.CaptureFixture[str]) -> None:
    """Megabytes of them neither stop the camera nor reach our own log; the end of them is told with the error."""
    with ToyCamera("noisy", "crash=4").open() as stream:
        with pytest.raises(CameraLost) as caught:
            for _ in range(5):
                stream.read(PATIENCE_SECONDS)
    assert "it said: " in caught.value.detail and len(caught.value.detail) < LAST_WORDS + 100
    assert capfd.readouterr() == ("", "")


def test_one_that_does_not_leave_is_killed(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    stream = ToyCamera("stubborn", f"pid={pid}").open()
    stream.read(PATIENCE_SECONDS)
    stream.close()
    assert not psutil.pid_exists(int(pid.read_text()))


@pytest.mark.parametrize("behaviour", ["", "hang=2"])
def test_it_does_not_outlive_the_application(tmp_path: Path, behaviour: str) -> None:
    """Killed, so that nothing can be tidied up; with a driver that hangs as well."""
    pid = tmp_path / "pid"
    words = [word for word in (behaviour, f"pid={pid}") if word]
    program = (
        "import time\n"
        "from capture.camera.rigs import ToyCamera\n"
        f"stream = ToyCamera(*{words!r}).open()\n"
        "stream.read(60.0)\n"
        "time.sleep(1e6)\n"
    )
    paths = os.pathsep.join((str(REPOSITORY), str(HERE.parents[1])))
    application = subprocess.Popen([sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": paths})
    try:
        child = read_number(pid)
        assert psutil.pid_exists(child)
    finally:
        application.send_signal(signal.SIGKILL)
        application.wait(PATIENCE_SECONDS)
    eventually_gone(child)
