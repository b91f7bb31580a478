"""From a photo to the one face that will speak."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Optional, Sequence

import cv2
import numpy as np

from ...errors import FaceChoiceInvalid, FaceCutOff, FaceNotFound, FaceProfile, FaceTooSmall
from ...models import ModelStore
from ..photo import Photo
from .detector import ALWAYS_SEARCHED, Detection, FaceDetector, overlap
from .mesh import MeshNetwork, crop_from_detection, crop_from_mesh
from .portrait import Portrait, portrait_from

MIN_PRESENCE = 0.5
MIN_WIDTH = 80
"""Pixels; a smaller mouth has too little to animate."""

MAX_YAW = 35.0
"""Degrees; beyond, half of the mouth is hidden."""

MAX_OUTSIDE = 0.05
"""Share of the mesh's area that may lie outside the photo."""

SURE_PRESENCE = 0.9
"""Beside a face of this presence, patterns that merely resemble one do not count."""

CLEARLY_MEANT = 0.04
"""Share of the photo's width from which a face is what the photo is about: faces much smaller are not searched for."""

SAME_FACE = 0.3
"""Two meshes whose boxes overlap by more (IoU) are one face."""

MAX_CANDIDATES = 40
"""Detections of one pyramid level looked at by the mesh network: bounds the time on pathological pictures."""


@dataclass(frozen=True)
class FaceChoice:
    """The chosen face, its ``number`` from the left (from 1) and the ``count`` of faces."""

    portrait: Portrait
    number: int
    count: int


class FaceFinder:
    """Finds every face that is large enough. Raises `ModelMissing` or `ModelCorrupt`."""

    def __init__(self, store: ModelStore) -> None:
        self._detector = FaceDetector(store.path("face_detector.tflite"))
        self._mesh = MeshNetwork(store.path("face_landmarks_detector.tflite"))

    def find(self, photo: Photo) -> List[Portrait]:
        """Faces from left to right; empty if there is none.

        Doubtful faces (below `SURE_PRESENCE`) and those narrower than `MIN_WIDTH` only where there is no better one.
        """
        found: List[Portrait] = []
        for level, detections in enumerate(self._detector.search(photo.pixels)):
            if level > ALWAYS_SEARCHED and any(portrait.width > CLEARLY_MEANT * photo.width for portrait in found):
                break
            for detection in detections[:MAX_CANDIDATES]:
                if not any(_covers(portrait, detection) for portrait in found):
                    portrait = self._portrait(photo, detection)
                    if portrait is not None and not any(_same(portrait, other) for other in found):
                        found.append(portrait)
        usable = [portrait for portrait in found if portrait.width >= MIN_WIDTH]
        sure = [portrait for portrait in usable if portrait.presence > SURE_PRESENCE]
        return sorted(sure or usable or found, key=lambda portrait: portrait.box[0] + portrait.box[2])

    def track(self, photo: Photo, portrait: Portrait) -> Optional[Portrait]:
        """The same face in the next picture of a video, looked for where it was; None if it is gone."""
        mesh, presence = self._mesh.run(photo.pixels, crop_from_mesh(portrait.mesh))
        return portrait_from(mesh, presence) if presence > MIN_PRESENCE else None

    def _portrait(self, photo: Photo, detection: Detection) -> Optional[Portrait]:
        mesh, presence = self._mesh.run(photo.pixels, crop_from_detection(detection))
        if presence <= MIN_PRESENCE:
            return None
        # The detector's box is rough: a second look, framed by the first mesh, is what the network was trained on.
        mesh, presence = self._mesh.run(photo.pixels, crop_from_mesh(mesh))
        return portrait_from(mesh, presence) if presence > MIN_PRESENCE else None


def choose_face(portraits: Sequence[Portrait], number: Optional[int] = None) -> FaceChoice:
    """Face ``number`` from the left, by default the largest.

    Raises `FaceNotFound` if there is none, `FaceChoiceInvalid` if there is none of that number.
    """
    if not portraits:
        raise FaceNotFound()
    if number is None:
        number = 1 + max(range(len(portraits)), key=lambda index: portraits[index].width)
    if not 1 <= number <= len(portraits):
        raise FaceChoiceInvalid(f"face {number} of {len(portraits)}")
    return FaceChoice(portraits[number - 1], number, len(portraits))


def check_portrait(portrait: Portrait, photo: Photo) -> None:
    """Whether this face can be animated. Raises `FaceTooSmall`, `FaceProfile`, `FaceCutOff`."""
    if portrait.width < MIN_WIDTH:
        raise FaceTooSmall(f"{portrait.width:.0f} px wide")
    if abs(portrait.yaw) > MAX_YAW:
        raise FaceProfile(f"yaw {portrait.yaw:.0f} degrees")
    outside = share_outside(portrait, photo)
    if outside > MAX_OUTSIDE:
        raise FaceCutOff(f"{100 * outside:.0f} % outside")


def share_outside(portrait: Portrait, photo: Photo) -> float:
    """Share of the face's area, 0..1, that lies beyond the borders of the photo."""
    face = cv2.convexHull(np.ascontiguousarray(portrait.mesh[:, :2]))
    right, bottom = photo.width - 0.5, photo.height - 0.5
    frame = np.array([[-0.5, -0.5], [right, -0.5], [right, bottom], [-0.5, bottom]], np.float32)
    inside, _ = cv2.intersectConvexConvex(face, frame)
    return 1 - inside / max(cv2.contourArea(face), 1e-9)


def _covers(portrait: Portrait, detection: Detection) -> bool:
    """Whether the detection is of a face already found: its centre lies within it and the sizes are alike."""
    x0, y0, x1, y1 = portrait.box
    x, y = (detection.box[0] + detection.box[2]) / 2, (detection.box[1] + detection.box[3]) / 2
    ratio = detection.size / max(x1 - x0, y1 - y0)
    return x0 <= x <= x1 and y0 <= y <= y1 and 1 / 3 < ratio < 3


def _same(first: Portrait, second: Portrait) -> bool:
    return overlap(np.array(first.box), np.array(second.box)) > SAME_FACE
