"""A video that is watched while it is made: what comes of it is kept in a file, and played from there."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from pathlib import Path
from typing import Callable, Iterator, Optional

from ...errors import DiskFull, EngineUnavailable, OutputError, SonicError, VideoUnplayable
from ...files import NO_SPACE
from .movie import FragmentIndex, Movie
from .source import BLOCK, FileSource, Opened, Source

PATIENCE_SECONDS = 60.0
"""How long the engine may be away, to be started again."""
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.1, 2.0
STOP_SECONDS = 1.0
SIGN_OF_LIFE_SECONDS = 0.05

AT_ONCE = ["-analyzeduration", "1"]
"""Else ffmpeg waits for more than the first segment before it believes what the head says."""

Stream = Callable[[], Iterator[bytes]]


class GrowingSource(Source):
    """A fragmented MP4 that comes as a stream. A stream that breaks off is taken up again where it ended.

    Once the video is finished, the engine's stream may be the finished file, with other bytes: then the copy is made
    anew, and replaces what there was when it is whole. A thread of its own does all this.
    """

    def __init__(self, stream: Stream, folder: Path, patience: float = PATIENCE_SECONDS) -> None:
        """``folder``: where the file may be.

        Raises `DiskFull`, `OutputError`.
        """
        self._stream, self._folder, self._patience = stream, folder, patience
        self._grown = threading.Condition()
        self._copy = _Copy(folder)
        self._copies = [self._copy]
        """All of them: an older one may still be played."""
        self._whole: Optional[FileSource] = None
        self._failure: Optional[SonicError] = None
        self._complete = self._closed = False
        self._thread = threading.Thread(target=self._run, name="growing video", daemon=True)
        self._thread.start()

    def movie(self) -> Optional[Movie]:
        with self._grown:
            if self._whole is not None:
                return self._whole.movie()
            if self._failure is not None and not self._copy.index.fragments:
                raise self._failure
            fragmented = self._copy.index.movie is not None and self._copy.index.movie.fragmented
            return self._copy.index.movie if fragmented and self._copy.index.fragments else None

    def available(self) -> float:
        with self._grown:
            return self._whole.available() if self._whole is not None else self._copy.index.available

    def complete(self) -> bool:
        """Raises the `SonicError` because of which it will never be."""
        with self._grown:
            if self._failure is not None:
                raise self._failure
            return self._complete

    def open(self, seconds: float) -> Opened:
        with self._grown:
            if self._whole is not None:
                return self._whole.open(seconds)
            fragments = self._copy.index.fragments
            if not fragments:
                raise VideoUnplayable("nothing of it has come")
            first = max((n for n, fragment in enumerate(fragments) if fragment.start <= seconds), default=0)
            # The sound of a frame begins in the packet before it.
            first = max(first - 1, 0) if seconds - fragments[first].start < 0.1 else first
            return Opened([*AT_ONCE, "-f", "mp4", "-i", "pipe:0"], self._bytes(self._copy, first))

    def close(self) -> None:
        with self._grown:
            self._closed = True
            self._grown.notify_all()
        if threading.current_thread() is not self._thread:
            self._thread.join(STOP_SECONDS)
        with self._grown:
            for copy in self._copies:
                copy.close()

    # --- for ffmpeg ---------------------------------------------------------------------------------------------------

    def _bytes(self, copy: _Copy, first: int) -> Iterator[bytes]:
        """Head and fragments, each as soon as it is there; nothing, now and then, while it is waited for.

        To be left before `close`.
        """
        yield copy.read(0, copy.index.head_bytes)
        number = first
        while True:
            with self._grown:
                if len(copy.index.fragments) <= number and self._may_grow(copy):
                    self._grown.wait(SIGN_OF_LIFE_SECONDS)
                fragments = copy.index.fragments[number : number + 1]
                if not fragments and not self._may_grow(copy):
                    return
            if not fragments:
                yield b""
            for fragment in fragments:
                for start in range(fragment.first, fragment.last, BLOCK):
                    yield copy.read(start, min(start + BLOCK, fragment.last))
                number += 1

    def _may_grow(self, copy: _Copy) -> bool:
        ended = self._closed or self._complete or self._failure is not None
        return copy is self._copy and not ended

    # --- the thread ---------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        failure: Optional[SonicError] = None
        try:
            self._copy_all()
        except SonicError as error:
            failure = error
        except OSError as error:
            failure = _refusal(error)
        with self._grown:
            self._failure, self._complete = failure, failure is None
            self._grown.notify_all()

    def _copy_all(self) -> None:
        pause, deadline = FIRST_WAIT_SECONDS, time.monotonic() + self._patience
        while not self._closed:
            before = self._copy.size
            try:
                self._copy_once()
                return
            except EngineUnavailable:
                now = time.monotonic()
                if self._copy.size > before:
                    pause, deadline = FIRST_WAIT_SECONDS, now + self._patience
                if now + pause > deadline:
                    raise
            with self._grown:
                if not self._closed:
                    self._grown.wait(pause)
            pause = min(2 * pause, LONGEST_WAIT_SECONDS)

    def _copy_once(self) -> None:
        """To the end of the stream. Raises `EngineUnavailable` when it breaks off."""
        taken = 0
        anew: Optional[_Copy] = None
        for piece in self._stream():
            with self._grown:
                if self._closed:
                    return
                if anew is None and not self._copy.holds(taken, piece):
                    anew = self._begin_anew(taken)
                if anew is None:
                    self._copy.add(piece[max(self._copy.size - taken, 0) :])
                else:
                    anew.add(piece)
                self._grown.notify_all()
            taken += len(piece)
        with self._grown:
            if not self._closed:
                self._end(anew or self._copy)

    def _begin_anew(self, taken: int) -> _Copy:
        """A copy of other bytes, of which ours has the first ``taken`` too."""
        anew = _Copy(self._folder)
        self._copies.append(anew)
        for start in range(0, taken, BLOCK):
            anew.add(self._copy.read(start, min(start + BLOCK, taken)))
        return anew

    def _end(self, copy: _Copy) -> None:
        """The stream has come to its end."""
        if copy.index.movie is None:
            raise VideoUnplayable("the stream ended before its head")
        if not copy.index.movie.fragmented:
            self._whole = FileSource(copy.path)
        self._copy = copy


class _Copy:
    """A file without a name, so that nothing of it is left however the program ends; beside an index of it."""

    def __init__(self, folder: Path) -> None:
        """Raises `DiskFull`, `OutputError`."""
        self.index = FragmentIndex()
        self.size = 0
        self._open = True
        try:
            self._file = tempfile.TemporaryFile(dir=str(folder), buffering=0)
        except OSError as error:
            raise _refusal(error) from error

    @property
    def path(self) -> Path:
        """By which ffmpeg finds it."""
        return Path(f"/proc/{os.getpid()}/fd/{self._file.fileno()}")

    def add(self, data: bytes) -> None:
        """Raises OSError, `VideoUnplayable`."""
        left = memoryview(data)
        while left:
            written = os.pwrite(self._file.fileno(), left, self.size)
            self.size, left = self.size + written, left[written:]
        self.index.add(data)

    def read(self, first: int, last: int) -> bytes:
        """Empty once it is closed."""
        return os.pread(self._file.fileno(), last - first, first) if self._open else b""

    def holds(self, first: int, data: bytes) -> bool:
        """Whether nothing else is there, as far as there is anything."""
        known = min(max(self.size - first, 0), len(data))
        return self.read(first, first + known) == data[:known]

    def close(self) -> None:
        self._open = False
        self._file.close()


def _refusal(error: OSError) -> SonicError:
    return (DiskFull if error.errno in NO_SPACE else OutputError)(str(error.strerror))
