"""One training pair of the painter, and a file of many."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterable, List

import cv2
import numpy as np

from appliance.pipeline.render.patch import PATCH


@dataclass(frozen=True)
class MouthSample:
    """``patch``, ``neutral``, ``target`` uint8 (PATCH,PATCH,3) RGB; ``guide`` float32 (PATCH,PATCH,3) 0..1: opening,
    upper row, lower row with the tongue; ``motion`` (32,). ``blur`` px: how soft the target is. ``face``: who it is;
    ``moment``: samples of one face whose numbers follow each other are frames of one motion."""

    face: str
    moment: int
    split: str
    patch: np.ndarray
    guide: np.ndarray
    neutral: np.ndarray
    target: np.ndarray
    motion: np.ndarray
    blur: float


def laid_behind(still: np.ndarray, behind: np.ndarray, opening: np.ndarray) -> np.ndarray:
    """uint8 RGB: ``behind`` seen through the opening (h,w) of ``still``."""
    return np.clip(still + (behind - still) * opening[..., None] + 0.5, 0, 255).astype(np.uint8)


def other_edge(opening: np.ndarray, generator: np.random.Generator, reach: float) -> np.ndarray:
    """The opening (h,w) with its edge up to ``reach`` px further in or out, and its place a little off: what lips look
    like where the mesh was not exact."""
    by = float(generator.uniform(-reach, reach))
    size = 2 * int(np.ceil(abs(by))) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    moved = (cv2.dilate if by > 0 else cv2.erode)(opening, kernel)
    shift = np.array([[1, 0, generator.uniform(-0.5, 0.5)], [0, 1, generator.uniform(-0.7, 0.7)]])
    return cv2.warpAffine(moved, shift, opening.shape[::-1], flags=cv2.INTER_LINEAR)


def save(samples: Iterable[MouthSample], path: Path) -> int:
    """Write ``path`` (npz); appears whole or not at all. Returns the number of samples."""
    rows: Dict[str, List] = {}
    for sample in samples:
        crop = np.concatenate([sample.patch, np.round(sample.guide * 255).astype(np.uint8), sample.neutral], axis=2)
        values = {
            "face": sample.face, "moment": sample.moment, "split": sample.split, "blur": np.float32(sample.blur),
            "motion": sample.motion.astype(np.float16), "crop": crop.transpose(2, 0, 1),
            "target": sample.target.transpose(2, 0, 1),
        }  # fmt: skip
        assert crop.shape == (PATCH, PATCH, 9)
        for key, value in values.items():
            rows.setdefault(key, []).append(value)
    partial = path.with_suffix(".part.npz")
    np.savez(partial, **{key: np.array(value) for key, value in rows.items()})
    partial.replace(path)
    return len(rows.get("face", []))
