"""What a camera might see: the head of the public-domain portrait of Eileen Collins, somewhere before a grey wall."""

from __future__ import annotations

from typing import Tuple

import cv2
import numpy as np
from faces import astronaut

from appliance.capture.camera.face_watch import LONG_SIDE

GREY = 128
RIGHT_SIZE = 500
"""Side of the head's square in a picture of 1280 x 720, from a good distance."""


def head() -> np.ndarray:
    """Head and shoulders, 420 x 420; the face is 183 pixels wide."""
    return cv2.resize(astronaut().pixels, (1024, 1024), interpolation=cv2.INTER_CUBIC)[20:440, 240:660]


def scene(*heads: Tuple[int, int, int], size: Tuple[int, int] = (1280, 720)) -> np.ndarray:
    """A picture of ``size`` (width, height) with heads (x, y of the middle, side of the square), cut off where they go
    beyond it."""
    width, height = size
    margin = 1000
    wall = np.full((height + 2 * margin, width + 2 * margin, 3), GREY, np.uint8)
    for x, y, side in heads:
        left, top = margin + x - side // 2, margin + y - side // 2
        wall[top : top + side, left : left + side] = cv2.resize(head(), (side, side), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(wall[margin : margin + height, margin : margin + width])


def well_placed() -> np.ndarray:
    return scene((640, 360, RIGHT_SIZE))


def small(picture: np.ndarray) -> np.ndarray:
    """At the size in which faces are watched."""
    scale = LONG_SIDE / max(picture.shape[:2])
    return cv2.resize(picture, (0, 0), fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def tilted(picture: np.ndarray, degrees: float) -> np.ndarray:
    height, width = picture.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    return cv2.warpAffine(picture, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)


def lit(picture: np.ndarray, gain: float, offset: float = 0.0) -> np.ndarray:
    return np.clip(picture * gain + offset, 0, 255).astype(np.uint8)


def blurred(picture: np.ndarray, radius: float) -> np.ndarray:
    return cv2.GaussianBlur(picture, (0, 0), radius)
