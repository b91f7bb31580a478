"""A real face to make things of: the public-domain portrait of Eileen Collins, smiling, with her teeth showing."""

from __future__ import annotations

from typing import Any

import numpy as np
from skimage import data

from appliance.models import ModelStore
from appliance.pipeline.coefficients import COEFFICIENTS, INDEX, POSE
from appliance.pipeline.face import FaceFinder, Portrait, crop_for
from appliance.pipeline.photo import Photo
from appliance.pipeline.render.canvas import Canvas, face_canvas, full_canvas
from appliance.pipeline.render.identity import Identity, build_identity

STILL = np.zeros(len(POSE), np.float32)


def motion(**values: float) -> np.ndarray:
    """(32,) coefficients; a name without its side sets both."""
    coefficients = np.zeros(len(COEFFICIENTS), np.float32)
    for name, value in values.items():
        for whole in (name, name + "Left", name + "Right"):
            if whole in INDEX:
                coefficients[INDEX[whole]] = value
    return coefficients


def pose(**values: float) -> np.ndarray:
    """(6,) head pose."""
    return np.array([values.get(name, 0.0) for name in POSE], np.float32)


def astronaut() -> Photo:
    return Photo(data.astronaut())


def portrait(store: ModelStore, photo: Photo) -> Portrait:
    return max(FaceFinder(store).find(photo), key=lambda face: face.width)


def canvas(store: ModelStore, photo: Photo, framing: str = "face", size: int = 384) -> Canvas:
    if framing == "full":
        return full_canvas(photo, size)
    return face_canvas(photo, crop_for(portrait(store, photo), 0.15), size)


def identity(store: ModelStore, photo: Any = None, framing: str = "face", size: int = 384) -> Identity:
    photo = photo or astronaut()
    smile = motion(mouthSmile=0.85)
    picture = canvas(store, photo, framing, size)
    return build_identity(picture, portrait(store, photo).mesh, store, np.zeros(128, np.float32), smile)
