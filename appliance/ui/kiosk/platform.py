"""Where the screen is, and whether Qt can draw on it. Needs no Qt, so that its lack can be explained."""

from __future__ import annotations

import importlib
import importlib.util
import os
from pathlib import Path
from typing import Mapping

from ...errors import RuntimeUnavailable

FRAMEBUFFER = Path("/dev/fb0")


def require_qt() -> None:
    """Raises `RuntimeUnavailable` where PyQt5 is missing, cannot be loaded, or would meet another Qt."""
    try:
        importlib.import_module("PyQt5.QtWidgets")
    except ImportError as error:
        missing = importlib.util.find_spec("PyQt5") is None
        raise RuntimeUnavailable(
            str(error),
            message="The screen needs PyQt5, which is not installed."
            if missing
            else f"The screen needs PyQt5, which cannot be loaded here: {error}.",
            action="Run `apt-get install python3-pyqt5`, or `pip install 'sonic-appliance[kiosk]'` on x86-64."
            if missing
            else "Install the system library it names.",
        ) from error
    if cv2_brings_qt():
        raise RuntimeUnavailable(
            message="The OpenCV installed here brings a Qt of its own, with which the screen would crash.",
            action="Run `pip uninstall opencv-python`, then `pip install --force-reinstall opencv-python-headless`.",
        )


def cv2_brings_qt() -> bool:
    """opencv-python, but not opencv-python-headless, has a folder of Qt plugins and points Qt to it when imported."""
    spec = importlib.util.find_spec("cv2")
    folders = (spec.submodule_search_locations or ()) if spec else ()
    return any((Path(folder) / "qt").is_dir() for folder in folders)


def choose_platform(
    wanted: str = "", environment: Mapping[str, str] = os.environ, framebuffer: Path = FRAMEBUFFER
) -> str:
    """The Qt platform to draw with: the one ``wanted``, else what the environment names, else what is there.

    Raises `RuntimeUnavailable` where there is no screen.
    """
    named = wanted or environment.get("QT_QPA_PLATFORM", "")
    if named:
        return named
    if environment.get("DISPLAY"):
        return "xcb"
    if not framebuffer.exists():
        raise RuntimeUnavailable(
            message=f"There is no screen here: neither an X server ($DISPLAY) nor {framebuffer}.",
            action="Connect one, or name another way with `--platform`, such as vnc.",
        )
    if not os.access(str(framebuffer), os.R_OK | os.W_OK):
        raise RuntimeUnavailable(
            message=f"This user may not draw on {framebuffer}.", action="Put the user into the group video."
        )
    return "linuxfb"
