"""What a technician needs to see, in one archive: the journal of our services, the doctor's report, recent troubles."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Iterable, List, Sequence

from ....errors import DiskFull, OutputError
from ....files import NO_SPACE
from .history import Trouble

FILE = "sonic-logs.zip"
UNITS = "sonic-*"
LINES = 20_000
"""Of the journal, the newest."""
JOURNAL_SECONDS = 60.0
DOCTOR_SECONDS = 180.0
COLUMNS = "200"
"""As wide as the reports may be written."""
LARGEST = 32 << 20
"""Bytes of one report; what is beyond is cut off."""

JOURNAL = ("journalctl", "--no-pager", "--output=short-iso", f"--unit={UNITS}", f"--lines={LINES}")
DOCTOR = (sys.executable, "-m", "appliance", "doctor")


def gather(path: Path, troubles: Iterable[Trouble]) -> None:
    """Write the archive; takes up to some minutes. Raises `OutputError`, `DiskFull`.

    What cannot be read, such as the journal for a user who may not, is said in its place.
    """
    try:
        with zipfile.ZipFile(str(path), "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("troubles.txt", _listed(troubles))
            archive.writestr("journal.txt", _said(JOURNAL, JOURNAL_SECONDS))
            archive.writestr("doctor.txt", _said(DOCTOR, DOCTOR_SECONDS))
    except OSError as error:
        raise (DiskFull if error.errno in NO_SPACE else OutputError)(str(error.strerror)) from error


def _listed(troubles: Iterable[Trouble]) -> str:
    lines: List[str] = []
    for trouble in troubles:
        when = time.strftime("%Y-%m-%d %H:%M:%S%z", time.localtime(trouble.last))
        failure = trouble.failure
        lines.append(f"{when} {failure.code} ({trouble.times}): {failure.message} {failure.action}".rstrip())
    return "\n".join(lines or ["none since the start"]) + "\n"


def _said(command: Sequence[str], seconds: float) -> bytes:
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds,
            env={**os.environ, "COLUMNS": COLUMNS},
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{command[0]}: {type(error).__name__}\n".encode()
    return done.stdout[-LARGEST:]
