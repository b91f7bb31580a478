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


def mouth_gate(voice: np.ndarray) -> np.ndarray:
    """1 while the mouth may move, 0 in pauses: float32 (frames,) of speech probability (frames,).

    A frame at either end of the video is 0: a video starts and ends at rest.
    """
    frames = len(voice)
    gate = np.zeros(frames, np.float32)
    fade = (1 - np.cos(np.pi * np.arange(1, RAMP) / RAMP)) / 2
    shape_up, shape_down = fade, fade[::-1]
    for start, end in _joined(_spoken(voice), int(round(SHORTEST_PAUSE * FRAME_RATE))):
        first, last = start - BEFORE, end + AFTER
        gate[max(first, 0) : last] = 1
        for offset, value in enumerate(shape_up):
            _raise(gate, first - len(shape_up) + offset, value)
        for offset, value in enumerate(shape_down):
            _raise(gate, last + offset, value)
    ends = np.minimum(np.arange(frames), np.arange(frames)[::-1]) / 3.0
    return np.minimum(gate, np.clip(ends, 0, 1)).astype(np.float32)


def _spoken(voice: np.ndarray) -> List[Tuple[int, int]]:
    """Stretches (first, end) of speech, by hysteresis."""
    stretches: List[Tuple[int, int]] = []
    speaking, start = False, 0
    for frame, probability in enumerate(voice):
        if not speaking and probability >= STARTS:
            speaking, start = True, frame
        elif speaking and probability < GOES_ON:
            speaking = False
            stretches.append((start, frame))
    if speaking:
        stretches.append((start, len(voice)))
    return stretches


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
