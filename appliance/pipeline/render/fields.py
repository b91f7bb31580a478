"""Motions of mesh points → displacement fields on the grid, quiet where the picture must stay."""

from __future__ import annotations

from typing import List, NamedTuple, Sequence, Set, Tuple

import numpy as np

from ..face import topology as topo
from .geometry import BOX_ABOVE, BOX_BESIDE, face_height, reach_of, smoothstep, up_of
from .interpolation import interpolate

GRID = 160
"""Cells along the longer side of what moves, about: cells are whole pixels."""

# Shares of the face height (forehead to chin).
NECK_REACH, SIDE_REACH = 0.24, 0.16
"""How far from the face, below the chin and beside the cheeks, the skin has come to rest."""

HAIR_ABOVE, NECK_BELOW = 0.30, 0.28
"""How far above and below the face the head pose is felt in full, and is gone."""

RIM = 0.12
"""Width of the rim over which all motion ends."""

GHOST_ROWS = (0.03, 0.07, 0.12)
"""How far beyond its own edge a lip's motion is repeated."""


class Lip(NamedTuple):
    """What makes a layer.

    ``edge``: the row it ends at. ``other``: the points of the other lip, which it ignores. ``beyond``: +1 if it goes on
    upwards past its edge, -1 if downwards.
    """

    edge: Sequence[int]
    other: Sequence[int]
    beyond: float


UPPER_LAYER = Lip(topo.UPPER_ROWS[0], topo.LOWER_LIP, -1.0)
LOWER_LAYER = Lip(topo.LOWER_ROWS[0], topo.UPPER_LIP, 1.0)


def cell_of(box: Tuple[int, int, int, int]) -> int:
    """Side of the grid's cells, px."""
    x0, y0, x1, y1 = box
    return max(1, round(max(x1 - x0, y1 - y0) / GRID))


def grid_over(box: Tuple[int, int, int, int]) -> np.ndarray:
    """Centres of the grid's cells, float32 (rows,columns,2) video px; the last ones may reach beyond the box."""
    x0, y0, x1, y1 = box
    cell = cell_of(box)
    xs, ys = (np.arange(low, high, cell) + (cell - 1) / 2 for low, high in ((x0, x1), (y0, y1)))
    return np.stack(np.meshgrid(xs, ys), -1).astype(np.float32)


