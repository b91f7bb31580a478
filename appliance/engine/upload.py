"""Files on their way in: not a job yet, and gone without a trace if they never become one."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict

from ..files import sync
from .job import Priority

BLOCK = 1 << 20


class Upload:
    """A folder in ``incoming/`` for one photo and one recording; whoever receives them writes ``photo`` and ``speech``.

    ``expected``: bytes that were announced; they count against the free space until the upload ends.
    """

    def __init__(self, folder: Path, expected: int, ended: Callable[[Upload], None]) -> None:
        folder.mkdir(mode=0o700)
        self.folder = folder
        self.photo = folder / "photo"
        self.speech = folder / "speech"
        self.expected = expected
        self.open = True
        self._ended = ended

    def discard(self) -> None:
        """Remove what has arrived. Harmless after the upload has become a job or was discarded."""
        self.close()
        shutil.rmtree(str(self.folder), ignore_errors=True)

    def close(self) -> None:
        """It is under way no more."""
        if self.open:
            self.open = False
            self._ended(self)


@dataclass(frozen=True)
class Content:
    """sha256 of the two files, hexadecimal, and their sizes in bytes."""

    photo: str
    speech: str
    photo_bytes: int
    speech_bytes: int

    def fingerprint(self, options: Dict[str, Any], priority: Priority) -> str:
        """What makes two submissions the same."""
        parts = {"photo": self.photo, "speech": self.speech, "options": options, "priority": int(priority)}
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def take_in(upload: Upload) -> Content:
    """Read both files once; afterwards they are this user's alone and on the disk. Raises OSError."""
    photo, speech = _settle(upload.photo), _settle(upload.speech)
    return Content(photo, speech, upload.photo.stat().st_size, upload.speech.stat().st_size)


def move_to(upload: Upload, target: Path) -> None:
    """Let the upload's folder be ``target``, for good. Raises OSError."""
    sync(upload.folder)
    os.rename(str(upload.folder), str(target))
    sync(target.parent)


def _settle(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        os.fchmod(file.fileno(), 0o600)
        for block in iter(lambda: file.read(BLOCK), b""):
            digest.update(block)
        os.fsync(file.fileno())
    return digest.hexdigest()
