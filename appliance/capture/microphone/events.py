"""What a recorder tells."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Optional, Union

from ...errors import SonicError


@dataclass(frozen=True)
class Heard:
    """Some twenty times a second, as long as there is sound. ``peak`` and ``loudness`` (RMS): of the last moment, in
    dB of full scale, at least -90. ``warning``: "clipping", "quiet" or "". ``seconds``: recorded so far, 0 while
    nothing is recorded. ``silence``: seconds since somebody spoke last, 0 before anybody did.
    """

    peak: float
    loudness: float
    warning: str
    seconds: float
    silence: float


@dataclass(frozen=True)
class Recorded:
    """A recording is complete. ``reason``: why it ended; "finished" (by `Recorder.finish`), "silence", "limit", or
    "lost" when the microphone is gone, which a `Failed` tells next."""

    path: Path
    seconds: float
    reason: str


@dataclass(frozen=True)
class Failed:
    """A recording will not be (``path``, for any reason), or the microphone does not work (a `MicrophoneError`), which
    is told once however long it lasts, and again for each recording that is wanted meanwhile."""

    error: SonicError
    path: Optional[Path] = None


@dataclass(frozen=True)
class Recovered:
    """There is sound again, after a microphone that did not work."""


Event = Union[Heard, Recorded, Failed, Recovered]
