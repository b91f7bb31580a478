"""Scattered points → smooth field: radial basis functions (Hardy's multiquadric, 1971) with a constant, regularised."""

from __future__ import annotations

import numpy as np

STIFFNESS = 0.25
"""How far the field may miss a point for the sake of smoothness; mesh points are themselves a little off."""


def interpolate(points: np.ndarray, values: np.ndarray, targets: np.ndarray, softness: float) -> np.ndarray:
    """Values at ``targets`` of a smooth field through ``values`` at ``points``.

    ``points`` (n,2) and ``targets`` (m,2) px; ``values`` (n,c); ``softness`` px: rounding of the peaks.
    Returns float32 (m,c).
    """
    count = len(points)
    # Around their own middle, or the squares below would cost the last digits.
    middle = points.mean(0)
    points, targets = points - middle, targets - middle
    system = np.zeros((count + 1, count + 1))
    system[:count, :count] = -_distance(points.astype(np.float64), points.astype(np.float64), softness)
    system[np.arange(count), np.arange(count)] += STIFFNESS * softness
    system[:count, count] = system[count, :count] = 1
    weights = np.linalg.solve(system, np.vstack([values, np.zeros((1, values.shape[1]))])).astype(np.float32)
    field = _distance(targets.astype(np.float32), points.astype(np.float32), softness) @ -weights[:count]
    return field + weights[count]


def _distance(a: np.ndarray, b: np.ndarray, softness: float) -> np.ndarray:
    """(len a, len b): distances, rounded off near 0."""
    squared = a @ (-2 * b.T)  # in place from here on: it is as large as all else together
    squared += (a**2).sum(1)[:, None]
    squared += (b**2).sum(1)
    np.maximum(squared, 0, out=squared)
    squared += a.dtype.type(softness**2)
    return np.sqrt(squared, out=squared)
