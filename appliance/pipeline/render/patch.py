"""The square around the mouth that the painter sees and paints: fixed to the skull, the same for every face.

The eye centres lie level and `EYE_DISTANCE` apart, the point under the nose at `UNDER_NOSE`. It is the alignment of the
lower-face crops of the training data, so real mouths, rendered ones and those of photos lie alike.
"""

from __future__ import annotations

import cv2
import numpy as np

from ..face import topology as topo

PATCH = 160
"""Pixels a side."""

EYE_DISTANCE = PATCH * 111 / 128
UNDER_NOSE = (PATCH * 64 / 128, PATCH * 26 / 128)

RIGHT_EYE = topo.RIGHT_EYE_UPPER + topo.RIGHT_EYE_LOWER[1:-1]
LEFT_EYE = topo.LEFT_EYE_UPPER + topo.LEFT_EYE_LOWER[1:-1]


def patch_matrix(mesh: np.ndarray) -> np.ndarray:
    """float64 (2,3): picture px → patch px, of a mesh (478,2 or 3) in picture px."""
    right, left = mesh[list(RIGHT_EYE), :2].mean(0), mesh[list(LEFT_EYE), :2].mean(0)
    along = (left - right).astype(np.float64)
    turn = EYE_DISTANCE / (along @ along) * np.array([[along[0], along[1]], [-along[1], along[0]]])
    return np.column_stack([turn, np.array(UNDER_NOSE) - turn @ mesh[topo.NOSE_BASE, :2]])


def from_corner(matrix: np.ndarray, corner: np.ndarray) -> np.ndarray:
    """The matrix for a picture that is a cut-out whose first pixel lies at ``corner`` (x, y)."""
    moved = matrix.copy()
    moved[:, 2] += matrix[:, :2] @ corner
    return moved


def to_patch(picture: np.ndarray, matrix: np.ndarray, border: int = cv2.BORDER_REPLICATE) -> np.ndarray:
    """(PATCH,PATCH,...) of a picture (h,w,...) whose pixels ``matrix`` takes to the patch."""
    reduction = int(1 / np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    if reduction > 1:
        # Bilinear sampling that skips pixels would tremble: reduce by areas first.
        height, width = (side // reduction for side in picture.shape[:2])
        picture = picture[: height * reduction, : width * reduction]
        picture = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
        between = (reduction - 1) / 2
        matrix = matrix @ np.array([[reduction, 0, between], [0, reduction, between], [0, 0, 1]])
    return cv2.warpAffine(picture, matrix, (PATCH, PATCH), flags=cv2.INTER_LINEAR, borderMode=border)


def from_patch(patch: np.ndarray, matrix: np.ndarray, width: int, height: int) -> np.ndarray:
    """(height,width,...) where ``matrix`` takes its pixels to the patch; 0 beyond the patch."""
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(patch, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_CONSTANT)
