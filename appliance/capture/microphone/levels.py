"""How loud it is, and whether that is too loud or too quiet."""

from __future__ import annotations

import math
from typing import Tuple

import numpy as np

FLOOR = -90.0
"""dB of full scale, what silence is said to have; below it 16 bits hold nothing."""

FULL_SCALE = 32_700
"""Samples beyond are taken for cut off; converters do not always reach 32,767."""
CUT_OFF = 3
"""So many of them within one block are audible; one alone is a click."""
CLIPPING_SECONDS = 2.0
"""How long that is said after the last of them, so that it can be read."""

QUIET, LOUD_ENOUGH = -45.0, -40.0
"""dB of full scale (RMS) of a voice: below the first it is too quiet, until it is above the second."""
MUTED = -72.0
"""dB of full scale: an open microphone in a quiet room gives more, so a voice would not be heard either."""
DECAY = 6.0
"""dB a second by which the loudness of the voice is forgotten; the pauses between words must not count."""


def level(samples: np.ndarray) -> Tuple[float, float]:
    """Peak and RMS of int16 (n,) samples in dB of full scale, `FLOOR` .. 0."""
    sound = samples.astype(np.float64)
    return _decibels(float(np.abs(sound).max())), _decibels(math.sqrt(float(np.mean(sound * sound))))


def _decibels(amplitude: float) -> float:
    return max(20 * math.log10(amplitude / 32_768), FLOOR) if amplitude > 0 else FLOOR


class Judge:
    """Says what is wrong with the level: "clipping", "quiet" or ""."""

    def __init__(self) -> None:
        self._clipping = 0.0
        self._voice = LOUD_ENOUGH + DECAY
        """Loudness, dB; at first nobody is blamed for a moment."""
        self._quiet = False

    def judge(self, samples: np.ndarray, loudness: float, seconds: float, voiced: bool) -> str:
        """``loudness``: of these samples, dB. ``seconds``: how long they are. ``voiced``: somebody speaks in them."""
        cut_off = int(np.count_nonzero((samples >= FULL_SCALE) | (samples <= -FULL_SCALE)))
        self._clipping = CLIPPING_SECONDS if cut_off >= CUT_OFF else self._clipping - seconds
        if voiced or loudness < MUTED:
            self._voice = max(loudness, self._voice - DECAY * seconds)
            self._quiet = self._voice < (LOUD_ENOUGH if self._quiet else QUIET)
        if self._clipping > 0:
            return "clipping"
        return "quiet" if self._quiet else ""
