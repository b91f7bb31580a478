"""Landmarks read back from a finished video, with the same networks that look at photos."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import List, Optional

import numpy as np

from ..errors import FaceNotFound
from ..models import ModelStore
from ..pipeline.face import FaceFinder, Portrait
from ..pipeline.face import topology as topo
from ..pipeline.photo import Photo
from ..pipeline.video import read_video

LIP_PAIRS = ((13, 14), (82, 87), (312, 317))
"""Facing points of the inner lips, upper then lower."""

CHIN = (199, 200, 175, 152, 148, 377)
"""Points on the bone of the chin."""


@dataclass(frozen=True)
class Track:
    """``points`` float32 (T,478,2): the mesh of every frame, brought onto the first by the points that speech does not
    move, in units of the face height."""

    points: np.ndarray

    @property
    def lip_gap(self) -> np.ndarray:
        """(T,) mean opening of the inner lips."""
        gaps = [np.linalg.norm(self.points[:, low] - self.points[:, up], axis=1) for up, low in LIP_PAIRS]
        return np.mean(gaps, axis=0)

    @property
    def jaw(self) -> np.ndarray:
        """(T,) how far the chin hangs down, along the face, below the points that speech does not move."""
        down = self.points[0, topo.CHIN] - self.points[0, topo.FOREHEAD]
        chin = self.points[:, CHIN].mean(1) - self.points[:, list(topo.STABLE)].mean(1)
        return chin @ (down / np.linalg.norm(down))

    def lip_travel(self, first: int, last: int) -> float:
        """How far the point of the lips that moves most goes between two frames of the span, robustly (2nd to 98th
        percentile along each axis: the mesh network itself trembles)."""
        lips = self.points[first:last, [*topo.UPPER_LIP, *topo.LOWER_LIP, *topo.MOUTH_CORNERS]]
        low, high = np.percentile(lips, [2, 98], axis=0)
        return float(np.linalg.norm(high - low, axis=1).max())


def read_track(video: Path, store: ModelStore, finder: Optional[FaceFinder] = None) -> Track:
    """Follow the face through every frame. Raises `FaceNotFound` where it is lost."""
    finder = finder or FaceFinder(store)
    portrait: Optional[Portrait] = None
    meshes: List[np.ndarray] = []
    for pixels in read_video(video):
        frame = Photo(pixels)
        portrait = finder.track(frame, portrait) if portrait is not None else None
        if portrait is None:
            found = finder.find(frame)
            if not found:
                raise FaceNotFound(f"{video.name}, frame {len(meshes)}")
            portrait = max(found, key=lambda face: face.width)
        meshes.append(portrait.mesh[:, :2])
    return Track(_steadied(np.array(meshes)))


def _steadied(meshes: np.ndarray) -> np.ndarray:
    """Every mesh brought onto the first by a similarity of the stable points (Umeyama 1991), in face heights."""
    stable = list(topo.STABLE)
    height = np.linalg.norm(meshes[0, topo.FOREHEAD] - meshes[0, topo.CHIN])
    target = meshes[0, stable]
    middle = target.mean(0)
    aligned = np.empty_like(meshes)
    for index, mesh in enumerate(meshes):
        own = mesh[stable].mean(0)
        # As complex numbers a similarity is one factor.
        a, b = _complex(mesh[stable] - own), _complex(target - middle)
        factor = np.vdot(a, b) / np.vdot(a, a)
        turned = _complex(mesh - own) * factor
        aligned[index] = np.stack([turned.real, turned.imag], 1) + middle
    return (aligned / height).astype(np.float32)


def _complex(points: np.ndarray) -> np.ndarray:
    return points[..., 0] + 1j * points[..., 1]
