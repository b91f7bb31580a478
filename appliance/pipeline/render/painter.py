"""The learned mouth: `sonic_painter` looks at the mouth that plain geometry made and paints what real ones look like.

It sees the picture with the mouth of `interior.py` in it, what geometry knows (the opening, the rows of teeth), and
the face at rest, and gives colours and how much of them to lay on. What it changes is laid over the picture at the
picture's own resolution: lips and tooth edges stay as sharp as they were.
"""

from __future__ import annotations

from typing import Tuple

import cv2
import numpy as np

from ..coefficients import COEFFICIENTS
from ..runtime.base import Network
from .patch import PATCH, from_corner, from_patch, patch_matrix, to_patch

COARSE = 20
"""Cells a side of the network's innermost grid, over which the coefficients are spread out."""

OPENS, OPEN = 6.0, 60.0
"""Opening, in patch px², at which painting begins, and from which it is complete: no jump when lips part."""


def painter_crop(patch: np.ndarray, guide: np.ndarray, neutral: np.ndarray) -> np.ndarray:
    """float32 (1,9,PATCH,PATCH) of three (PATCH,PATCH,3): RGB 0..255, guide 0..1, the face at rest as RGB 0..255."""
    layers = np.concatenate([patch.astype(np.float32) / 255, guide, neutral.astype(np.float32) / 255], axis=2)
    return np.ascontiguousarray(layers.transpose(2, 0, 1)[None], dtype=np.float32)


def spread_out(coefficients: np.ndarray) -> np.ndarray:
    """float32 (1,32,COARSE,COARSE) of coefficients (32,)."""
    spread = np.broadcast_to(coefficients[:, None, None], (len(COEFFICIENTS), COARSE, COARSE))
    return np.ascontiguousarray(spread[None], dtype=np.float32)


class MouthPainter:
    """Paints the mouth of one face. ``mesh`` (478,3) and ``neutral`` uint8 (h,w,3), the face at rest with its mouth
    shut, whose first pixel lies at ``corner`` (x, y); all in video px."""

    def __init__(self, network: Network, mesh: np.ndarray, neutral: np.ndarray, corner: Tuple[int, int]) -> None:
        self._network = network
        self._matrix = patch_matrix(mesh)
        self._neutral = to_patch(neutral, from_corner(self._matrix, np.array(corner)))

    def paint(
        self, picture: np.ndarray, corner: Tuple[int, int], inside: Tuple[int, int, int, int], opening: np.ndarray,
        rows: np.ndarray, coefficients: np.ndarray, head_shift: np.ndarray,
    ) -> None:  # fmt: skip
        """Paints into ``picture`` uint8 (h,w,3), whose first pixel lies at ``corner``. ``inside``: the box (x0, y0, x1,
        y1) video px in which it may paint, and over which ``opening`` (h,w) and ``rows`` (h,w,2) are given."""
        skull = from_corner(self._matrix, -head_shift)
        x0, y0, x1, y1 = inside
        here = from_corner(skull, np.array([x0, y0]))
        shown = np.dstack([opening, rows * opening[..., None]])
        guide = to_patch(shown, here, cv2.BORDER_CONSTANT)
        share = float(np.clip((guide[..., 0].sum() - OPENS) / (OPEN - OPENS), 0, 1))
        if share == 0:
            return
        patch = to_patch(picture, from_corner(skull, np.array(corner)))
        crop = painter_crop(patch, guide, self._neutral)
        painted = self._network.run({"crop": crop, "motion": spread_out(coefficients)})["rgba"][0]
        change = (painted[:3] - crop[0, :3]) * (painted[3:] * 255 * share)
        part = picture[y0 - corner[1] : y1 - corner[1], x0 - corner[0] : x1 - corner[0]]
        part[:] = np.clip(part + from_patch(change.transpose(1, 2, 0), here, x1 - x0, y1 - y0) + 0.5, 0, 255)


__all__ = ["COARSE", "PATCH", "MouthPainter", "painter_crop", "spread_out"]
