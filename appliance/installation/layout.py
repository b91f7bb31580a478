"""Where things are on an installed appliance, seen from here: below ``/``, or below the folder given as ``--root``."""

from __future__ import annotations

import sysconfig
from pathlib import Path
from typing import Optional

PROGRAM = "/opt/sonic-appliance"
SETTINGS = "/etc/sonic-appliance/settings.toml"
STATE = "/var/lib/sonic"
CACHE = "/var/cache/sonic"
SPOOL = "/var/spool/sonic"
SOCKET = "/run/sonic/engine.sock"
GROUP = "sonic"
UNITS = "/etc/systemd/system"


class Layout:
    """The folders of the program. A release is a virtual environment with a folder ``models`` in it."""

    def __init__(self, root: Optional[Path] = None) -> None:
        self.root = Path(root).resolve() if root is not None else Path("/")
        self.program = self.at(PROGRAM)
        self.releases = self.program / "releases"
        self.current = self.program / "current"
        self.previous = self.program / "previous"
        self.record = self.program / "installation.json"

    @property
    def is_this_system(self) -> bool:
        return self.root == Path("/")

    def at(self, path: str) -> Path:
        """Where ``path``, absolute on the appliance, is here."""
        return self.root / path.lstrip("/")


def unit_folder() -> Path:
    """Where the unit files come from: the checkout, else what the wheel brought along."""
    checkout = Path(__file__).resolve().parent.parent.parent / "systemd"
    installed = Path(sysconfig.get_path("data")) / "share" / "sonic-appliance" / "systemd"
    return checkout if checkout.is_dir() else installed
