"""Where a lecture can be entered: after its long pauses, at lengths that help. Plain functions, no clock, no file."""

from __future__ import annotations

from typing import List, Optional, Sequence

import numpy as np

from ...settings import FRAME_RATE

SHORTEST_SECONDS, LONGEST_SECONDS = 60.0, 300.0
"""Of a chapter. An hour has 12 to 60 of them, in practice some twenty."""
PAUSE_SECONDS = 0.6
"""Between two sentences; a shorter one is a breath."""
LEAD_SECONDS = 0.2
"""Before the first word of a chapter."""
VOICED = 0.5
"""Probability of speech from which on somebody speaks."""


class Chapters:
    """Found while the lecture is heard; what was found once stays."""

    def __init__(self) -> None:
        self.starts: List[float] = [0.0]
        """Seconds."""

    def hear(self, voice: np.ndarray, complete: bool) -> bool:
        """Whether there are new ones. ``voice``: probability of speech in each frame heard so far, float (n,), at
        `FRAME_RATE`; ``complete``: there will be no more."""
        known = len(self.starts)
        while True:
            start = _next(voice, self.starts[-1], complete)
            if start is None:
                return len(self.starts) > known
            self.starts.append(start)


def chapter_at(starts: Sequence[float], seconds: float) -> int:
    """Number of the chapter of that moment, from 0."""
    return max(int(np.searchsorted(np.asarray(starts), seconds, side="right")) - 1, 0)


def _next(voice: np.ndarray, start: float, complete: bool) -> Optional[float]:
    """Start of the chapter after the one that begins at ``start``; None where nobody can say yet, or there is none."""
    shortest, longest = int(SHORTEST_SECONDS * FRAME_RATE), int(LONGEST_SECONDS * FRAME_RATE)
    begin = int(start * FRAME_RATE)
    first, last = begin + shortest, begin + longest
    if len(voice) < last + shortest and not complete:
        return None
    last = min(last, len(voice) - shortest)
    if last <= first:
        return None  # the rest is one chapter
    silent = np.concatenate(([False], voice[first:last] < VOICED, [False])).astype(np.int8)
    begins, ends = np.flatnonzero(np.diff(silent) == 1), np.flatnonzero(np.diff(silent) == -1)
    if len(begins) and (ends - begins).max() >= PAUSE_SECONDS * FRAME_RATE:
        end = float(first + ends[int(np.argmax(ends - begins))]) / FRAME_RATE
        return end - LEAD_SECONDS
    # Nobody drew breath: better a cut in the middle than a chapter without end.
    return last / FRAME_RATE if last == begin + longest else None
