"""Forward displacement fields → backward maps: from where in the photo each pixel of a frame comes."""

from __future__ import annotations

from typing import Tuple

import cv2
import numpy as np

from .canvas import OVERSAMPLING


class LayerWarp:
    """One layer's fields (n, rows, columns, 2) px on a grid of ``cell`` px over ``box``, inverted for the pixels of
    ``part`` by ``sweeps`` of x ← y - F(x). ``reach`` px: how far motion can come from."""

    def __init__(
        self,
        fields: np.ndarray,
        box: Tuple[int, int, int, int],
        cell: int,
        part: Tuple[int, int, int, int],
        reach: float,
        sweeps: int,
    ) -> None:
        corner, size = np.array(box[:2]), np.array(fields.shape[2:0:-1])
        # One node more than the part has on every side: its outermost pixels lie between two.
        first = np.maximum((np.array(part[:2]) - corner) // cell - 1, 0)
        last = np.minimum(-((corner - np.array(part[2:])) // cell) + 1, size)
        seen_first = np.maximum(first - int(reach / cell), 0)
        seen_last = np.minimum(last + int(reach / cell), size)
        seen = fields[:, seen_first[1] : seen_last[1], seen_first[0] : seen_last[0]]
        self._shape = seen.shape[1:]
        self._fields = np.ascontiguousarray(seen.reshape(len(seen), -1))
        start, stop = first - seen_first, last - seen_first
        self._nodes = _grid(*start, *stop)
        self._wanted = np.s_[start[1] : stop[1], start[0] : stop[0]]
        self._per_cell, self._sweeps = 1.0 / cell, sweeps
        covered = corner + first * cell
        self._size = tuple(int(side) for side in (last - first) * cell)
        x0, y0, x1, y1 = np.array(part) - np.tile(covered, 2)
        self._part = np.s_[y0:y1, x0:x1]
        self._pixels = _grid(*part) * OVERSAMPLING + np.float32((OVERSAMPLING - 1) / 2)

    def backward(self, weights: np.ndarray) -> np.ndarray:
        """Where the part's pixels come from, for one weight a field: float32 (h,w,2) px of the finer picture."""
        forward = (weights.astype(np.float32) @ self._fields).reshape(self._shape)
        motion = forward[self._wanted]
        for _ in range(self._sweeps):
            at = cv2.scaleAdd(motion, -self._per_cell, self._nodes)
            motion = cv2.remap(forward, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        motion = cv2.resize(motion, self._size, interpolation=cv2.INTER_LINEAR)
        return cv2.scaleAdd(motion[self._part], -OVERSAMPLING, self._pixels)


def _grid(x0: int, y0: int, x1: int, y1: int) -> np.ndarray:
    """float32 (y1-y0, x1-x0, 2): x and y of every place."""
    return np.dstack(np.meshgrid(np.arange(x0, x1), np.arange(y0, y1))).astype(np.float32)
