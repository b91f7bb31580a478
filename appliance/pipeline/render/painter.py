"""The learned mouth: `sonic_painter` looks at the mouth that plain geometry made and paints what real ones look like.

It sees the picture with the mouth of `interior.py` in it, what geometry knows (the opening, the rows of teeth), and
the face at rest, and gives colours and how much of them to lay on. What it changes is laid over the picture at the
picture's own resolution: lips and tooth edges stay as sharp as they were.
"""

from __future__ import annotations

from typing import NamedTuple, Optional, Tuple

import cv2
import numpy as np

from ..coefficients import COEFFICIENTS
from ..runtime.base import Network
from .interior import in_colour
from .patch import PATCH, from_corner, from_patch, patch_matrix, to_patch

COARSE = 20
"""Cells a side of the network's innermost grid, over which the coefficients are spread out."""

GUIDE = 3
"""First channel of the guide: the opening."""

OPENS, OPEN = 10.0, 110.0
"""By how many patch px² the mouth is more open than at rest when painting begins, and when it is complete: no jump when
lips part."""

REACH = 4.0
"""Patch px around the opening over which painting fades away: lips may be touched up, skin never."""


Box = Tuple[int, int, int, int]


class Scene(NamedTuple):
    """A frame whose mouth is the plain one. ``picture`` uint8 (h,w,3), its first pixel at ``corner`` (x, y) video px;
    ``inside``: the box (x0, y0, x1, y1) video px of the mouth, over which ``opening`` (h,w) and the ``rows`` of teeth
    (h,w,2) are given, 0..1; ``parted``: the box of the opening within it, None where the lips are together;
    ``head_shift`` (2,) px of the skull at the mouth."""

    picture: np.ndarray
    corner: Tuple[int, int]
    inside: Box
    parted: Optional[Box]
    opening: np.ndarray
    rows: np.ndarray
    head_shift: np.ndarray

    def part(self, box: Box) -> np.ndarray:
        """What the picture shows in a part of ``inside``."""
        left, top = self.inside[0] - self.corner[0], self.inside[1] - self.corner[1]
        x0, y0, x1, y1 = box
        return self.picture[top + y0 : top + y1, left + x0 : left + x1]


def painter_crop(patch: np.ndarray, guide: np.ndarray, neutral: np.ndarray) -> np.ndarray:
    """float32 (1,9,160,160) of three (160,160,3): RGB 0..255, guide 0..1, the face at rest as RGB 0..255."""
    crop = np.empty((1, 9, PATCH, PATCH), np.float32)
    for first, picture, most in ((0, patch, 255), (GUIDE, guide, 1), (6, neutral, 255)):
        for channel in range(3):
            np.multiply(picture[..., channel], np.float32(1 / most), out=crop[0, first + channel])
    return crop


def spread_out(coefficients: np.ndarray) -> np.ndarray:
    """float32 (1,32,COARSE,COARSE) of coefficients (32,)."""
    spread = np.broadcast_to(coefficients[:, None, None], (len(COEFFICIENTS), COARSE, COARSE))
    return np.ascontiguousarray(spread[None], dtype=np.float32)


def laid_on(crop: np.ndarray, rgba: np.ndarray) -> np.ndarray:
    """float32 (3,160,160): what ``rgba`` (4,160,160) changes in the picture of ``crop`` (9,160,160), RGB 0..1."""
    near = np.clip(3 * cv2.GaussianBlur(crop[GUIDE], (0, 0), REACH), 0, 1)
    return (rgba[:3] - crop[:3]) * (rgba[3] * near)


class MouthView:
    """How the network sees one face. ``mesh`` (478,3) video px; ``at_rest``: the face with its mouth shut."""

    def __init__(self, mesh: np.ndarray, at_rest: Scene) -> None:
        self._matrix = patch_matrix(mesh)
        self._neutral = to_patch(at_rest.picture, from_corner(self._matrix, np.array(at_rest.corner)))
        self._shut = float(self.guide(at_rest)[..., 0].sum())

    def guide(self, scene: Scene) -> np.ndarray:
        """What geometry knows, float32 (160,160,3) 0..1: opening, upper row, lower row with the tongue."""
        if scene.parted is None:
            return np.zeros((PATCH, PATCH, 3), np.float32)
        x0, y0, x1, y1 = scene.parted
        opening = scene.opening[y0:y1, x0:x1]
        shown = np.dstack([opening, scene.rows[y0:y1, x0:x1] * opening[..., None]])
        return to_patch(shown, self.from_mouth(scene, scene.parted), cv2.BORDER_CONSTANT)

    def opened(self, guide: np.ndarray) -> float:
        """0 while the mouth is as shut as at rest, 1 when it is open."""
        return float(np.clip((guide[..., 0].sum() - self._shut - OPENS) / (OPEN - OPENS), 0, 1))

    def crop(self, scene: Scene, guide: np.ndarray) -> np.ndarray:
        """The network's ``crop``, float32 (1,9,160,160)."""
        skull = from_corner(self._matrix, -scene.head_shift)
        return painter_crop(to_patch(scene.picture, from_corner(skull, np.array(scene.corner))), guide, self._neutral)

    def from_mouth(self, scene: Scene, box: Box) -> np.ndarray:
        """(2,3): pixels of a part of the scene's mouth box → patch px."""
        return from_corner(self._matrix, np.add(scene.inside[:2], box[:2]) - scene.head_shift)

    def around(self, scene: Scene) -> Box:
        """The part of the scene's mouth box that painting can change; its lips are parted."""
        assert scene.parted is not None
        margin = int(3 * REACH / np.sqrt(abs(np.linalg.det(self._matrix[:, :2])))) + 1
        (x0, y0, x1, y1), (bottom, right) = scene.parted, scene.opening.shape
        return max(0, x0 - margin), max(0, y0 - margin), min(right, x1 + margin), min(bottom, y1 + margin)


class MouthPainter:
    """Paints the mouth of one face, seen through ``view``. ``colour``: 0 for a black-and-white photo, else 1."""

    def __init__(self, network: Network, view: MouthView, colour: float) -> None:
        self._network, self._view, self._colour = network, view, colour

    def paint(self, scene: Scene, coefficients: np.ndarray) -> None:
        """Paints into the scene's picture, for coefficients (32,)."""
        guide = self._view.guide(scene)
        share = self._view.opened(guide)
        if share == 0:
            return
        crop = self._view.crop(scene, guide)
        painted = self._network.run({"crop": crop, "motion": spread_out(coefficients)})["rgba"][0]
        change = in_colour(laid_on(crop[0], painted).transpose(1, 2, 0), self._colour) * (255 * share)
        box = self._view.around(scene)
        part = scene.part(box)
        laid_over = from_patch(change, self._view.from_mouth(scene, box), part.shape[1], part.shape[0])
        part[:] = cv2.add(part, laid_over, dtype=cv2.CV_8U)
