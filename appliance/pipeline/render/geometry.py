"""Measures of a face on the picture; ``points`` are always the mesh, float32 (478,3) video px."""

from __future__ import annotations

from typing import Tuple

import numpy as np

from ..face import topology as topo

BOX_ABOVE, BOX_BELOW, BOX_BESIDE = 0.55, 0.42, 0.42
"""How far beyond the mesh anything moves, in face heights."""

CORNER_SHARE = 0.45
"""Where the mouth's opening ends, between the inner and the outer corner of the lips."""


def face_height(points: np.ndarray) -> float:
    return float(np.linalg.norm(points[topo.FOREHEAD, :2] - points[topo.CHIN, :2]))


def up_of(points: np.ndarray) -> np.ndarray:
    """Unit vector (2,) from chin to forehead on the picture."""
    up = points[topo.FOREHEAD, :2] - points[topo.CHIN, :2]
    return up / np.linalg.norm(up)


def moving_box(points: np.ndarray, shape: Tuple[int, ...]) -> Tuple[int, int, int, int]:
    """Pixels (x0, y0, x1, y1) of a picture of ``shape`` that the motion of a face, mesh (478,3) video px, can touch."""
    low, high = reach_of(points, face_height(points))
    (x0, y0), (x1, y1) = np.floor(low).astype(int), np.ceil(high).astype(int)
    return (max(0, int(x0)), max(0, int(y0)), min(shape[1], int(x1)), min(shape[0], int(y1)))


def reach_of(points: np.ndarray, height: float) -> Tuple[np.ndarray, np.ndarray]:
    """Corners (2,) of what can move, be it in the picture or not."""
    low, high = points[:, :2].min(0), points[:, :2].max(0)
    return low - height * np.array([BOX_BESIDE, BOX_ABOVE]), high + height * np.array([BOX_BESIDE, BOX_BELOW])


def mouth_axes(points: np.ndarray) -> Tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Middle of the seam, unit vectors along the mouth and downwards, half the inner width."""
    # The dark of a smile's corners reaches farther than the mesh's inner contour.
    inner, outer = points[list(topo.INNER_CORNERS), :2], points[list(topo.MOUTH_CORNERS), :2]
    left, right = inner + CORNER_SHARE * (outer - inner)
    along = (right - left) / np.linalg.norm(right - left)
    return (left + right) / 2, along, np.array([-along[1], along[0]]), float(np.linalg.norm(right - left) / 2)


def lip_gaps(points: np.ndarray) -> np.ndarray:
    """Opening (9,) px between opposite points of the inner lips."""
    up = up_of(points)
    return (points[list(topo.UPPER_ROWS[0]), :2] - points[list(topo.LOWER_ROWS[0]), :2]) @ up


def parting(motions: np.ndarray, up: np.ndarray) -> np.ndarray:
    """(n,) px by which each motion (n,478,2) parts the middle of the lips."""
    upper, lower = list(topo.UPPER_ROWS[0]), list(topo.LOWER_ROWS[0])
    return ((motions[:, upper] - motions[:, lower]) @ up)[:, 3:6].mean(1)


def smoothstep(value: np.ndarray) -> np.ndarray:
    value = np.clip(value, 0, 1)
    return value * value * (3 - 2 * value)
