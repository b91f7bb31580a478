"""Portraits for the photo encoder: crops as the appliance makes them, and what MediaPipe sees in each face.

    python -m models_om.corpus --only portraits

writes ``WORK/portraits.npz``: ``images`` uint8 (N,3,224,224), ``expressions`` float32 (N,32) by MediaPipe's blendshape
network (the teacher), ``colours`` float32 (N,9): mean RGB/127.5 - 1 of cheeks, lips and the white of the eyes.

Data: SFHQ-T2I synthetic portraits (MIT); no real person is among them. Teacher: MediaPipe face landmarker (Apache-2.0).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Iterable

import cv2
import numpy as np

from appliance.models import ModelStore
from appliance.pipeline.coefficients import COEFFICIENTS
from appliance.pipeline.face import FaceFinder, crop_for, network_image
from appliance.pipeline.photo import load_photo

TEACHER_POINTS = (
    0, 1, 4, 5, 6, 7, 8, 10, 13, 14, 17, 21, 33, 37, 39, 40, 46, 52, 53, 54, 55, 58, 61, 63, 65, 66, 67, 70, 78, 80,
    81, 82, 84, 87, 88, 91, 93, 95, 103, 105, 107, 109, 127, 132, 133, 136, 144, 145, 146, 148, 149, 150, 152, 153,
    154, 155, 157, 158, 159, 160, 161, 162, 163, 168, 172, 173, 176, 178, 181, 185, 191, 195, 197, 234, 246, 249,
    251, 263, 267, 269, 270, 276, 282, 283, 284, 285, 288, 291, 293, 295, 296, 297, 300, 308, 310, 311, 312, 314,
    317, 318, 321, 323, 324, 332, 334, 336, 338, 356, 361, 362, 365, 373, 374, 375, 377, 378, 379, 380, 381, 382,
    384, 385, 386, 387, 388, 389, 390, 397, 398, 400, 402, 405, 409, 415, 454, 466, 468, 469, 470, 471, 472, 473,
    474, 475, 476, 477,
)  # fmt: skip
"""The 146 mesh points that MediaPipe's blendshape network reads, a fact of that network."""

CHEEKS = (50, 280, 205, 425)
LIPS = (0, 17, 37, 267, 84, 314)
EYE_WHITES = ((468, 33), (468, 133), (473, 263), (473, 362))
"""Iris centre and corner of the eye: the white lies three quarters of the way between them."""


class Teacher:
    """MediaPipe's blendshape network."""

    def __init__(self, network: Path, names: Iterable[str]) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self.interpreter = Interpreter(str(network), num_threads=1)
        self.interpreter.allocate_tensors()
        columns = {name: column for column, name in enumerate(names)}
        self.columns = [columns.get(name, -1) for name in COEFFICIENTS]

    def expression(self, mesh: np.ndarray) -> np.ndarray:
        """Coefficients (32,) of a mesh (478,3) in pixels; 0 for a name that the network does not know."""
        points = np.ascontiguousarray(mesh[list(TEACHER_POINTS), :2], dtype=np.float32)[None]
        self.interpreter.set_tensor(self.interpreter.get_input_details()[0]["index"], points)
        self.interpreter.invoke()
        values = self.interpreter.get_tensor(self.interpreter.get_output_details()[0]["index"]).ravel()
        return np.array([values[column] if column >= 0 else 0.0 for column in self.columns], np.float32)


def colours(image: np.ndarray, mesh: np.ndarray) -> np.ndarray:
    """Mean colours (9,) of cheeks, lips, eye whites. ``image`` (3,224,224) in -1..1, ``mesh`` (478,2) in its pixels."""
    smooth = cv2.GaussianBlur(image.transpose(1, 2, 0), (0, 0), 1.5)
    whites = np.array([mesh[iris] + 0.75 * (mesh[corner] - mesh[iris]) for iris, corner in EYE_WHITES])
    groups = (mesh[list(CHEEKS)], mesh[list(LIPS)], whites)
    places = [np.clip(np.round(group).astype(int), 0, image.shape[1] - 1) for group in groups]
    return np.concatenate([smooth[place[:, 1], place[:, 0]].mean(0) for place in places]).astype(np.float32)


def build(data: Path, store: ModelStore, path: Path) -> Dict[str, Any]:
    """Make the file of crops. Returns the figures of the report."""
    finder = FaceFinder(store)
    names = (data / "grid" / "blendshape_names.txt").read_text().split()
    teacher = Teacher(store.path("face_blendshapes.tflite"), names)
    images, expressions, appearances = [], [], []
    for file in sorted((data / "portraits").glob("*.jpg")):
        photo = load_photo(file)
        faces = finder.find(photo)
        if not faces:
            continue
        face = max(faces, key=lambda portrait: portrait.width)
        crop = crop_for(face, 0.15)
        image = network_image(photo, crop)[0]
        matrix = crop.matrix(image.shape[-1])
        mesh = face.mesh[:, :2] @ matrix[:, :2].T + matrix[:, 2]
        images.append(np.round((image + 1) * 127.5).astype(np.uint8))
        expressions.append(teacher.expression(face.mesh))
        appearances.append(colours(image, mesh))
    partial = path.with_suffix(".part")
    with open(partial, "wb") as saved:
        np.savez(saved, images=np.array(images), expressions=np.array(expressions), colours=np.array(appearances))
    partial.replace(path)
    return {"portraits": len(images)}
