"""Blinks: the upper lid slides down over the eye, as a map of columns on the photo.

Along every column from the brow to the cheek four heights matter: where the skin stops moving, the upper lid, the lower
lid, where the skin stops again. A blink moves the two lids together; between the heights the picture is stretched.
"""

from __future__ import annotations

from typing import Tuple

import numpy as np

from . import topology as topo

LOWER_LID_SHARE = 0.12
LASH_ROOM = 0.035
"""Share of the eye's opening that is left when it is shut: the line of the lashes."""

SKIN_ABOVE, SKIN_BELOW = 0.75, 0.5
"""How far above and below the lids the skin gives, in openings of the eye."""


class Eyelid:
    """One eye of a photo; ``points`` (478,3) video px, ``up`` is taken as the picture's up on a levelled face."""

    def __init__(self, points: np.ndarray, upper: Tuple[int, ...], lower: Tuple[int, ...], turn: np.ndarray) -> None:
        self._turn = turn  # video px → levelled px, (2,2)
        self._upper = points[list(upper), :2] @ turn.T
        self._lower = points[list(lower), :2] @ turn.T
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

    def shut(self, source: np.ndarray, amount: float) -> np.ndarray:
        """Moves source positions (h,w,2) so that the eye is shut by ``amount`` 0..1; returns a new array."""
        level = source @ self._turn.T
        x, y = level[..., 0], level[..., 1]
        lid_up = np.interp(x, self._upper[:, 0], self._upper[:, 1])
        lid_down = np.interp(x, self._lower[:, 0], self._lower[:, 1])
        gap = np.maximum(lid_down - lid_up, 0)
        top, bottom = lid_up - SKIN_ABOVE * self._opening, lid_down + SKIN_BELOW * self._opening
        travel = amount * gap * (1 - LASH_ROOM)
        new_up = lid_up + (1 - LOWER_LID_SHARE) * travel
        new_down = lid_down - LOWER_LID_SHARE * travel
        moved = np.where(
            y < new_up,
            top + (y - top) * (lid_up - top) / (new_up - top),
            np.where(
                y < new_down,
                lid_up + (y - new_up) * (lid_down - lid_up) / np.maximum(new_down - new_up, 1e-3),
                bottom + (y - bottom) * (bottom - lid_down) / (bottom - new_down),
            ),
        )
        inside = (y > top) & (y < bottom) & (gap > 0)
        inside &= (x > self._upper[0, 0]) & (x < self._upper[-1, 0])
        level[..., 1] = np.where(inside, moved, y)
        return (level @ self._turn).astype(np.float32)


def both_lids(points: np.ndarray) -> Tuple[Eyelid, Eyelid]:
    """The person's left and right eye."""
    across = points[topo.LEFT_EYE_UPPER[-1], :2] - points[topo.RIGHT_EYE_UPPER[0], :2]
    cos, sin = across / np.linalg.norm(across)
    turn = np.array([[cos, sin], [-sin, cos]], np.float32)
    return (
        Eyelid(points, topo.LEFT_EYE_UPPER, topo.LEFT_EYE_LOWER, turn),
        Eyelid(points, topo.RIGHT_EYE_UPPER, topo.RIGHT_EYE_LOWER, turn),
    )
