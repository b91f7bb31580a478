"""Motions of mesh points → displacement fields on the grid, quiet where the picture must stay."""

from __future__ import annotations

from typing import Set, Tuple

import numpy as np

from ..face import topology as topo
from .geometry import BOX_ABOVE, BOX_BESIDE, reach_of, smoothstep, up_of
from .interpolation import interpolate

GRID = 160

# Shares of the face height (forehead to chin).
NECK_REACH = 0.24
SIDE_REACH = 0.16
HAIR_ABOVE, NECK_BELOW = 0.30, 0.28
RIM = 0.12
GHOST_ROWS = (0.03, 0.07, 0.12)


def grid_over(box: Tuple[int, int, int, int]) -> np.ndarray:
    """Centres of the grid's cells, float32 (GRID,GRID,2) video px."""
    x0, y0, x1, y1 = box
    xs = x0 + (np.arange(GRID) + 0.5) * (x1 - x0) / GRID - 0.5
    ys = y0 + (np.arange(GRID) + 0.5) * (y1 - y0) / GRID - 0.5
    return np.stack(np.meshgrid(xs, ys), -1).astype(np.float32)


def all_but(without: Set[int]) -> np.ndarray:
    return np.array([point for point in range(468) if point not in without])


def spread(
    points: np.ndarray,
    motions: np.ndarray,
    chosen: np.ndarray,
    height: float,
    targets: np.ndarray,
    ghosts: Tuple[str, float] = ("", 0.0),
) -> np.ndarray:
    """Motions (n,478,2) of the chosen points spread over targets (m,2) px → (m,n,2).

    Anchors around the face keep neck and background still. Ghosts repeat the inner edge's motion on the far side of the
    opening: the layer goes on there instead of turning back, which is what lets it be inverted.
    """
    places = [points[chosen, :2]]
    values = [motions[:, chosen]]
    anchors = _anchors(points, height)
    places.append(anchors)
    values.append(np.zeros((len(motions), len(anchors), 2)))
    lip, direction = ghosts
    if lip:
        edge = list((topo.UPPER_ROWS if lip == "upper" else topo.LOWER_ROWS)[0][1:-1])
        crossed = set(topo.LOWER_LIP if lip == "upper" else topo.UPPER_LIP)
        replaced = np.array([point not in crossed for point in chosen])
        places[0], values[0] = places[0][replaced], values[0][:, replaced]
        for distance in GHOST_ROWS:
            shifted = points[edge, :2] - direction * distance * height * up_of(points)
            keep = slice(1, -1) if distance > GHOST_ROWS[0] else slice(None)
            places.append(shifted[keep])
            values.append(motions[:, edge][:, keep])
        places, values = _without_shadowed(places, values, height)
    stacked = np.concatenate(values, 1).transpose(1, 0, 2).reshape(-1, 2 * len(motions))
    field = interpolate(np.concatenate(places), stacked, targets, softness=0.012 * height)
    return field.reshape(len(targets), len(motions), 2)


def _without_shadowed(places: list, values: list, height: float) -> Tuple[list, list]:
    """Real points that lie among the ghosts would contradict them: leave them out."""
    ghosts = np.concatenate(places[2:])
    distance = np.linalg.norm(places[0][:, None] - ghosts[None], axis=2).min(1)
    edge = np.linalg.norm(places[0][:, None] - places[2][None], axis=2).min(1)
    keep = (distance > 0.02 * height) | (edge > GHOST_ROWS[-1] * height)
    return [places[0][keep], *places[1:]], [values[0][:, keep], *values[1:]]


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
