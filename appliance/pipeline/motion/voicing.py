"""When the mouth may move: the voice activity of a recording as a smooth gate over its video frames."""

from __future__ import annotations

from typing import List, Tuple

import numpy as np

from ...settings import FRAME_RATE

STARTS = 0.5
GOES_ON = 0.25
"""Speech probability at which speech starts, and above which it goes on (hysteresis)."""
SHORTEST_PAUSE = 0.3
"""Seconds; shorter ones belong to the speech: stops, breaths, hesitations."""
BEFORE = 6
AFTER = 4
"""Frames by which the mouth is free before the voice starts and after it ends: lips prepare a sound ahead of it, and a
detector of voices hears the burst of a final stop late or not at all. GRID's s1 parts his lips a third of a second
before the first sound: r of his jaw is 0.84 with 4 frames before it, 0.87 with 6, 0.89 with 8; s31 does not, and loses
as much at 8."""
RAMP = 4
"""Frames over which the gate opens before that, and shuts after it."""


REACH = 24
"""Frames: how far the gate looks, more than pause, lead and ramp together. What lies further away does not matter."""


class MouthGate:
    """1 while the mouth may move, 0 in pauses, as far as the voice of a recording is known."""

    def __init__(self) -> None:
        self._spoken = bytearray()
        self._speaking = False

    def hear(self, voice: np.ndarray) -> None:
        """Speech probability (frames,) of all frames known so far; those that are new are looked at."""
        for probability in voice[len(self._spoken) :]:
            self._speaking = bool(probability >= (GOES_ON if self._speaking else STARTS))
            self._spoken.append(self._speaking)

    def values(self, first: int, count: int, complete: bool) -> np.ndarray:
        """float32 (count,) for frames ``first ..``; frames beyond the end are 0.

        Unless the recording is ``complete``, `REACH` frames after them must be known. A frame at either end of the
        video is 0: a video starts and ends at rest.
        """
        start, known = max(first - REACH, 0), len(self._spoken)
        spoken = np.frombuffer(bytes(self._spoken[start : first + count + REACH]), dtype=np.uint8)
        gate = np.zeros(first + count + REACH - start, np.float32)
        gate[: len(spoken)] = _opened(spoken)
        at = np.arange(start, first + count + REACH)
        ends = np.minimum(at, known - 1 - at) if complete else at
        return np.minimum(gate, np.clip(ends / 3.0, 0, 1)).astype(np.float32)[first - start : first - start + count]


def mouth_gate(voice: np.ndarray) -> np.ndarray:
    """The gate of a whole recording: float32 (frames,) of speech probability (frames,)."""
    gate = MouthGate()
    gate.hear(voice)
    return gate.values(0, len(voice), complete=True)


def _opened(spoken: np.ndarray) -> np.ndarray:
    """0..1 for each frame of a stretch of frames with (1) and without speech (0)."""
    gate = np.zeros(len(spoken), np.float32)
    fade = (1 - np.cos(np.pi * np.arange(1, RAMP) / RAMP)) / 2
    shape_up, shape_down = fade, fade[::-1]
    for start, end in _joined(_stretches(spoken), int(round(SHORTEST_PAUSE * FRAME_RATE))):
        first, last = start - BEFORE, end + AFTER
        gate[max(first, 0) : last] = 1
        for offset, value in enumerate(shape_up):
            _raise(gate, first - len(shape_up) + offset, value)
        for offset, value in enumerate(shape_down):
            _raise(gate, last + offset, value)
    return gate


def _stretches(spoken: np.ndarray) -> List[Tuple[int, int]]:
    """First frame and end of each stretch of speech."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], spoken.astype(np.int8), [0]))))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist()))


def _joined(stretches: List[Tuple[int, int]], pause: int) -> List[Tuple[int, int]]:
    """Stretches with fewer than ``pause`` frames between them as one."""
    joined: List[Tuple[int, int]] = []
    for start, end in stretches:
        if joined and start - joined[-1][1] < pause:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def _raise(gate: np.ndarray, frame: int, value: float) -> None:
    if 0 <= frame < len(gate):
        gate[frame] = max(gate[frame], value)
