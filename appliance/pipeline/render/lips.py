"""The mouth opening: how a photo's lips are shut, where the two layers differ, and which pixels belong to which."""

from __future__ import annotations

from typing import Tuple

import cv2
import numpy as np

from ..coefficients import INDEX
from ..face import topology as topo
from .geometry import lip_gaps, mouth_axes, parting, smoothstep, up_of

MOUTH_FADE = 0.10
"""Width, in face heights, of the band beside the mouth in which the layers become one."""

CLOSED_GAP = 0.03
"""A gap above this share of the face height is an open jaw, not parted lips."""

UPPER_SHARE = 0.35
"""Of the way to contact that the upper lip goes; the lower lip is the more mobile one."""

ROW_SHARE = (1.0, 0.8, 0.55, 0.3)
"""How much of the inner edge's closing motion each row of a lip makes, from the opening outwards."""

SMILE_KEPT = 0.5


def closing(
    points: np.ndarray, deltas: np.ndarray, height: float, expression: np.ndarray
) -> Tuple[np.ndarray, np.ndarray]:
    """Two motions (478,2): the first moves the lower lip a pixel towards the upper, the second shuts this mouth.

    ``deltas`` (32,478,2): video px by which each coefficient moves each point; ``expression`` (32,) of the photo.
    """
    up = up_of(points)
    close = np.zeros((len(points), 2), np.float32)
    for row, share in zip(topo.LOWER_ROWS, ROW_SHARE):
        close[list(row)] = share * up * _bell(len(row))[:, None]

    rest = np.zeros_like(close)
    for side in ("Left", "Right"):
        smile = float(np.clip(expression[INDEX["mouthSmile" + side]], 0, 1))
        rest -= (1 - SMILE_KEPT) * smile * deltas[INDEX["mouthSmile" + side]]
    jaw = deltas[INDEX["jawOpen"]]
    gaps = lip_gaps(points[:, :2] + rest)
    per_jaw = float(parting(jaw[None], up)[0])
    opened = max(0.0, gaps.max() - CLOSED_GAP * height) / max(per_jaw, 1e-3)
    rest -= opened * jaw
    gaps = np.maximum(lip_gaps(points[:, :2] + rest), 0)
    for upper_row, lower_row, share in zip(topo.UPPER_ROWS, topo.LOWER_ROWS, ROW_SHARE):
        rest[list(upper_row)] -= share * UPPER_SHARE * gaps[:, None] * up
        rest[list(lower_row)] += share * (1 - UPPER_SHARE) * gaps[:, None] * up
    return close, rest


def _bell(count: int) -> np.ndarray:
    return np.sin(np.pi * (np.arange(count) + 1) / (count + 1)) ** 0.5


def near_mouth(points: np.ndarray, height: float, targets: np.ndarray) -> np.ndarray:
    """Weight (m,): 1 around the mouth opening, where the layers part, 0 elsewhere, where they are one."""
    middle, along, down, half = mouth_axes(points)
    x, y = (targets - middle) @ along, (targets - middle) @ down
    fade = MOUTH_FADE * height
    beside = smoothstep(1 - (np.abs(x) - half) / fade)
    vertical = smoothstep((0.30 * height - np.abs(y)) / (0.12 * height))
    return (beside * vertical).astype(np.float32)


def layer_masks(
    points: np.ndarray, height: float, shape: Tuple[int, int]
) -> Tuple[np.ndarray, np.ndarray, Tuple[int, int, int, int]]:
    """Opacity of the two layers on the photo, float32 (h,w) each, and the box in which they differ from 1 and 0.

    The upper layer ends at the upper inner lip; beside the corners it fades out over the seam's extension. The lower
    layer is opaque but for what lies above its inner lip.
    """
    middle, along, down, half = mouth_axes(points)
    reach = half + MOUTH_FADE * height
    sides = [side * 1.25 * reach * along for side in (-1, 1)]
    corners = np.array([middle + side + y * height * down for side in sides for y in (-0.30, 0.38)])
    (x0, y0), (x1, y1) = np.floor(corners.min(0)).astype(int), np.ceil(corners.max(0)).astype(int)
    box = (max(0, int(x0)), max(0, int(y0)), min(shape[1], int(x1)), min(shape[0], int(y1)))
    ys, xs = np.mgrid[box[1] : box[3], box[0] : box[2]].astype(np.float32)
    pixels = np.stack([xs, ys], -1) - middle
    x, y = pixels @ along, pixels @ down

    def edge(row: Tuple[int, ...]) -> np.ndarray:
        """The lip's inner edge as a height over ``x``, straight on beyond the corners."""
        curve = points[list(row), :2] - middle
        return np.interp(x, curve @ along, curve @ down).astype(np.float32)

    soft = max(1.0, 0.004 * height)
    upper_edge, lower_edge = edge(topo.UPPER_INNER), edge(topo.LOWER_INNER)
    if float(lip_gaps(points).max()) > 0.01 * height:
        # The mesh lets a rim of tooth belong to the lips.
        upper_edge, lower_edge = upper_edge - 0.6 * soft, lower_edge + 0.6 * soft
    # Sharp at the lips, ever softer beyond the corners, where both layers show the same skin.
    beyond = np.clip((np.abs(x) - half) / (MOUTH_FADE * height), 0, 1)
    width = soft + beyond * 0.08 * height
    upper = np.clip(0.5 - (y - upper_edge) / width, 0, 1)
    upper = np.maximum(upper, smoothstep(1.4 * beyond - 0.4))
    upper = np.maximum(upper, smoothstep((y - 0.26 * height) / (0.1 * height)))
    # Beyond the corners nothing may show through: the lower layer is whole wherever the upper one begins to fade.
    lower = np.clip(0.5 + np.minimum(beyond * 8, 1) + (y - lower_edge) / width, 0, 1)
    full_upper, full_lower = np.ones(shape, np.float32), np.ones(shape, np.float32)
    full_upper[box[1] : box[3], box[0] : box[2]] = upper
    full_lower[box[1] : box[3], box[0] : box[2]] = lower
    return cv2.GaussianBlur(full_upper, (0, 0), 0.5), cv2.GaussianBlur(full_lower, (0, 0), 0.5), box
