"""One frame: warp the photo by the motion, shut the lids, paint the mouth behind the lips."""

from __future__ import annotations

from typing import Optional, Tuple

import cv2
import numpy as np

from ...models import ModelStore
from ..coefficients import COEFFICIENTS, INDEX, POSE
from ..runtime.base import Network
from .canvas import OVERSAMPLING
from .eyelids import both_lids
from .identity import CLOSE, FIELDS, FIRST_POSE, REST, WARPED, Identity
from .interior import MouthInterior, colourfulness, light_on_teeth
from .painter import MouthPainter, MouthView, Scene
from .warp import LayerWarp

LIPS_PRESSED = 0.006
"""Share of the face height by which the lips may overlap; more than that would swallow them."""

REACH = 0.3
"""Face heights by which a lip moves at most, head and all."""

UPPER_SWEEPS, LOWER_SWEEPS = 5, 12
"""That invert a layer. In all but a hundredth of the pixels the fields change by less than 0.6 px a px, and the error
left is under a tenth of a pixel; beside the opening, where the lower lip pulls away, it takes more of them."""

BLINK_SEEN = 0.01

PARTED, AROUND = 1 / 256, 8
"""Lips are apart where as much can be seen between them; px around that which are looked at too."""


class Renderer:
    """Frames of one identity. Every frame stands alone: any order, in as many threads as there are, same result.

    ``painter``: the `sonic_painter` network; without it the mouth is the one that plain geometry makes.
    """

    def __init__(self, identity: Identity, store: ModelStore, painter: Optional[Network] = None) -> None:
        self._identity = identity
        self._warped = np.array(WARPED)
        box, cell, reach = identity.box, identity.cell, REACH * identity.face_height
        self._upper = LayerWarp(identity.upper, box, cell, box, reach, UPPER_SWEEPS)
        self._lower = LayerWarp(identity.lower, box, cell, identity.mouth_box, reach, LOWER_SWEEPS)
        self._lids = both_lids(identity.mesh)
        self._interior = MouthInterior(identity, store, light_on_teeth(identity))
        self._pose_at_mouth = _pose_at(identity, identity.seam)
        self._alphas = identity.upper_alpha, identity.lower_alpha
        self._painter: Optional[MouthPainter] = None
        if painter is not None:
            self._painter = MouthPainter(painter, self.mouth_view(), colourfulness(identity))

    @property
    def size(self) -> Tuple[int, int]:
        """Width and height of the frames, px."""
        height, width = self._identity.canvas.still.shape[:2]
        return width, height

    def frame(self, coefficients: np.ndarray, pose: np.ndarray) -> np.ndarray:
        """uint8 (h,w,3) RGB for ``coefficients`` (32,) and ``pose`` (6,), see `coefficients.py`."""
        scene = self.scene(coefficients, pose)
        if self._painter is not None:
            self._painter.paint(scene, coefficients)
        frame = self._identity.canvas.still.copy()
        x0, y0, x1, y1 = self._identity.box
        frame[y0:y1, x0:x1] = scene.picture
        return frame

    def mouth_view(self) -> MouthView:
        """How the painter sees this face."""
        at_rest = self.scene(np.zeros(len(COEFFICIENTS), np.float32), np.zeros(len(POSE), np.float32))
        return MouthView(self._identity.mesh, at_rest)

    def scene(self, coefficients: np.ndarray, pose: np.ndarray) -> Scene:
        """The frame before the painter has seen it, with what geometry knows of the mouth."""
        identity = self._identity
        weights = self._weights(coefficients, pose)
        upper_map = self._upper.backward(weights)
        picture = self._sample(upper_map)
        self._blink(picture, upper_map, coefficients)

        x0, y0, x1, y1 = identity.mouth_box
        dx, dy = identity.box[:2]
        mouth = np.s_[y0 - dy : y1 - dy, x0 - dx : x1 - dx]
        lower_map = self._lower.backward(weights)
        upper_alpha = cv2.remap(self._alphas[0], _in_video(upper_map[mouth]), None, cv2.INTER_LINEAR)
        lower_alpha = cv2.remap(self._alphas[1], _in_video(lower_map), None, cv2.INTER_LINEAR)
        below = 1 - upper_alpha
        opening = below * (1 - lower_alpha)
        # Where the lips are apart the weights do not add up to 1: it is made up for here, and covered below.
        picture[mouth] = cv2.blendLinear(picture[mouth], self._sample(lower_map), upper_alpha, below * lower_alpha)

        head_shift = weights[FIRST_POSE:] @ self._pose_at_mouth
        parted = _parted(opening)
        rows = np.zeros(opening.shape + (2,), np.float32)
        scene = Scene(picture, (dx, dy), identity.mouth_box, parted, opening, rows, head_shift)
        if parted is not None:
            self._open(scene, coefficients)
        return scene

    def _open(self, scene: Scene, coefficients: np.ndarray) -> None:
        """Draws the inside of the mouth between the lips."""
        assert scene.parted is not None
        x0, y0, x1, y1 = scene.parted
        opening = scene.opening[y0:y1, x0:x1]
        behind, scene.rows[y0:y1, x0:x1] = self._interior.paint(coefficients, scene.head_shift - (x0, y0), opening)
        part = scene.part(scene.parted)
        part[:] = cv2.blendLinear(part, cv2.convertScaleAbs(behind), 1 - opening, opening)

    def _weights(self, coefficients: np.ndarray, pose: np.ndarray) -> np.ndarray:
        """One weight a field; lips that would overlap are held apart."""
        weights = np.zeros(FIELDS, np.float32)
        weights[: len(WARPED)] = coefficients[self._warped]
        weights[REST] = 1.0
        weights[FIRST_POSE:] = pose
        gap = float(self._identity.gap_per_coefficient @ weights[: len(WARPED)])
        weights[CLOSE] = min(0.0, gap + LIPS_PRESSED * self._identity.face_height)
        return weights

    def _blink(self, picture: np.ndarray, upper_map: np.ndarray, coefficients: np.ndarray) -> None:
        """Draws the lids into ``picture``, which was sampled at ``upper_map``."""
        x0, y0, x1, y1 = self._identity.box
        for lid, name in zip(self._lids, ("eyeBlinkLeft", "eyeBlinkRight")):
            amount = float(np.clip(coefficients[INDEX[name]], 0, 1))
            if amount < BLINK_SEEN:
                continue
            lx0, ly0, lx1, ly1 = lid.box(margin=0.05 * self._identity.face_height)
            eye = np.s_[max(ly0, y0) - y0 : min(ly1, y1) - y0, max(lx0, x0) - x0 : min(lx1, x1) - x0]
            shut = lid.shut(_in_video(upper_map[eye]), amount)
            upper, lower = (self._sample(_in_fine(source)).astype(np.float32) for source in (shut.upper, shut.lower))
            lids = upper + (lower - upper) * shut.below[..., None]
            picture[eye] = np.round(lids + (picture[eye] - lids) * shut.eye[..., None])

    def _sample(self, source: np.ndarray) -> np.ndarray:
        """The photo at positions (h,w,2) in px of the finer picture."""
        return cv2.remap(self._identity.canvas.fine, source, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)