def shared_field(points: np.ndarray, motions: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Motions (n,478,2) spread over targets (m,2) px → (m,n,2), for where the layers are one.

    The opening's own edges lie on each other and go apart: they belong to the layers alone.
    """
    edges = {point for rows in (topo.UPPER_ROWS, topo.LOWER_ROWS) for row in rows[:2] for point in row}
    chosen = _all_but(edges)
    return _spread(points, [points[chosen, :2]], [motions[:, chosen]], targets)


def layer_field(points: np.ndarray, motions: np.ndarray, targets: np.ndarray, lip: Lip) -> np.ndarray:
    """Motions (n,478,2) of one lip's side spread over targets (m,2) px → (m,n,2).

    Ghosts repeat the edge's motion on the far side of the opening: there the layer goes on instead of turning back,
    which is what lets it be inverted.
    """
    chosen = _all_but(set(lip.other))
    edge = list(lip.edge[1:-1])
    places, values = [points[chosen, :2]], [motions[:, chosen]]
    for distance in GHOST_ROWS:
        keep = slice(1, -1) if distance > GHOST_ROWS[0] else slice(None)
        shift = lip.beyond * distance * face_height(points) * up_of(points)
        places.append((points[edge, :2] + shift)[keep])
        values.append(motions[:, edge][:, keep])
    real = _unshadowed(places, face_height(points))
    places[0], values[0] = places[0][real], values[0][:, real]
    return _spread(points, places, values, targets)


def _all_but(without: Set[int]) -> np.ndarray:
    return np.array([point for point in range(468) if point not in without])


def _unshadowed(places: List[np.ndarray], height: float) -> np.ndarray:
    """Which of the real points, ``places[0]``, to keep: those among the ghosts that follow would contradict them."""
    ghosts = np.concatenate(places[1:])
    distance = np.linalg.norm(places[0][:, None] - ghosts[None], axis=2).min(1)
    edge = np.linalg.norm(places[0][:, None] - places[1][None], axis=2).min(1)
    return (distance > 0.02 * height) | (edge > GHOST_ROWS[-1] * height)


def _spread(
    points: np.ndarray, places: List[np.ndarray], values: List[np.ndarray], targets: np.ndarray
) -> np.ndarray:
    """Values (n,k,2) at places (k,2), and stillness at anchors around the face, spread over targets (m,2) → (m,n,2)."""
    anchors, count = _anchors(points, face_height(points)), len(values[0])
    known = np.concatenate([*values, np.zeros((count, len(anchors), 2))], 1).transpose(1, 0, 2).reshape(-1, 2 * count)
    field = interpolate(np.concatenate([*places, anchors]), known, targets, softness=0.012 * face_height(points))
    return field.reshape(len(targets), count, 2)


def _anchors(points: np.ndarray, height: float) -> np.ndarray:
    """Points around the face that stay; farthest below the chin, where the skin gives."""
    oval = points[list(topo.FACE_OVAL), :2]
    outward = oval - oval.mean(0)
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    below = np.clip(-outward @ up_of(points), 0, 1)[:, None]
    reach = height * (SIDE_REACH + (NECK_REACH - SIDE_REACH) * below)
    return np.concatenate([oval + outward * reach * times for times in (1.0, 1.6, 2.6)])


def windows(points: np.ndarray, height: float, targets: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Two weights (m,), 0 where the picture must stay: of the head pose (head and hair) and of the expressions."""
    up = up_of(points)
    right = np.array([-up[1], up[0]])
    oval = points[list(topo.FACE_OVAL), :2]
    centre = (oval.max(0) + oval.min(0)) / 2
    half_width = np.ptp(oval @ right) / 2
    across, along = (targets - centre) @ right, (targets - centre) @ up
    beside = smoothstep((half_width + BOX_BESIDE * height * 0.85 - np.abs(across)) / (BOX_BESIDE * height * 0.65))
    top = height / 2 + BOX_ABOVE * height * 0.92
    above = smoothstep((top - along) / ((BOX_ABOVE - HAIR_ABOVE) * height))
    below = smoothstep((along + height / 2 + NECK_BELOW * height) / ((NECK_BELOW + 0.04) * height))
    low, high = reach_of(points, height)
    rim = np.minimum(targets - low, high - targets).min(1)
    edge = smoothstep(rim / (RIM * height))
    return (beside * above * below * edge).astype(np.float32), edge.astype(np.float32)


def pose_fields(points: np.ndarray, height: float, targets: np.ndarray) -> np.ndarray:
    """(m,6,2): displacement per degree of pitch, yaw and roll, per face height of shift, per unit of scale."""
    anchors = _anchors(points, height)
    places = np.concatenate([points[:468, :2], anchors])
    back = points[list(topo.FACE_OVAL), 2].min()
    depths = np.concatenate([points[:468, 2], np.full(len(anchors), back)])[:, None]
    depth = interpolate(places, depths - back, targets, softness=0.05 * height)[:, 0] + back
    pivot = points[topo.CHIN, :2] - 0.15 * height * up_of(points)
    offset = targets - pivot
    degree = np.pi / 180
    zero = np.zeros(len(targets), np.float32)
    fields = np.stack(
        [
            np.stack([zero, depth * degree], 1),
            np.stack([depth * degree, zero], 1),
            np.stack([-offset[:, 1], offset[:, 0]], 1) * degree,
            np.stack([zero + height, zero], 1),
            np.stack([zero, zero + height], 1),
            offset,
        ],
        1,
    )
    return fields.astype(np.float32)
