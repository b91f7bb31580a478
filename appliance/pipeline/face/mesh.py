"""The 478-point face mesh.

Source: MediaPipe's face landmark model with attention mesh and irises (Grishchenko et al., "Attention Mesh:
High-fidelity Face Mesh Prediction in Real-time", 2020); tensors as in its model card.
"""

from __future__ import annotations

from pathlib import Path
from typing import Sequence, Tuple

import numpy as np

from .crop import Crop
from .detector import Detection
from .network import read_network
from .portrait import MESH_POINTS, level_frame
from .pose import EYE_LEFT, EYE_RIGHT

NETWORK_SIDE = 256
ENLARGE = 1.5
"""Side of the square that the network looks at, over the larger side of the face."""


class MeshNetwork:
    """``path``: ``face_landmarks_detector.tflite``. Raises `ModelCorrupt` if it cannot be read."""

    def __init__(self, path: Path) -> None:
        self._network = read_network(path)

    def run(self, pixels: np.ndarray, crop: Crop) -> Tuple[np.ndarray, float]:
        """Mesh float32 (478, 3) in photo pixels and presence 0..1 of the face within ``crop``."""
        square = crop.sample(pixels, NETWORK_SIDE)
        self._network.setInput((square.astype(np.float32) / 255).transpose(2, 0, 1)[None])
        points, logit = self._network.forward(["Identity", "Identity_1"])
        mesh = points.reshape(MESH_POINTS, 3).astype(np.float64)
        matrix = crop.matrix(NETWORK_SIDE)
        # The network counts from the edge of its picture, the photo from the centre of its first pixel.
        mesh[:, :2] = (mesh[:, :2] - 0.5 - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T
        mesh[:, 2] *= crop.side / NETWORK_SIDE
        return mesh.astype(np.float32), float(1 / (1 + np.exp(-np.clip(logit.item(), -50, 50))))


def crop_from_detection(detection: Detection) -> Crop:
    x0, y0, x1, y1 = detection.box
    return Crop((x0 + x1) / 2, (y0 + y1) / 2, ENLARGE * detection.size, _angle(*detection.eyes))


def crop_from_mesh(mesh: np.ndarray) -> Crop:
    roll = _angle(mesh[EYE_LEFT].tolist(), mesh[EYE_RIGHT].tolist())
    (left, top), (right, bottom), to_photo = level_frame(mesh, roll)
    centre = to_photo @ ((left + right) / 2, (top + bottom) / 2)
    return Crop(float(centre[0]), float(centre[1]), max(ENLARGE * max(right - left, bottom - top), 1.0), roll)


def _angle(left: Sequence[float], right: Sequence[float]) -> float:
    return float(np.degrees(np.arctan2(right[1] - left[1], right[0] - left[0])))
