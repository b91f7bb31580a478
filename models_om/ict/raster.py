"""A depth buffer for triangle meshes: orthographic, colours linear over each triangle."""

from __future__ import annotations

import numba
import numpy as np

EDGE = -1e-3
"""Least weight of a corner: a little below 0, so that no pixel falls between two triangles."""


@numba.njit(cache=True, fastmath=True)
def _fill(points, depths, values, triangles, buffer, picture, seen):
    height, width = buffer.shape
    for index in range(len(triangles)):
        a, b, c = triangles[index]
        ax, ay, bx, by, cx, cy = points[a, 0], points[a, 1], points[b, 0], points[b, 1], points[c, 0], points[c, 1]
        area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
        if abs(area) < 1e-9:
            continue
        x0, x1 = max(0, int(np.ceil(min(ax, bx, cx)))), min(width - 1, int(np.floor(max(ax, bx, cx))))
        y0, y1 = max(0, int(np.ceil(min(ay, by, cy)))), min(height - 1, int(np.floor(max(ay, by, cy))))
        for y in range(y0, y1 + 1):
            for x in range(x0, x1 + 1):
                u = ((x - ax) * (cy - ay) - (cx - ax) * (y - ay)) / area
                v = ((bx - ax) * (y - ay) - (x - ax) * (by - ay)) / area
                w = 1 - u - v
                if min(u, v, w) < EDGE:
                    continue
                depth = w * depths[a] + u * depths[b] + v * depths[c]
                if depth > buffer[y, x]:
                    buffer[y, x] = depth
                    seen[y, x] = index
                    for k in range(values.shape[1]):
                        picture[y, x, k] = w * values[a, k] + u * values[b, k] + v * values[c, k]


def rasterise(points: np.ndarray, depths: np.ndarray, values: np.ndarray, triangles: np.ndarray, size: int):
    """What is nearest at each pixel.

    ``points`` (V,2) px, pixel centres at whole numbers; ``depths`` (V,), larger is nearer; ``values`` (V,K);
    ``triangles`` (T,3). Returns float32 (size,size,K), 0 where nothing is, and int32 (size,size): the triangle seen,
    -1 for none.
    """
    buffer = np.full((size, size), -np.inf, np.float32)
    picture = np.zeros((size, size, values.shape[1]), np.float32)
    seen = np.full((size, size), -1, np.int32)
    parts = (array.astype(np.float32) for array in (points, depths, values))
    _fill(*parts, triangles, buffer, picture, seen)
    return picture, seen
