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

BLINK_SEEN = 0.01


class Renderer:
    """Frames of one identity. Every frame stands alone: any order, same result.

    ``painter``: the `sonic_painter` network; without it the mouth is the one that plain geometry makes.
    """

    def __init__(self, identity: Identity, store: ModelStore, painter: Optional[Network] = None) -> None:
        self._identity = identity
        self._warped = np.array(WARPED)
        self._upper = LayerWarp(identity.upper, identity.box, identity.box)
        self._lower = LayerWarp(identity.lower, identity.box, identity.mouth_box)
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
        inside = np.s_[y0 - dy : y1 - dy, x0 - dx : x1 - dx]
        lower_map = self._lower.backward(weights)
        upper_alpha = cv2.remap(self._alphas[0], upper_map[inside], None, cv2.INTER_LINEAR)
        lower_alpha = cv2.remap(self._alphas[1], lower_map, None, cv2.INTER_LINEAR)
        opening = (1 - upper_alpha) * (1 - lower_alpha)
        head_shift = weights[FIRST_POSE:] @ self._pose_at_mouth
        behind, rows = self._interior.paint(coefficients, head_shift, opening)
        lower = self._sample(lower_map).astype(np.float32)
        behind += (lower - behind) * lower_alpha[..., None]
        behind += (picture[inside] - behind) * upper_alpha[..., None]
        picture[inside] = np.clip(behind + 0.5, 0, 255).astype(np.uint8)
        return Scene(picture, identity.box[:2], identity.mouth_box, opening, rows, head_shift)

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
            shut = lid.shut(upper_map[eye], amount)
            upper, lower = (self._sample(source).astype(np.float32) for source in (shut.upper, shut.lower))
            lids = upper + (lower - upper) * shut.below[..., None]
            picture[eye] = np.round(lids + (picture[eye] - lids) * shut.eye[..., None])

    def _sample(self, source: np.ndarray) -> np.ndarray:
        """The photo at positions (h,w,2) in video px."""
        fine = source * OVERSAMPLING + (OVERSAMPLING - 1) / 2
        return cv2.remap(self._identity.canvas.fine, fine, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)


def _pose_at(identity: Identity, point: np.ndarray) -> np.ndarray:
    """(6,2) px: how each component of the head pose moves the photo at ``point`` (2,) video px."""
    x0, y0, x1, y1 = identity.box
    cells = (point - (x0, y0)) / (x1 - x0, y1 - y0) * identity.upper.shape[1]
    column, row = np.clip(cells, 0, identity.upper.shape[1] - 1).astype(int)
    return identity.upper[FIRST_POSE:, row, column]
