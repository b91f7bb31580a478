"""Where a front end keeps what must outlast a restart: the staff's PIN, their choices and their switch."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Mapping

INSTALLED = Path("/var/lib")


def state_folder(
    name: str = "sonic-kiosk", environment: Mapping[str, str] = os.environ, installed: Path = INSTALLED
) -> Path:
    """systemd's StateDirectory, else the same folder where it was installed, so that a command in a shell finds it too.

    Else where XDG puts what a program must remember. ``name``: the StateDirectory of the unit.
    """
    given = environment.get("STATE_DIRECTORY", "").split(":")[0]
    if given:
        return Path(given)
    if (installed / name).is_dir():
        return installed / name
    xdg = environment.get("XDG_STATE_HOME", "")
    return (Path(xdg) if xdg.startswith("/") else Path(os.path.expanduser("~/.local/state"))) / name
