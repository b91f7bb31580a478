"""The video of a visit, for whoever plays it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Iterator, Optional

Stream = Iterator[bytes]


@dataclass(frozen=True)
class VideoSource:
    """``path``: the finished video, among the visit's private files; None while it is still being made.

    ``stream``: the video as it grows, a fragmented MP4 in pieces of bytes; blocks until the next piece is there, so call
    and read it in a thread. It raises `SonicError`, `EngineUnavailable` when it is cut off; it ends early, with the same
    error, when the visit does.
    """

    path: Optional[Path]
    stream: Callable[[], Stream]
