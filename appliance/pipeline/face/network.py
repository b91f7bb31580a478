"""The face networks are TensorFlow Lite files run by OpenCV: small enough for any CPU, no further run time needed."""

from __future__ import annotations

from pathlib import Path

import cv2

from ...errors import ModelCorrupt


def read_network(path: Path) -> cv2.dnn.Net:
    """Raises `ModelCorrupt` if OpenCV cannot make a network of the file."""
    try:
        return cv2.dnn.readNetFromTFLite(str(path))
    except cv2.error as error:
        raise ModelCorrupt(f"{path.name}: {error}") from error
