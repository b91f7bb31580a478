"""A video in pieces of a few seconds: where they begin, what they are called, which are finished.

Put one after another, `HEAD` first, they are a fragmented MP4 that plays while it grows. A file is complete as soon as
it is there.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import List

from .files import write_synced

FRAMES = 96
"""3.84 s. Every length is a multiple of 8, after which AAC packets and video frames begin together again."""
BEGINNING = (16, 24, 40, 64)
"""Frames of the first ones: the sooner there is something to see. Each is made while those before it are watched."""
HEAD = "init.mp4"


@dataclass(frozen=True)
class Segment:
    """``frames`` frames from ``first_frame`` on."""

    index: int
    first_frame: int
    frames: int


def first_frame(index: int) -> int:
    """Of the segment of that number."""
    ramp = len(BEGINNING)
    return sum(BEGINNING[:index]) + max(index - ramp, 0) * FRAMES


def segment(index: int, frames: int) -> Segment:
    """The segment of that number in a video of ``frames`` frames."""
    start = first_frame(index)
    return Segment(index, start, min(first_frame(index + 1), frames) - start)


class SegmentFolder:
    """The finished segments of one video."""

    def __init__(self, path: Path) -> None:
        self.path = Path(path)

    @property
    def head(self) -> Path:
        return self.path / HEAD

    def file(self, index: int) -> Path:
        return self.path / f"{index:06d}.m4s"

    def finished(self) -> int:
        """How many segments there are, without a gap from the first on."""
        count = 0
        while self.head.exists() and self.file(count).exists():
            count += 1
        return count

    def files(self) -> List[Path]:
        """Head and segments, in order."""
        return [self.head, *(self.file(index) for index in range(self.finished()))]

    def keep(self, index: int, head: bytes, media: bytes) -> None:
        """Let a segment appear. Raises `DiskFull`, `OutputError`."""
        if index == 0:
            write_synced(self.head, head)
        write_synced(self.file(index), media)

    def clear_unfinished(self) -> None:
        """Remove what a killed run left half written."""
        for name in os.listdir(str(self.path)):
            if name.startswith("."):
                (self.path / name).unlink()
