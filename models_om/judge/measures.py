"""What is measured: plain functions of curves at 25 fps."""

from __future__ import annotations

from typing import Tuple

import numpy as np

LARGEST_LAG = 5
"""Frames; the search for the lag goes no further."""


def fitted(ours: np.ndarray, theirs: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Both cut to the shorter."""
    count = min(len(ours), len(theirs))
    return ours[:count], theirs[:count]


def correlation(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Pearson's r over the frames both have; 0 where one does not move."""
    a, b = fitted(ours, theirs)
    if a.std() < 1e-9 or b.std() < 1e-9:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


def best_lag(ours: np.ndarray, theirs: np.ndarray, reach: int = LARGEST_LAG) -> int:
    """Frames by which ``ours`` is late (negative: early) where the two agree best."""
    ours, theirs = fitted(ours, theirs)
    inner = slice(reach, len(ours) - reach)
    scores = {lag: correlation(np.roll(ours, -lag)[inner], theirs[inner]) for lag in range(-reach, reach + 1)}
    return max(scores, key=lambda lag: scores[lag])


def unit(curve: np.ndarray) -> np.ndarray:
    """Scaled to mean 0 and deviation 1: r does not see the scale either."""
    return (curve - curve.mean()) / max(float(curve.std()), 1e-9)
