"""Where each lecture was left, and its chapters: through a power cut and a restart."""

from __future__ import annotations

import dataclasses
import json
import logging
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Tuple

from ...files import write_atomically

FILE = "lectures.json"
REMEMBERED = 200
"""Lectures; the one that was watched longest ago is forgotten first."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Bookmark:
    """``position``: s; 0 where it was seen to its end. ``chapters``: where they begin, s."""

    position: float = 0.0
    chapters: Tuple[float, ...] = ()


class Memory:
    """By the engine's number of the job. All methods return at once; what is remembered is written by a thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Condition()
        self._bookmarks = _read(path)
        self._writing = self._dirty = False

    def recall(self, job: str) -> Bookmark:
        with self._lock:
            return self._bookmarks.get(job, Bookmark())

    def keep_position(self, job: str, seconds: float) -> None:
        self._keep(job, position=round(max(seconds, 0.0), 2))

    def keep_chapters(self, job: str, starts: Tuple[float, ...]) -> None:
        self._keep(job, chapters=starts)

    def forget(self, job: str) -> None:
        with self._lock:
            if self._bookmarks.pop(job, None) is not None:
                self._write_soon()

    def flush(self, seconds: float = 2.0) -> bool:
        """Wait until everything is written; whether it is."""
        with self._lock:
            return self._lock.wait_for(lambda: not self._writing, seconds)

    def _keep(self, job: str, **changes: object) -> None:
        with self._lock:
            before = self._bookmarks.pop(job, Bookmark())
            self._bookmarks[job] = dataclasses.replace(before, **changes)  # type: ignore[arg-type]
            for oldest in list(self._bookmarks)[:-REMEMBERED]:
                del self._bookmarks[oldest]
            self._write_soon()

    def _write_soon(self) -> None:
        self._dirty = True
        if not self._writing:
            self._writing = True
            threading.Thread(target=self._write, name="bookmarks", daemon=True).start()

    def _write(self) -> None:
        while True:
            with self._lock:
                if not self._dirty:
                    self._writing = False
                    self._lock.notify_all()
                    return
                self._dirty = False
                rows = {job: dataclasses.asdict(bookmark) for job, bookmark in self._bookmarks.items()}
            try:
                write_atomically(self._path, json.dumps(rows).encode("ascii"), 0o600)
            except OSError as error:
                log.warning("where the lectures were left cannot be kept: %s", error.strerror)


def _read(path: Path) -> Dict[str, Bookmark]:
    """What cannot be read is nothing: a lecture begins at its start then."""
    try:
        rows = json.loads(path.read_text(encoding="ascii"))
        return {
            str(job): Bookmark(float(row["position"]), tuple(float(start) for start in row["chapters"]))
            for job, row in rows.items()
        }
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        log.warning("where the lectures were left cannot be read: %s", type(error).__name__)
        return {}
