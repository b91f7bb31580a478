"""Where a player takes a video from: the finished file, or one that is still growing."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Iterator, Optional, Sequence, Type

from ...errors import OutputError, VideoUnplayable
from ...pipeline.ffmpeg import input_file
from .movie import FragmentIndex, Movie

BLOCK = 1 << 20
LEAD_SECONDS = 0.5
"""Decoded before the moment asked for: the sound needs the packet before it."""


@dataclass(frozen=True)
class Opened:
    """What ffmpeg reads from some moment on: its arguments, and the bytes to feed it where it does not read a file.

    The times in it are those of the whole video.
    """

    arguments: Sequence[str]
    bytes: Optional[Iterator[bytes]] = None


class Source(ABC):
    """Any thread may ask."""

    @abstractmethod
    def movie(self) -> Optional[Movie]:
        """None as long as nothing is known. Raises the `SonicError` because of which there will be no more."""

    @abstractmethod
    def available(self) -> float:
        """Seconds that can be shown now."""

    @abstractmethod
    def complete(self) -> bool:
        """It will not grow any more."""

    @abstractmethod
    def open(self, seconds: float) -> Opened:
        """From a moment before `available` on, or a little before it. Raises `VideoUnplayable`."""

    @abstractmethod
    def close(self) -> None:
        """Within a second; whoever waits in bytes of `open` comes to their end. May be called twice."""

    def __enter__(self) -> Source:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], *_: object) -> None:
        self.close()


class FileSource(Source):
    """A finished video."""

    def __init__(self, path: Path) -> None:
        """Raises `VideoUnplayable`; `OutputError` where the file cannot be read."""
        self._path = path
        try:
            with open(str(path), "rb") as file:
                self._movie = _movie_in(file)
        except OSError as error:
            raise OutputError(str(error.strerror), message="The video cannot be read.") from error

    def movie(self) -> Movie:
        return self._movie

    def available(self) -> float:
        return self._movie.duration

    def complete(self) -> bool:
        return True

    def open(self, seconds: float) -> Opened:
        from_second = max(seconds - LEAD_SECONDS, 0.0)
        return Opened(["-ss", f"{from_second:.3f}", "-f", "mp4", *input_file(self._path)])

    def close(self) -> None:
        pass


def _movie_in(file: BinaryIO) -> Movie:
    """Raises `VideoUnplayable`."""
    index = FragmentIndex()
    while index.movie is None:
        block = file.read(BLOCK)
        if not block:
            raise VideoUnplayable("no moov")
        index.add(block)
        index.skip(file)
    return index.movie
