"""Blinks: the upper lid slides down over the eye, as a map of columns on the photo.

Along every column, the skin from below the brow to the lashes is stretched, the lashes move as they are, and the eye
behind stays where it is and is covered. The lower lid rises a little to meet the upper one.
"""

from __future__ import annotations

from typing import Sequence, Tuple

import numpy as np

from ..face import topology as topo

LOWER_LID_SHARE = 0.12

# In openings of the eye.
SKIN_ABOVE, SKIN_BELOW = 1.05, 0.6
"""How far above and below the lids the skin gives; the brow stays."""

LEAST_SKIN = 0.25
"""Of what there is between brow and lashes, however low the brow."""

RIM = 0.08
LASHES = 0.28
"""Height of the lashes above the upper lid's edge: they are moved, not stretched."""

SOFT = 1.5
"""Width of the lids' edges, px."""


class Eyelid:
    """One eye of a photo: ``points`` (478,3) video px, ``turn`` (2,2) from video px to a level face."""

    def __init__(
        self, points: np.ndarray, turn: np.ndarray, upper: Sequence[int], lower: Sequence[int], brow: Sequence[int]
    ) -> None:
        self._turn = turn
        self._upper = _left_to_right(points[list(upper), :2] @ turn.T)
        self._lower = _left_to_right(points[list(lower), :2] @ turn.T)
        self._brow = _left_to_right(points[list(brow), :2] @ turn.T)
        self._opening = float((self._lower[:, 1] - self._upper[:, 1]).max())

    @property
    def opening(self) -> float:
        """Greatest distance of the lids, px."""
        return self._opening

    def box(self, margin: float) -> Tuple[int, int, int, int]:
        """Pixels (x0, y0, x1, y1) that a blink can touch, with room for head motion of ``margin`` px."""
        reach = self._opening * (1 + SKIN_ABOVE) + margin
        corners = np.concatenate([self._upper, self._lower]) @ self._turn
        low, high = np.floor(corners.min(0) - reach).astype(int), np.ceil(corners.max(0) + reach).astype(int)
        return (int(low[0]), int(low[1]), int(high[0]), int(high[1]))

    def shut(self, source: np.ndarray, amount: float) -> Tuple[np.ndarray, np.ndarray]:
        """The lids over the eye, shut by ``amount`` 0..1, for source positions (h,w,2).

        Returns where the lids' skin comes from, float32 (h,w,2), and float32 (h,w) how much of the eye is seen instead.
        """
        level = source @ self._turn.T
        x, y = level[..., 0], level[..., 1]
        lid_up = np.interp(x, self._upper[:, 0], self._upper[:, 1])
        lid_down = np.interp(x, self._lower[:, 0], self._lower[:, 1])
        # The mesh draws the lower lid a little inside the eye; its white must not ride on the lid.
        lid_down = lid_down + RIM * np.maximum(lid_down - lid_up, 0)
        gap = np.maximum(lid_down - lid_up, 0)
        down, up = amount * gap * (1 - LOWER_LID_SHARE), amount * gap * LOWER_LID_SHARE
        top, bottom = lid_up - SKIN_ABOVE * self._opening, lid_down + SKIN_BELOW * self._opening
        lashes = lid_up - LASHES * self._opening
        brow = np.interp(x, self._brow[:, 0], self._brow[:, 1])
        top = np.minimum(np.maximum(top, brow), lashes - LEAST_SKIN * self._opening)
        stretched = top + (y - top) * (lashes - top) / (lashes + down - top)
        skin = np.where(y < lashes + down, stretched, y - down)
        raised = bottom + (y - bottom) * (bottom - lid_down) / (bottom - lid_down + up)
        below = y > lid_down - up
        inside = (y > top) & (y < bottom) & (x > self._upper[0, 0]) & (x < self._upper[-1, 0])
        level[..., 1] = np.where(inside, np.where(below, raised, skin), y)
        seen = np.clip((y - lid_up - down) / SOFT + 0.5, 0, 1) * np.clip((lid_down - up - y) / SOFT + 0.5, 0, 1)
        return (level @ self._turn).astype(np.float32), np.where(inside, seen, 0).astype(np.float32)


def _left_to_right(curve: np.ndarray) -> np.ndarray:
    return curve[np.argsort(curve[:, 0])]


def both_lids(points: np.ndarray) -> Tuple[Eyelid, Eyelid]:
    """The person's left and right eye."""
    across = points[topo.LEFT_EYE_UPPER[-1], :2] - points[topo.RIGHT_EYE_UPPER[0], :2]
    cos, sin = across / np.linalg.norm(across)
    turn = np.array([[cos, sin], [-sin, cos]], np.float32)
    return (
        Eyelid(points, turn, topo.LEFT_EYE_UPPER, topo.LEFT_EYE_LOWER, topo.LEFT_BROW_LOWER),
        Eyelid(points, turn, topo.RIGHT_EYE_UPPER, topo.RIGHT_EYE_LOWER, topo.RIGHT_BROW_LOWER),
    )
