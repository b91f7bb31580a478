"""One search: through the sticks, the newest first, and the gallery, and again through whatever is plugged in later."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from pathlib import Path
from typing import Callable, Dict, List, Optional, Tuple

from .check import Checked, Checker, DecoderLost
from .media import Media, MountWatch, Stick
from .scan import Found, ScanLimits, scan

MEGABYTE = 1 << 20

MOST_FILES = 300
"""Of one stick; nobody looks through more with a finger."""
MOST_LOSSES = 5
"""Decoders that one stick may cost before it is left alone."""
TELL_S = 0.25
"""How often it is told that more was found."""
LIMITS = ScanLimits()

log = logging.getLogger(__name__)


class Search:
    """`run` in one thread, `stop` from any. ``tell`` is called with the search itself, whose ``files`` it may read."""

    def __init__(
        self,
        media: Media,
        gallery: Optional[Path],
        kind: str,
        largest: int,
        checker: Callable[[], Checker],
        tell: Callable[[Search], None],
    ) -> None:
        """``largest``: bytes of a file."""
        self.kind = kind
        self.searching = True
        self._media, self._gallery, self._largest = media, gallery, largest
        self._new_checker, self._tell = checker, tell
        self._sticks: Tuple[Stick, ...] = ()
        self._found: Dict[Path, List[Tuple[Found, Checked]]] = {}
        self._told_at = 0.0
        self._untold = False
        self._lock = threading.Lock()
        self._stopped = False
        self._parts: Optional[Tuple[Checker, MountWatch]] = None

    @property
    def stick(self) -> bool:
        """Whether one is plugged in."""
        return bool(self._sticks)

    @property
    def files(self) -> List[Tuple[Found, Checked]]:
        """What can be used, of all that was looked through so far."""
        return [pair for root in self._roots() for pair in self._found.get(root, ())]

    def stop(self) -> None:
        """End `run` soon, also a check of a file that is under way."""
        with self._lock:
            self._stopped = True
            if self._parts is not None:
                checker, watch = self._parts
                checker.close()
                watch.stir()

    def run(self) -> None:
        """Until `stop`."""
        with self._new_checker() as checker, self._media.watch() as watch:
            with self._lock:
                self._parts = checker, watch
            checker.while_waiting = self._say_what_is_untold
            try:
                while not self._stopped:
                    self._look(checker, watch)
            finally:
                with self._lock:
                    self._parts = None

    def _look(self, checker: Checker, watch: MountWatch) -> None:
        """Through one root that was not looked through yet, else wait for another one."""
        self._look_for_sticks()
        root = next((root for root in self._roots() if root not in self._found), None)
        if root is not None:
            self._say(searching=True)
            self._found[root] = []
            self._look_through(root, checker, watch)
        else:
            if self.searching:
                self._say(searching=False)
            watch.wait()

    def _look_for_sticks(self) -> None:
        sticks = self._media.sticks()
        if sticks == self._sticks:
            return
        self._sticks = sticks
        roots = self._roots()
        self._found = {root: files for root, files in self._found.items() if root in roots}
        self._say(searching=True)

    def _roots(self) -> List[Path]:
        return [stick.path for stick in self._sticks] + ([] if self._gallery is None else [self._gallery])

    def _look_through(self, root: Path, checker: Checker, watch: MountWatch) -> None:
        losses = 0
        with contextlib.closing(scan(root, self.kind, self._largest, LIMITS, lambda: self._stopped)) as listed:
            for found in listed:
                try:
                    checked = checker.check(found, self.kind)
                except DecoderLost as error:
                    losses += 1
                    if self._stopped or losses >= MOST_LOSSES:
                        return
                    log.warning("a file of a stick was too much for its decoder: %s", error)
                    continue
                if checked is not None:
                    self._found[root].append((found, checked))
                    self._untold = True
                    if time.monotonic() - self._told_at >= TELL_S:
                        self._say(searching=True)
                if watch.wait(0):
                    self._look_for_sticks()
                if root not in self._found or len(self._found[root]) >= MOST_FILES:
                    return

    def _say_what_is_untold(self) -> None:
        """The next file may take long."""
        if self._untold:
            self._say(searching=True)

    def _say(self, searching: bool) -> None:
        self.searching, self._told_at, self._untold = searching, time.monotonic(), False
        self._tell(self)
