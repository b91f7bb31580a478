"""Teeth in a drawn frame, found by their colour between the lips: whatever painted them."""

from __future__ import annotations

import cv2
import numpy as np

from appliance.pipeline.face import Portrait
from appliance.pipeline.face import topology as topo

LUMINANCE = np.array([0.299, 0.587, 0.114])
BRIGHT, LESS_RED = 0.45, 0.93
"""Of the skin: a tooth has at least so much of its luminance, and at most so much of its ratio of red to green. Lips,
gums and tongue are redder than skin, the cavity is darker."""

IN_SIGHT = 0.01
"""Area of the teeth, in squared mouth widths, from which a viewer sees teeth: a line some millimetres long."""


def teeth_area(frame: np.ndarray, face: Portrait) -> float:
    """Tooth-coloured area between the lips of a frame uint8 (h,w,3), in squares of the mouth's width."""
    points = face.mesh[:, :2]
    skin = _skin(frame, points)
    outline = np.concatenate([points[list(topo.UPPER_INNER)], points[list(topo.LOWER_INNER[::-1])]])
    mask = np.zeros(frame.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.round(outline * 16).astype(np.int32)], 1, shift=4)
    inside = frame[mask > 0].astype(np.float32)
    bright = inside @ LUMINANCE > BRIGHT * (skin @ LUMINANCE)
    pale = inside[:, 0] / (inside[:, 1] + 1) < LESS_RED * skin[0] / (skin[1] + 1)
    width = float(np.linalg.norm(points[topo.MOUTH_CORNERS[1]] - points[topo.MOUTH_CORNERS[0]]))
    return float((bright & pale).sum()) / width**2


def _skin(frame: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Median RGB (3,) of the cheeks."""
    reach = max(2, int(0.02 * np.linalg.norm(points[topo.CHIN] - points[topo.FOREHEAD])))
    places = np.round(points[list(topo.CHEEKS)]).astype(int)
    patches = [frame[max(0, y - reach) : y + reach, max(0, x - reach) : x + reach].reshape(-1, 3) for x, y in places]
    return np.median(np.concatenate(patches), axis=0)
