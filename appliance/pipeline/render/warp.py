"""Forward displacement fields → backward maps: from where in the photo each pixel of a frame comes."""

from __future__ import annotations

from typing import Tuple

import cv2
import numpy as np

ITERATIONS = 5
"""Of x ← y - F(x). The fields change by less than 0.6 px a px, so the error left is under a tenth of a pixel."""


class LayerWarp:
    """One layer's fields on a grid over ``box``, float32 (n, G, G, 2) px; maps are made for the pixels of ``part``."""

    def __init__(self, fields: np.ndarray, box: Tuple[int, int, int, int], part: Tuple[int, int, int, int]) -> None:
        count, self._grid = len(fields), fields.shape[1]
        self._fields = np.ascontiguousarray(fields.reshape(count, -1))
        origin, size = np.array(box[:2]), np.array(box[2:]) - box[:2]
        self._per_px = (self._grid / size).astype(np.float32)
        first = np.maximum(((np.array(part[:2]) - origin) * self._per_px).astype(int) - 1, 0)
        last = np.minimum(((np.array(part[2:]) - origin) * self._per_px).astype(int) + 2, self._grid)
        rows, columns = np.mgrid[first[1] : last[1], first[0] : last[0]].astype(np.float32)
        self._nodes = np.dstack([columns, rows])
        self._part = np.s_[first[1] : last[1], first[0] : last[0]]
        columns, rows = np.meshgrid(np.arange(part[0], part[2]), np.arange(part[1], part[3]))
        self._pixels = np.dstack([columns, rows]).astype(np.float32)
        self._pixels_on_nodes = ((self._pixels - origin + 0.5) * self._per_px - 0.5 - first).astype(np.float32)

    def backward(self, weights: np.ndarray) -> np.ndarray:
        """Source positions float32 (part height, part width, 2) in video px for one weight a field."""
        forward = (weights.astype(np.float32) @ self._fields).reshape(self._grid, self._grid, 2)
        back = -forward[self._part]
        for _ in range(ITERATIONS):
            at = self._nodes + back * self._per_px
            back = -cv2.remap(forward, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        fine = cv2.remap(back, self._pixels_on_nodes, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return self._pixels + fine
