"""What a viewfinder tells."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Optional, Tuple, Union

import numpy as np

from ...errors import SonicError


@dataclass(frozen=True)
class Seen:
    """What the camera sees now.

    ``picture``: uint8 (height, width, 3) RGB, mirrored, its longer side at most `viewfinder.DISPLAY_SIDE`. ``face``:
    box (x0, y0, x1, y1) of the largest face in it, None where there is none. ``guidance``: of `guidance.GUIDANCE`.
    """

    picture: np.ndarray
    face: Optional[Tuple[float, float, float, float]]
    guidance: str


@dataclass(frozen=True)
class CameraFailed:
    """The camera was lost or cannot be opened (told once, until `CameraBack`), or the photo that was asked for cannot
    be taken (told for each)."""

    error: SonicError


@dataclass(frozen=True)
class CameraBack:
    """After `CameraFailed`: pictures come again."""


@dataclass(frozen=True)
class PhotoTaken:
    path: Path


CameraEvent = Union[Seen, CameraFailed, CameraBack, PhotoTaken]
