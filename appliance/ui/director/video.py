"""The video of a visit, for whoever plays it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Iterator, Optional


@dataclass(frozen=True)
class VideoSource:
    """``path``: the finished video, among the visit's private files; None while it is still being made.

    ``stream``: the video as it grows, a fragmented MP4 in pieces. It blocks until the next piece is there, so call and
    read it in a thread. Raises what `EngineClient.stream` raises, `EngineUnavailable` also when the visit ends.
    """

    path: Optional[Path]
    stream: Callable[[], Iterator[bytes]]
