"""Offline bundles, changed for a test."""

from __future__ import annotations

import hashlib
from pathlib import Path


def write_sums(bundle: Path) -> None:
    """Make an unpacked bundle whole again, as far as its hashes can tell."""
    files = sorted(path for path in bundle.rglob("*") if path.is_file() and path.name != "SHA256SUMS")
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(bundle)}\n" for path in files]
    (bundle / "SHA256SUMS").write_text("".join(lines))
