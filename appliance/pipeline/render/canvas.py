"""The still picture a video is made on: the levelled face crop, or the whole photo."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ..face import Crop
from ..photo import Photo

OVERSAMPLING = 2
"""The warp samples from a picture this much finer than the video, so that skin stays crisp while it moves."""

ROUNDS = 4
"""Of agreement; the later ones make good what was cut off at black and white."""


@dataclass(frozen=True)
class Canvas:
    """``fine`` uint8 (2h,2w,3) RGB, ``still`` uint8 (h,w,3) RGB its exact reduction; ``matrix`` (2,3) takes photo px to
    video px."""

    fine: np.ndarray
    still: np.ndarray
    matrix: np.ndarray

    def to_video(self, mesh: np.ndarray) -> np.ndarray:
        """Mesh points (n,3) from photo px to video px; depth is scaled alike."""
        linear = self.matrix[:, :2]
        scale = np.sqrt(abs(np.linalg.det(linear)))
        return np.column_stack([mesh[:, :2] @ linear.T + self.matrix[:, 2], mesh[:, 2] * scale]).astype(np.float32)


def face_canvas(photo: Photo, crop: Crop, size: int) -> Canvas:
    """The levelled square crop, ``size`` px a side. What lies beyond the photo is its edge, blurred."""
    return _canvas(photo, crop.matrix(size), size, size)


def full_canvas(photo: Photo, shorter_side: int) -> Canvas:
    """The whole photo, unturned; its shorter side becomes ``shorter_side`` px, both sides even."""
    height, width = photo.pixels.shape[:2]
    scale = shorter_side / min(height, width)
    size = [int(round(side * scale / 2)) * 2 for side in (width, height)]
    sx, sy = size[0] / width, size[1] / height
    canvas = _canvas(photo, np.array([[sx, 0, sx / 2 - 0.5], [0, sy, sy / 2 - 0.5]]), size[0], size[1])
    still = cv2.resize(photo.pixels, tuple(size), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    return Canvas(_in_agreement(canvas.fine, still), still, canvas.matrix)


def _canvas(photo: Photo, matrix: np.ndarray, width: int, height: int) -> Canvas:
    pixels = photo.pixels
    to_fine = matrix * OVERSAMPLING
    to_fine[:, 2] += (OVERSAMPLING - 1) / 2
    # Bilinear sampling that skips pixels makes moiré: reduce by areas first.
    reduction = int(np.floor(1 / np.sqrt(abs(np.linalg.det(to_fine[:, :2])))))
    if reduction > 1:
        pixels = cv2.resize(pixels, None, fx=1 / reduction, fy=1 / reduction, interpolation=cv2.INTER_AREA)
        between = (reduction - 1) / 2
        to_fine = to_fine @ np.array([[reduction, 0, between], [0, reduction, between], [0, 0, 1]])
    fine_size = (width * OVERSAMPLING, height * OVERSAMPLING)
    fine = cv2.warpAffine(pixels, to_fine, fine_size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    inside = cv2.warpAffine(np.full(pixels.shape[:2], 255, np.uint8), to_fine, fine_size, flags=cv2.INTER_NEAREST)
    if inside.min() == 0:
        fine = _soften_outside(fine, inside)
    return Canvas(fine, cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA), matrix)


def _in_agreement(fine: np.ndarray, still: np.ndarray) -> np.ndarray:
    """Shifts each block of ``fine`` to the mean that ``still`` has there: what does not move stays the photo itself."""
    height, width = still.shape[:2]
    for _ in range(ROUNDS):
        missing = still.astype(np.int16) - cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA)
        fine = np.clip(fine + missing.repeat(OVERSAMPLING, 0).repeat(OVERSAMPLING, 1), 0, 255).astype(np.uint8)
    return fine


def _soften_outside(fine: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Repeated edge pixels look like streaks: blur them, more with the distance from the photo."""
    height, width = fine.shape[:2]
    sigma = height / 40
    small = cv2.resize(fine, (width // 8, height // 8), interpolation=cv2.INTER_AREA)
    blurred = cv2.resize(cv2.GaussianBlur(small, (0, 0), sigma / 8), (width, height))
    distance = cv2.distanceTransform(255 - inside, cv2.DIST_L2, 3)
    share = np.clip(distance / (2 * sigma), 0, 1)[..., None]
    return np.round(fine + (blurred.astype(np.float32) - fine) * share).astype(np.uint8)
