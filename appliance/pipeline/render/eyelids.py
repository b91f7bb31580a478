"""Blinks: the upper lid slides down over the eye, as a map of columns on the photo.

Along every column, the skin from below the brow to the lashes is stretched, the lashes move as they are, and the eye
behind stays where it is and is covered. The lower lid rises a little to meet the upper one.
"""

from __future__ import annotations

from typing import NamedTuple, Sequence, Tuple

import numpy as np

from ..face import topology as topo

LOWER_LID_SHARE = 0.12

# In openings of the eye.
SKIN_ABOVE, SKIN_BELOW = 1.05, 0.6
"""How far above and below the lids the skin gives; the brow stays."""

LEAST_SKIN = 0.25
"""Of what there is between brow and lashes, however low the brow."""

RIM = 0.12
LASHES = 0.28
"""Height of the lashes above the upper lid's edge: they are moved, not stretched."""

SOFT = 1.5
"""Width of the lids' edges, px."""


class Shut(NamedTuple):
    """What a blink looks like.

    ``upper``, ``lower`` float32 (h,w,2): where the skin of each lid comes from. ``below`` float32 (h,w): share of the
    lower lid. ``eye`` float32 (h,w): how much of the eye is seen instead of the lids.
    """

    upper: np.ndarray
    lower: np.ndarray
    below: np.ndarray
    eye: np.ndarray


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

    def shut(self, source: np.ndarray, amount: float) -> Shut:
        """The eye shut by ``amount`` 0..1, as seen at source positions (h,w,2)."""
        level = source @ self._turn.T
        x, y = level[..., 0], level[..., 1]
        lid_up = np.interp(x, self._upper[:, 0], self._upper[:, 1])
        lid_down = np.interp(x, self._lower[:, 0], self._lower[:, 1])
        # The mesh draws the lower lid a little inside the eye; its white must not ride on the lid.
        lid_down = lid_down + RIM * np.maximum(lid_down - lid_up, 0)
        gap = np.maximum(lid_down - lid_up, 0)
        down, up = amount * gap * (1 - LOWER_LID_SHARE), amount * gap * LOWER_LID_SHARE
        lashes = lid_up - LASHES * self._opening
        brow = np.interp(x, self._brow[:, 0], self._brow[:, 1])
        top = np.maximum(lid_up - SKIN_ABOVE * self._opening, brow)
        top = np.minimum(top, lashes - LEAST_SKIN * self._opening)
        bottom = lid_down + SKIN_BELOW * self._opening

        stretched = top + (y - top) * (lashes - top) / (lashes + down - top)
        upper = np.where(y < lashes + down, stretched, y - down)
        lower = bottom + (y - bottom) * (bottom - lid_down) / (bottom - lid_down + up)
        inside = (y > top) & (y < bottom) & (x > self._upper[0, 0]) & (x < self._upper[-1, 0])
        below = np.clip((y - lid_down + up) / SOFT + 0.5, 0, 1)
        seen = np.clip((y - lid_up - down) / SOFT + 0.5, 0, 1) * (1 - below)
        return Shut(
            upper=self._in_picture(x, np.where(inside, upper, y)),
            lower=self._in_picture(x, np.where(inside, lower, y)),
            below=below.astype(np.float32),
            eye=np.where(inside, seen, 0).astype(np.float32),
        )

    def _in_picture(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return (np.dstack([x, y]) @ self._turn).astype(np.float32)


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
