"""Faces in a photo: where they are, how they are turned, which one is meant, and the square that will be animated."""

from __future__ import annotations

from .crop import Crop, crop_for, network_image
from .finder import FaceChoice, FaceFinder, check_portrait, choose_face
from .portrait import Portrait

__all__ = [
    "Crop",
    "FaceChoice",
    "FaceFinder",
    "Portrait",
    "check_portrait",
    "choose_face",
    "crop_for",
    "network_image",
]
