"""Scattered points → smooth field: radial basis functions (Hardy's multiquadric, 1971)."""

from __future__ import annotations

import numpy as np


def interpolate(points: np.ndarray, values: np.ndarray, targets: np.ndarray, softness: float) -> np.ndarray:
    """Values at ``targets`` of the smoothest field through ``values`` at ``points``.

    ``points`` (n,2) and ``targets`` (m,2) px; ``values`` (n,c); ``softness`` px: rounding of the peaks.
    Returns float32 (m,c). The field tends to a constant far away, so that anchors with value 0 keep it quiet there.
    """
    kernel = _multiquadric(points, points, softness)
    kernel[np.diag_indices_from(kernel)] += 1e-3 * softness  # nearly coincident points would make it singular
    weights = np.linalg.solve(kernel.astype(np.float64), values.astype(np.float64)).astype(np.float32)
    return _multiquadric(targets, points, softness) @ weights


def _multiquadric(a: np.ndarray, b: np.ndarray, softness: float) -> np.ndarray:
    a, b = a.astype(np.float32), b.astype(np.float32)
    squared = (a**2).sum(1)[:, None] + (b**2).sum(1)[None, :] - 2.0 * (a @ b.T)
    return np.sqrt(np.maximum(squared, 0) + np.float32(softness**2))
