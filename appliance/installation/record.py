"""What an installation wrote, with hashes: what the next one may replace, and all that `uninstall` may remove."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Dict

from ..errors import InstallFailed

FORMAT = 1


@dataclass
class Record:
    """``files``: path → sha256 of what was written there or, beside a file edited since, of what was meant for it.

    ``links``: path → where it points. Paths are absolute on the appliance. ``finished``: false while an installation is
    under way, and after one that was cut off: then not all that is recorded need be there.
    """

    profile: str = ""
    version: str = ""
    files: Dict[str, str] = field(default_factory=dict)
    links: Dict[str, str] = field(default_factory=dict)
    finished: bool = True
    format: int = FORMAT


def read_record(path: Path) -> Record:
    """The record in that file, an empty one without it. Raises `InstallFailed` for one that cannot be understood."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        record = Record(**content)
        if record.format != FORMAT:
            raise ValueError(f"format {record.format}")
        return record
    except FileNotFoundError:
        return Record()
    except (OSError, ValueError, TypeError) as error:
        raise InstallFailed(
            f"{path}: {error}",
            message=f"{path}, the list of what is installed, cannot be read: nothing was changed.",
            action="If it is damaged, remove it and install again: files that differ are then kept.",
        ) from error


def record_text(record: Record) -> bytes:
    return (json.dumps(asdict(record), indent=1, sort_keys=True) + "\n").encode()