def _in_video(fine: np.ndarray) -> np.ndarray:
    """Positions in px of the finer picture → video px."""
    return (fine - np.float32((OVERSAMPLING - 1) / 2)) * np.float32(1 / OVERSAMPLING)


def _in_fine(video: np.ndarray) -> np.ndarray:
    return video * np.float32(OVERSAMPLING) + np.float32((OVERSAMPLING - 1) / 2)


def _parted(opening: np.ndarray) -> Optional[Tuple[int, int, int, int]]:
    """The box (x0, y0, x1, y1) around all of an opening (h,w); None where the lips are together."""
    x, y, width, height = cv2.boundingRect((opening > PARTED).astype(np.uint8))
    if not width:
        return None
    bottom, right = opening.shape
    return max(0, x - AROUND), max(0, y - AROUND), min(right, x + width + AROUND), min(bottom, y + height + AROUND)


def _pose_at(identity: Identity, point: np.ndarray) -> np.ndarray:
    """(6,2) px: how each component of the head pose moves the photo at ``point`` (2,) video px."""
    cells = (point - identity.box[:2]) / identity.cell
    column, row = np.clip(cells, 0, np.array(identity.upper.shape[2:0:-1]) - 1).astype(int)
    return identity.upper[FIRST_POSE:, row, column]
