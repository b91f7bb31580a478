"""Trees with the appliance installed in them."""

from __future__ import annotations

from pathlib import Path
from typing import List, Optional

from appliance.installation.changes import Change
from appliance.installation.install import install
from appliance.installation.layout import Layout


def install_into(root: Path, profile: Optional[str] = None, dry_run: bool = False) -> List[Change]:
    """What `appliance install --root` reports."""
    report: List[Change] = []
    install(Layout(root), profile, report.append, dry_run)
    return report


def put_program(root: Path) -> None:
    """Something that can be executed where the units look for the program."""
    program = root / "opt/sonic-appliance/current/bin/appliance"
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
