"""Levelled squares of a photo: what the mesh network looks at, and what becomes the picture of the video."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Optional, Tuple

import cv2
import numpy as np

from ..photo import Photo
from .portrait import Portrait, level_frame

HEAD_ABOVE = 0.40
"""Hair and forehead above the mesh, which ends at the hairline, as a share of the mesh's height."""

CHIN_BELOW = 0.12
"""Room for the chin of a wide open mouth, as a share of the mesh's height."""

NETWORK_SIDE = 224


@dataclass(frozen=True)
class Crop:
    """A square in photo pixels, turned by ``roll`` degrees (positive: clockwise in the picture); it may reach beyond
    the photo."""

    centre_x: float
    centre_y: float
    side: float
    roll: float

    def matrix(self, size: int) -> np.ndarray:
        """float64 (2, 3): photo pixels → pixels of the crop at ``size`` x ``size``. Pixel centres are whole numbers in
        both."""
        scale = size / self.side
        angle = np.radians(self.roll)
        turn = scale * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        shift = (size - 1) / 2 - turn @ (self.centre_x, self.centre_y)
        return np.column_stack([turn, shift])

    def sample(self, pixels: np.ndarray, size: int) -> np.ndarray:
        """uint8 (size, size, 3) of ``pixels`` uint8 (h, w, 3), anti-aliased; the border pixels go on outside."""
        matrix = self.matrix(size)
        factor = int(self.side // size)
        if factor > 1:
            pixels, corner = self._neighbourhood(pixels)
            small = [max(1, round(extent / factor)) for extent in pixels.shape[1::-1]]
            step = np.array(pixels.shape[1::-1]) / small
            pixels = cv2.resize(pixels, small, interpolation=cv2.INTER_AREA)
            # photo = corner + (small + 0.5) * step - 0.5
            matrix[:, 2] += matrix[:, :2] @ (corner + 0.5 * step - 0.5)
            matrix[:, :2] *= step
        return cv2.warpAffine(pixels, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

    def _neighbourhood(self, pixels: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """The part of the photo that the square can touch, and its corner (x, y)."""
        reach = self.side * 0.75
        centre = np.array([self.centre_x, self.centre_y])
        limits = np.array(pixels.shape[1::-1])
        x0, y0 = np.clip(np.floor(centre - reach), 0, limits - 1).astype(int)
        x1, y1 = np.clip(np.ceil(centre + reach), 1, limits).astype(int)
        x1, y1 = max(x1, x0 + 1), max(y1, y0 + 1)
        return pixels[y0:y1, x0:x1], np.array([x0, y0])


def crop_for(portrait: Portrait, expand_ratio: float, photo: Optional[Photo] = None) -> Crop:
    """The picture of the video: the head with room for its motion, and ``expand_ratio`` of the head on every side.

    Given the ``photo``, the square gives up its margin on a side where the photo ends and has more of the other side.
    """
    (left, top), (right, bottom), to_photo = level_frame(portrait.mesh, portrait.roll)
    face = bottom - top
    head = face * (1 + HEAD_ABOVE + CHIN_BELOW)
    centre = to_photo @ ((left + right) / 2, (top - HEAD_ABOVE * face + bottom + CHIN_BELOW * face) / 2)
    crop = Crop(float(centre[0]), float(centre[1]), float(head * (1 + 2 * expand_ratio)), portrait.roll)
    return crop if photo is None else _moved_inside(crop, photo, limit=expand_ratio * head)


def _moved_inside(crop: Crop, photo: Photo, limit: float) -> Crop:
    """The crop, moved by at most ``limit`` pixels in x and in y so that less of it lies beyond the photo."""
    angle = np.radians(crop.roll)
    reach = crop.side / 2 * (abs(np.cos(angle)) + abs(np.sin(angle)))
    centre = []
    for position, extent in ((crop.centre_x, photo.width), (crop.centre_y, photo.height)):
        before, after = max(reach - position, 0.0), max(position + reach - (extent - 1), 0.0)
        # Where it sticks out on both sides, moving only trades one for the other.
        shift = 0.0 if before and after else before - after
        centre.append(position + float(np.clip(shift, -limit, limit)))
    return dataclasses.replace(crop, centre_x=centre[0], centre_y=centre[1])


def network_image(photo: Photo, crop: Crop) -> np.ndarray:
    """What the `sonic` network sees: float32 (1, 3, 224, 224), RGB in -1..1."""
    square = crop.sample(photo.pixels, NETWORK_SIDE)
    return (square.astype(np.float32) / 127.5 - 1).transpose(2, 0, 1)[None]
