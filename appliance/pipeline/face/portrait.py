"""One face of a photo as points, and how the head is turned.

Point numbers are those of MediaPipe's face mesh (Kartynnik et al., "Real-time Facial Surface Geometry from Monocular
Video on Mobile GPUs", 2019). "Left" and "right" are those of the picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Tuple

import numpy as np

from .pose import head_angles

MESH_POINTS = 478


@dataclass(frozen=True)
class Portrait:
    """A face.

    ``mesh``: float32 (478, 3) photo pixels, z towards the back at the same scale, zero at the head's middle;
    468-472 and 473-477 are the irises. ``roll``: degrees, positive = tilted clockwise in the picture. ``yaw``:
    positive = turned towards the right of the picture. ``pitch``: positive = turned up. ``presence``: 0..1, how sure
    the mesh network is that this is a face. ``box``: (x0, y0, x1, y1) of the mesh in photo pixels.
    """

    mesh: np.ndarray
    roll: float
    yaw: float
    pitch: float
    presence: float
    box: Tuple[float, float, float, float]

    @property
    def width(self) -> float:
        """Of the levelled face, ear to ear as far as it is seen, in photo pixels."""
        (left, _), (right, _), _ = level_frame(self.mesh, self.roll)
        return right - left


def portrait_from(mesh: np.ndarray, presence: float) -> Portrait:
    roll, yaw, pitch = head_angles(mesh)
    low, high = mesh[:, :2].min(axis=0), mesh[:, :2].max(axis=0)
    return Portrait(mesh, roll, yaw, pitch, presence, (*low.tolist(), *high.tolist()))


def level_frame(mesh: np.ndarray, roll: float) -> Tuple[Tuple[float, float], Tuple[float, float], np.ndarray]:
    """Extent of the mesh after turning it upright.

    Returns (left, top) and (right, bottom) in levelled pixels, and the rotation (2, 2) that takes levelled pixels to
    photo pixels.
    """
    angle = np.radians(roll)
    to_photo = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    level = mesh[:, :2] @ to_photo
    return tuple(level.min(axis=0).tolist()), tuple(level.max(axis=0).tolist()), to_photo
