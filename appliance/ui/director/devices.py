"""What several activities of a visit, and many visits, have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, FrozenSet, Optional

from ...capture.camera.face_watch import FaceWatch
from ...capture.picker.copying import copy_file
from ...capture.picker.picker import MEGABYTE, Offered
from ...capture.picker.scan import Found
from ...errors import PhotoNotFound, SpeechNotFound
from ...pipeline.face import FaceFinder
from .inspector import Inspector
from .parts import Parts


class Devices:
    """``offered``: told in the picker's thread of what can be chosen."""

    def __init__(self, parts: Parts, offered: Callable[[Offered], None]) -> None:
        self.picker = parts.picker(offered)
        self.inspector = Inspector(parts.settings, parts.store)
        self._store, self._limits = parts.store, parts.settings.limits
        self._face_watch: Optional[FaceWatch] = None
        self._offered: FrozenSet[Path] = frozenset()

    def remember(self, offered: Offered) -> None:
        """What can be chosen now."""
        self._offered = frozenset(offer.path for offer in offered.files)

    def take(self, path: Path, kind: str, folder: Path) -> Path:
        """A copy of what somebody picked among the offers, or brought along otherwise; ``kind``: "photo" or "speech".

        Takes as long as the stick does. Raises what `Picker.take` raises.
        """
        if path in self._offered:
            return self.picker.take(path, folder)
        limits = self._limits
        megabytes = limits.photo_megabytes if kind == "photo" else limits.speech_megabytes
        return copy_file(_found(path, kind), kind, folder, megabytes * MEGABYTE)

    def face_watch(self) -> FaceWatch:
        """Loads its networks once. Raises `ModelMissing`, `ModelCorrupt`. One thread at a time."""
        if self._face_watch is None:
            self._face_watch = FaceWatch(FaceFinder(self._store))
        return self._face_watch

    def close(self) -> None:
        self.picker.stop()
        self.inspector.end()


def _found(path: Path, kind: str) -> Found:
    try:
        status = path.lstat()
    except OSError as error:
        raise (PhotoNotFound if kind == "photo" else SpeechNotFound)(str(error.strerror)) from error
    return Found(path.parent, (path.name,), status.st_dev, status.st_size, status.st_mtime_ns)
