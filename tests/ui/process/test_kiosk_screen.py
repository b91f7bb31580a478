"""The kiosk on a real X server without a window manager, with OpenCV in the same process: what offscreen hides."""

from __future__ import annotations

import contextlib
import ctypes
import ctypes.util
import os
import shutil
import subprocess
from typing import Iterator

import pytest

pytest.importorskip("PyQt5")

from ui.process.kiosks import Kiosk, kiosk_at, running_kiosk

SIZE = (1024, 600)


@contextlib.contextmanager
def x_server() -> Iterator[str]:
    """Its display."""
    if shutil.which("Xvfb") is None:
        pytest.skip("there is no Xvfb")
    told, tell = os.pipe()
    screen = f"{SIZE[0]}x{SIZE[1]}x24"
    command = ["Xvfb", "-displayfd", str(tell), "-screen", "0", screen, "-nolisten", "tcp", "-s", "5"]
    server = subprocess.Popen(command, pass_fds=[tell], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(tell)
    try:
        with open(told) as number:
            display = number.readline().strip()
        if not display:
            pytest.skip("Xvfb does not run here")
        yield f":{display}"
    finally:
        server.kill()
        server.wait()


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    with x_server() as display:
        yield display


@pytest.fixture(scope="module")
def kiosk(display: str) -> Iterator[Kiosk]:
    with running_kiosk(DISPLAY=display, QT_QPA_PLATFORM="") as kiosk:
        yield kiosk


def test_it_takes_the_x_server_with_opencv_beside_it(kiosk: Kiosk) -> None:
    shown = kiosk.wish("geometry")
    assert (shown["platform"], shown["cv2"]) == ("xcb", True)


def test_it_covers_the_whole_screen_and_has_the_keyboard(kiosk: Kiosk) -> None:
    shown = kiosk.wish("geometry")
    assert shown["window"] == shown["screen"] == [0, 0, *SIZE]
    assert shown["keyboard"]


def test_it_is_really_seen(kiosk: Kiosk) -> None:
    assert kiosk.wish("colours_on_screen") > 20


def test_a_key_pressed_at_the_x_server_reaches_it(kiosk: Kiosk, display: str) -> None:
    if shutil.which("xdotool") is None:
        pytest.skip("there is no xdotool")
    subprocess.run(["xdotool", "key", "ctrl+shift+s"], env={**os.environ, "DISPLAY": display}, check=True)
    kiosk.wait_for_state("staff_pin")
    subprocess.run(["xdotool", "key", "Escape"], env={**os.environ, "DISPLAY": display}, check=True)
    kiosk.wait_for(lambda seen: seen["state"] != "staff_pin")


def test_the_screen_is_not_blanked(kiosk: Kiosk, display: str) -> None:
    x11 = ctypes.CDLL(ctypes.util.find_library("X11") or "libX11.so.6")
    x11.XOpenDisplay.restype = ctypes.c_void_p
    server = ctypes.c_void_p(x11.XOpenDisplay(display.encode()))
    seconds, rest = ctypes.c_int(-1), [ctypes.c_int() for _ in range(3)]
    x11.XGetScreenSaver(server, ctypes.byref(seconds), *map(ctypes.byref, rest))
    x11.XCloseDisplay(server)
    assert seconds.value == 0


def test_when_the_x_server_is_gone_the_process_ends_for_a_new_one_to_begin() -> None:
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(contextlib.ExitStack())
        kiosk = stack.enter_context(kiosk_at(DISPLAY=server.enter_context(x_server()), QT_QPA_PLATFORM=""))
        kiosk.start()
        kiosk.wait_until_ready()
        server.close()
        assert kiosk.end() not in (0, 2)
