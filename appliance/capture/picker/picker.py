"""Choosing a photo or a recording: what lies on the sticks and in the gallery, shown as it is found."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Dict, Optional, Tuple

import numpy as np

from ...errors import PhotoNotFound, SpeechNotFound
from ...faults import told
from ...settings import LimitSettings, PickerSettings
from .check import Checker
from .copying import copy_file
from .media import Media
from .scan import Found
from .search import MEGABYTE, Search

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Offer:
    """A file that can be chosen. ``name``: fit to be shown. ``thumbnail``: uint8 (height, width, 3) RGB of a photo, its
    longer side at most 320; ``seconds`` of a recording, None where only decoding all of it would tell."""

    path: Path
    name: str
    thumbnail: Optional[np.ndarray] = field(default=None, compare=False)
    seconds: Optional[float] = None


@dataclass(frozen=True)
class Offered:
    """What can be chosen now. ``kind``: "photo" or "speech". ``searching``: more may come. ``stick``: one is there."""

    kind: str
    files: Tuple[Offer, ...]
    searching: bool
    stick: bool


class Picker:
    """Searches in a thread of its own between `start` and `stop`, and tells again whenever a stick comes or goes.

    `start` and `stop` return at once, whatever a dying stick does to the thread, which ends by itself after `stop`.
    ``on_event`` is called in that thread, and not once `stop` has returned; so it must not wait for a thread
    that calls `stop`.
    """

    def __init__(
        self,
        settings: PickerSettings,
        on_event: Callable[[Offered], None],
        limits: Optional[LimitSettings] = None,
        *,
        media: Optional[Media] = None,
        checker: Callable[[], Checker] = Checker,
    ) -> None:
        """``limits``: of the size of a file. ``checker``: finds out which files can be used."""
        limits = limits or LimitSettings()
        self.media = media or Media(settings.media)
        self._gallery = Path(settings.gallery) if settings.gallery else None
        self._on_event, self._checker = on_event, checker
        self._largest = {
            "photo": limits.photo_megabytes * MEGABYTE, "speech": limits.speech_megabytes * MEGABYTE
        }  # fmt: skip
        self._lock = threading.RLock()
        self._thread: Optional[threading.Thread] = None
        self._search: Optional[Search] = None
        self._kind = "photo"
        self._known: Dict[Path, Found] = {}

    def start(self, kind: str) -> None:
        """Search for what is of that kind, "photo" or "speech"; a search under way ends."""
        with self._lock:
            self._end_search()
            self._kind, self._known = kind, {}
            self._search = Search(self.media, self._gallery, kind, self._largest[kind], self._checker, self._told)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="picker", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """Harmless where nothing is searched for. What was offered last can still be taken."""
        with self._lock:
            self._end_search()

    def take(self, path: Path, folder: Path) -> Path:
        """Copy a file that was offered last into a folder; the copy is readable by this user only, and its name is not
        the visitor's. Waits for the stick: not for a thread that must not.

        Raises `PhotoNotFound` or `SpeechNotFound` where the file is not, or no more, what was offered, also in the
        middle; `UploadTooLarge`; `DiskFull` and other `OutputError` of the folder.
        """
        with self._lock:
            kind, found = self._kind, self._known.get(Path(path))
        if found is None:
            raise (PhotoNotFound if kind == "photo" else SpeechNotFound)("not offered")
        return copy_file(found, kind, folder, self._largest[kind])

    def _end_search(self) -> None:
        if self._search is not None:
            self._search.stop()
            self._search = None

    def _run(self) -> None:
        """One thread for all searches: were a stick to hold it for ever, there would not be more of them."""
        while True:
            with self._lock:
                search = self._search
                if search is None:
                    self._thread = None
                    return
            try:
                search.run()
            except Exception as error:
                log.error("the search for files of visitors ended\n%s", told(error))
                with self._lock:
                    if self._search is search:
                        self._search = None

    def _told(self, search: Search) -> None:
        files = tuple(
            Offer(found.path, found.name, checked.thumbnail, checked.seconds) for found, checked in search.files
        )
        with self._lock:
            if self._search is search:
                self._known = {found.path: found for found, _ in search.files}
                self._on_event(Offered(search.kind, files, search.searching, search.stick))
