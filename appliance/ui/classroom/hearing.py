"""A lecture heard for its chapters, beside everything else."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import Callable, List

from ...errors import SonicError
from ...models import ModelStore
from ...pipeline.speech.recording import open_speech
from .chapters import Chapters

REST_SECONDS = 0.05
"""After each bit: the video is made and played at the same time, and nobody waits for chapters."""
STOP_SECONDS = 1.0

log = logging.getLogger(__name__)


class Hearing:
    """Tells all chapters found so far whenever there is a new one, in a thread of its own."""

    def __init__(self, path: Path, folder: Path, store: ModelStore, found: Callable[[List[float]], None]) -> None:
        """``folder``: of private files. ``found``: told starts in seconds; not after `stop`."""
        self._path, self._folder, self._store, self._found = path, folder, store, found
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="chapters", daemon=True)
        self._thread.start()

    def stop(self, wait: bool = True) -> None:
        self._stopped.set()
        if wait and threading.current_thread() is not self._thread:
            self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        try:
            self._hear()
        except SonicError as error:
            log.warning("a lecture has no chapters: %s %s", error.code, error.detail)

    def _hear(self) -> None:
        chapters = Chapters()
        with open_speech(self._path, self._folder, self._store) as speech:
            while not speech.complete and not self._stopped.is_set():
                speech.hear()
                if chapters.hear(speech.voice, speech.complete) and not self._stopped.is_set():
                    self._found(list(chapters.starts))
                self._stopped.wait(REST_SECONDS)
