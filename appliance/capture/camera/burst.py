"""Several pictures in a row, and the best of them: eyes open, looking straight, sharp."""

from __future__ import annotations

import threading
from typing import Callable, List, Optional, Sequence, Tuple

import cv2
import numpy as np

from ...pipeline.face import Portrait
from ...pipeline.face.topology import LEFT_EYE_LOWER, LEFT_EYE_UPPER, RIGHT_EYE_LOWER, RIGHT_EYE_UPPER

PICTURES = 8
SECONDS = 0.7
MEMORY = 160 << 20
"""Bytes: of very large pictures there are fewer."""

OPEN_ENOUGH = 0.8
"""Of how far the eyes are open in most of the pictures."""
STRAIGHT_ENOUGH = 6.0
"""Degrees by which a head may be turned further than in the picture where it is turned least."""

FaceIn = Callable[[np.ndarray, Optional[Portrait]], Optional[Portrait]]
"""The face in a picture, given where it was in the one before. See `face_watch.FaceWatch.face_in`."""


class Burst:
    """Collects pictures that come from one thread for another that waits for them."""

    def __init__(self) -> None:
        self.cancelled = False
        self._pictures: List[np.ndarray] = []
        self._began = 0.0
        self._over = threading.Event()
        self._first = threading.Event()

    def offer(self, picture: np.ndarray, now: float) -> None:
        """Take it if it is time for one. ``now``: seconds of the monotonic clock."""
        if self._over.is_set():
            return
        if not self._pictures:
            self._began = now
        if now - self._began >= len(self._pictures) * SECONDS / PICTURES:
            self._pictures.append(picture)
            self._first.set()
        enough = min(PICTURES, MEMORY // picture.nbytes)
        if len(self._pictures) >= enough or now - self._began >= SECONDS:
            self._over.set()

    def cancel(self) -> None:
        """Nothing is wanted any more."""
        self.cancelled = True
        self._over.set()
        self._first.set()

    def wait(self, seconds: float) -> List[np.ndarray]:
        """The pictures, once they are complete. Empty if cancelled, or if none came within ``seconds``."""
        if self._first.wait(seconds):
            self._over.wait(2 * SECONDS)
        self._over.set()
        pictures, self._pictures = self._pictures, []  # a face is not kept longer than needed
        return [] if self.cancelled else pictures


def best_of(pictures: Sequence[np.ndarray], face_in: FaceIn, wanted: Callable[[], bool] = lambda: True) -> np.ndarray:
    """The picture to keep, of at least one. ``wanted``: asked in between; once it says no, any picture is good."""
    seen: List[Tuple[np.ndarray, Portrait]] = []
    face: Optional[Portrait] = None
    for picture in pictures:
        face = face_in(picture, face) if wanted() else None
        if face is not None:
            seen.append((picture, face))
    if not seen:
        return max(pictures, key=lambda picture: sharpness(picture, None))
    openness = [eyes_open(face) for _, face in seen]
    open_enough = OPEN_ENOUGH * float(np.percentile(openness, 75))
    seen = [pair for pair, value in zip(seen, openness) if value >= open_enough]
    least = min(_turned(face) for _, face in seen)
    seen = [(picture, face) for picture, face in seen if _turned(face) <= least + STRAIGHT_ENOUGH]
    return max(seen, key=lambda pair: sharpness(*pair))[0]


def eyes_open(face: Portrait) -> float:
    """How far the less open eye is open: height over width between its lids, about 0.1 shut and 0.3 open."""
    return min(_opening(face.mesh, *eye) for eye in _EYES)


def sharpness(picture: np.ndarray, face: Optional[Portrait]) -> float:
    """Variance of the Laplacian over the face, or over the picture where there is none."""
    if face is not None:
        x0, y0, x1, y1 = (max(0, round(value)) for value in face.box)
        picture = picture[y0 : y1 + 1, x0 : x1 + 1]
    grey = cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2GRAY)
    return float(cv2.Laplacian(grey, cv2.CV_32F).var())


_EYES = ((RIGHT_EYE_UPPER, RIGHT_EYE_LOWER), (LEFT_EYE_UPPER, LEFT_EYE_LOWER))


def _opening(mesh: np.ndarray, upper: Sequence[int], lower: Sequence[int]) -> float:
    """``upper`` and ``lower``: points from corner to corner, opposite each other."""
    gaps = np.linalg.norm(mesh[list(upper[2:-2]), :2] - mesh[list(lower[2:-2]), :2], axis=1)
    return float(gaps.mean() / max(np.linalg.norm(mesh[upper[0], :2] - mesh[upper[-1], :2]), 1e-6))


def _turned(face: Portrait) -> float:
    return abs(face.yaw)
