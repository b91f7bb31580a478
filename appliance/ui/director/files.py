"""The files of one visit: in a folder of its own, for this user alone, and really removed with it."""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import json
import logging
import os
import shutil
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List, Optional

from ...errors import OutputError, SonicError, UsageError
from ...files import write_atomically
from ...settings import MakeOptions

PREFIX = "visit-"
ORDER = "order.json"
VIDEO = "video.mp4"
LOCK = "lock"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Order:
    """The video that was asked for. ``key``: by which the engine knows the job, also one that nobody heard accepted."""

    photo: Path
    voice: Path
    options: MakeOptions = field(default_factory=MakeOptions)
    consent: bool = False
    key: str = field(default_factory=lambda: uuid.uuid4().hex)


class VisitFiles:
    """The folder is made when it is first needed. Every method from any thread."""

    def __init__(self, place: Path, name: str = "") -> None:
        self.folder = place / (name or PREFIX + uuid.uuid4().hex)
        self._wiped = False

    def made(self) -> Path:
        """The folder, now there. Raises `OutputError`, also after `wipe`."""
        if self._wiped:
            raise OutputError("the visit is over")
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(str(error.strerror)) from error
        return self.folder

    def new(self, kind: str, ending: str) -> Path:
        """Name of a file that is not there yet. Raises `OutputError`."""
        return self.made() / f"{kind}-{uuid.uuid4().hex}{ending}"

    def holds(self, path: Path) -> bool:
        """Whether it is one of them."""
        return path.parent == self.folder

    @property
    def video(self) -> Path:
        """Where the finished one is."""
        return self.folder / VIDEO

    def keep_order(self, order: Order) -> None:
        """Through a power cut. Raises `OutputError`."""
        fields: Dict[str, Any] = dataclasses.asdict(order)
        fields["photo"], fields["voice"] = str(order.photo), str(order.voice)
        try:
            write_atomically(self.made() / ORDER, json.dumps(fields).encode(), mode=0o600)
        except OSError as error:
            raise OutputError(str(error.strerror)) from error

    def order(self) -> Optional[Order]:
        """What was kept; None where nothing was, or not all that belongs to it is there."""
        try:
            fields = json.loads((self.folder / ORDER).read_text())
            fields["options"] = MakeOptions(**fields["options"])
            fields["photo"], fields["voice"] = Path(fields["photo"]), Path(fields["voice"])
            order = Order(**fields)
        except (OSError, ValueError, TypeError, KeyError, UsageError):
            return None
        return order if order.photo.is_file() and order.voice.is_file() else None

    def forget_order(self) -> None:
        """It is made, or no longer wanted."""
        with contextlib.suppress(OSError):
            (self.folder / ORDER).unlink()
            self.video.unlink()

    def wipe(self) -> None:
        """Remove everything of the visit, for good."""
        self._wiped = True
        try:
            shutil.rmtree(str(self.folder))
        except FileNotFoundError:
            pass
        except OSError as error:
            log.error("files of a visit could not be removed: %s", error.strerror)


class Place:
    """The folder of all visits' folders, of one program at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = -1

    def claim(self) -> None:
        """Raises `SonicError` where another front end has it, `OutputError` where it cannot be used."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = os.open(str(self.path / LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self.release()
            raise SonicError(
                message="The appliance's front end is running already.", action="End it first: there can be only one."
            ) from error
        except OSError as error:
            self.release()
            message = "The folder for the files of visits cannot be used."
            raise OutputError(str(error.strerror), message=message, action="Check who may write there.") from error

    def release(self) -> None:
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def leftovers(self) -> List[VisitFiles]:
        """Of visits that nobody ended, the newest first."""
        found = list(self.path.glob(PREFIX + "*"))
        return [VisitFiles(self.path, path.name) for path in sorted(found, key=_changed, reverse=True)]


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
