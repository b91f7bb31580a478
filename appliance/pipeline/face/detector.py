"""BlazeFace short range: boxes and eyes of the faces in a photo.

The network sees 128 x 128 pixels and finds faces that fill about a sixth of them or more. Large photos with small
faces are therefore searched in a pyramid: each level doubles the resolution and is covered by windows that overlap by
half.

Source: Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs", 2019.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Iterator, List, NamedTuple, Tuple

import cv2
import numpy as np

from .network import read_network

WINDOW = 128
MIN_LOGIT = 0.0
"""A score of one half. Low on purpose: the mesh network has the last word."""

MAX_OVERLAP = 0.3
ALWAYS_SEARCHED = 3
"""Number of the finest pyramid level worth searching in any photo; it has 7 windows a side."""

ANCHORS = ((16, 2), (8, 6))
"""Cells a side of the two feature maps, and anchors a cell."""


class Detection(NamedTuple):
    """A candidate, in photo pixels: ``box`` (x0, y0, x1, y1), ``eyes`` ((x, y) on the left of the picture, then right),
    ``logit`` of the score."""

    box: Tuple[float, float, float, float]
    eyes: Tuple[Tuple[float, float], Tuple[float, float]]
    logit: float

    @property
    def size(self) -> float:
        return max(self.box[2] - self.box[0], self.box[3] - self.box[1])


class FaceDetector:
    """``path``: ``face_detector.tflite``. Raises `ModelCorrupt` if it cannot be read."""

    def __init__(self, path: Path) -> None:
        self._network = read_network(path)

    def search(self, pixels: np.ndarray) -> Iterator[List[Detection]]:
        """Candidates level by level, coarse to fine; ``pixels`` uint8 (h, w, 3) RGB.

        The caller stops when it has found enough. The first level shows the photo at half size within the window, for
        faces that fill the photo to its borders.
        """
        longest = max(pixels.shape[:2])
        side = WINDOW // 2
        while side <= max(longest / 2, WINDOW):
            scale = side / longest
            size = [max(1, round(extent * scale)) for extent in pixels.shape[1::-1]]
            level = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
            yield self._search_level(level, np.array(pixels.shape[1::-1]) / size)
            side *= 2

    def _search_level(self, level: np.ndarray, to_photo: np.ndarray) -> List[Detection]:
        """``to_photo``: (2,) photo pixels a level pixel, in x and y."""
        rows = []
        for x, y in _window_corners(level.shape[1], level.shape[0]):
            window = _window(level, x, y)
            found = self._detect(window)
            if len(found):
                found[:, 1:].reshape(len(found), -1, 2)[:] += (x, y)
                rows.append(found)
        if not rows:
            return []
        table = np.concatenate(rows)
        points = (table[:, 1:].reshape(len(table), -1, 2)) * to_photo - 0.5
        best = non_maximum_suppression(points[:, :2].reshape(-1, 4), table[:, 0], MAX_OVERLAP)
        return [_detection(points[index], table[index, 0]) for index in best]

    def _detect(self, window: np.ndarray) -> np.ndarray:
        """float32 (n, 9): logit, box x0 y0 x1 y1, first eye x y, second eye x y, in window pixels (edges at 0, 128)."""
        self._network.setInput((window.astype(np.float32) / 127.5 - 1).transpose(2, 0, 1)[None])
        regressors, logits = self._network.forward(["regressors", "classificators"])
        keep = np.flatnonzero(logits[0, :, 0] > MIN_LOGIT)
        raw, centres = regressors[0, keep], _anchor_centres()[keep]
        middle = raw[:, :2] + centres
        half = np.abs(raw[:, 2:4]) / 2
        eyes = [raw[:, 4:6] + centres, raw[:, 6:8] + centres]
        return np.concatenate([logits[0, keep], middle - half, middle + half] + eyes, axis=1)


def _detection(points: np.ndarray, logit: float) -> Detection:
    (x0, y0), (x1, y1), first, second = points.tolist()
    return Detection((x0, y0, x1, y1), (tuple(first), tuple(second)), float(logit))


def _window_corners(width: int, height: int) -> List[Tuple[int, int]]:
    return [(x, y) for y in _starts(height) for x in _starts(width)]


def _starts(extent: int) -> List[int]:
    """Where windows begin along an axis: half overlapping, covering all of it; a shorter axis is centred."""
    if extent <= WINDOW:
        return [(extent - WINDOW) // 2]
    count = 1 + -(-(extent - WINDOW) // (WINDOW // 2))
    return [round(start) for start in np.linspace(0, extent - WINDOW, count)]


def _window(level: np.ndarray, x: int, y: int) -> np.ndarray:
    """128 x 128 pixels from (x, y) on, black outside the picture."""
    inside = level[max(y, 0) : y + WINDOW, max(x, 0) : x + WINDOW]
    if inside.shape[:2] == (WINDOW, WINDOW):
        return inside
    window = np.zeros((WINDOW, WINDOW, 3), np.uint8)
    top, left = max(-y, 0), max(-x, 0)
    window[top : top + inside.shape[0], left : left + inside.shape[1]] = inside
    return window


@lru_cache(maxsize=1)
def _anchor_centres() -> np.ndarray:
    """float32 (896, 2): x, y in window pixels."""
    centres = []
    for cells, repeats in ANCHORS:
        along = (np.arange(cells) + 0.5) * WINDOW / cells
        grid = np.stack(np.meshgrid(along, along), axis=-1).reshape(-1, 2)
        centres.append(np.repeat(grid, repeats, axis=0))
    return np.concatenate(centres).astype(np.float32)


def non_maximum_suppression(boxes: np.ndarray, scores: np.ndarray, max_overlap: float) -> List[int]:
    """Indices, best score first, of boxes (n, 4) that overlap no better one by more than ``max_overlap`` (IoU)."""
    kept: List[int] = []
    for index in np.argsort(-scores, kind="stable").tolist():
        if all(overlap(boxes[index], boxes[other]) <= max_overlap for other in kept):
            kept.append(index)
    return kept


def overlap(first: np.ndarray, second: np.ndarray) -> float:
    """Intersection over union of two boxes (x0, y0, x1, y1)."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    shared = max(width, 0.0) * max(height, 0.0)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (first, second)]
    return float(shared / max(sum(areas) - shared, 1e-9))
