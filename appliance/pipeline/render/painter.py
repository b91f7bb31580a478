"""The learned mouth: `sonic_painter` looks at the mouth that plain geometry made and paints what real ones look like.

It sees the picture with the mouth of `interior.py` in it, what geometry knows (the opening, the rows of teeth), and
the face at rest, and gives colours and how much of them to lay on. What it changes is laid over the picture at the
picture's own resolution: lips and tooth edges stay as sharp as they were.
"""

from __future__ import annotations

from typing import NamedTuple, Tuple

import cv2
import numpy as np

from ..coefficients import COEFFICIENTS
from ..runtime.base import Network
from .interior import in_colour
from .patch import from_corner, from_patch, patch_matrix, to_patch

COARSE = 20
"""Cells a side of the network's innermost grid, over which the coefficients are spread out."""

GUIDE = 3
"""First channel of the guide: the opening."""

OPENS, OPEN = 10.0, 110.0
"""By how many patch px² the mouth is more open than at rest when painting begins, and when it is complete: no jump when
lips part."""

REACH = 4.0
"""Patch px around the opening over which painting fades away: lips may be touched up, skin never."""


class Scene(NamedTuple):
    """A frame whose mouth is the plain one. ``picture`` uint8 (h,w,3), its first pixel at ``corner`` (x, y) video px;
    ``inside``: the box (x0, y0, x1, y1) video px of the mouth, over which ``opening`` (h,w) and the ``rows`` of teeth
    (h,w,2) are given, 0..1; ``head_shift`` (2,) px of the skull at the mouth."""

    picture: np.ndarray
    corner: Tuple[int, int]
    inside: Tuple[int, int, int, int]
    opening: np.ndarray
    rows: np.ndarray
    head_shift: np.ndarray


def painter_crop(patch: np.ndarray, guide: np.ndarray, neutral: np.ndarray) -> np.ndarray:
    """float32 (1,9,160,160) of three (160,160,3): RGB 0..255, guide 0..1, the face at rest as RGB 0..255."""
    layers = np.concatenate([patch.astype(np.float32) / 255, guide, neutral.astype(np.float32) / 255], axis=2)
    return np.ascontiguousarray(layers.transpose(2, 0, 1)[None], dtype=np.float32)


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
        shown = np.dstack([scene.opening, scene.rows * scene.opening[..., None]])
        return to_patch(shown, self.from_mouth(scene), cv2.BORDER_CONSTANT)

    def opened(self, guide: np.ndarray) -> float:
        """0 while the mouth is as shut as at rest, 1 when it is open."""
        return float(np.clip((guide[..., 0].sum() - self._shut - OPENS) / (OPEN - OPENS), 0, 1))

    def crop(self, scene: Scene, guide: np.ndarray) -> np.ndarray:
        """The network's ``crop``, float32 (1,9,160,160)."""
        skull = from_corner(self._matrix, -scene.head_shift)
        return painter_crop(to_patch(scene.picture, from_corner(skull, np.array(scene.corner))), guide, self._neutral)

    def from_mouth(self, scene: Scene) -> np.ndarray:
        """(2,3): pixels of the scene's mouth box → patch px."""
        return from_corner(self._matrix, np.array(scene.inside[:2]) - scene.head_shift)


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
        x0, y0, x1, y1 = scene.inside
        dx, dy = scene.corner
        part = scene.picture[y0 - dy : y1 - dy, x0 - dx : x1 - dx]
        laid_over = from_patch(change, self._view.from_mouth(scene), x1 - x0, y1 - y0)
        part[:] = np.clip(part + laid_over + 0.5, 0, 255)
