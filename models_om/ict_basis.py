"""The ICT-FaceKit expressions at the 478 points of the face mesh, as one small file the appliance can read.

ICT-FaceKit (Li et al., *Learning Formation of Physically-Based Face Attributes*, CVPR 2020; MIT) and the mesh of
MediaPipe know nothing of each other. The bridge is found by rendering the head and letting the mesh network look at it:
each of its points falls on one triangle of the head, whose expression offsets it then inherits. The lips are found
on a slightly open mouth, where the two inner contours lie apart.

    python -m models_om.ict_basis --data ../shared/data --out models_om/built/ict_basis.npz [--picture check.png]
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Dict, List, Tuple

import cv2
import numpy as np

from appliance.models import ModelStore
from appliance.pipeline.coefficients import COEFFICIENTS
from appliance.pipeline.face import FaceFinder
from appliance.pipeline.photo import Photo

SIZE = 768
PIXELS_PER_UNIT = 26.0
CENTRE_UP = -2.0
LIP_OPENING = 0.25
"""jawOpen of the picture on which the lips are located."""

SKIN, LIPS = 0, (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 185, 40, 39, 37, 0, 267, 269, 270, 409,
                 78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 191, 80, 81, 82, 13, 312, 311, 310, 415)  # fmt: skip
FACE_TOP, FACE_BOTTOM = 10, 152
COLOURS = {
    0: (205, 160, 140), 1: (205, 160, 140), 2: (150, 70, 75), 3: (235, 230, 220), 4: (240, 240, 240), 5: (70, 50, 40),
    6: (240, 240, 240), 7: (70, 50, 40), 11: (40, 30, 30),
}  # fmt: skip
"""RGB by material; materials that are not named (tear film, eye blend) are not drawn."""

PAIRED = {
    "browInnerUp": ("browInnerUp_L", "browInnerUp_R"),
    "cheekPuff": ("cheekPuff_L", "cheekPuff_R"),
}


class Head:
    """ICT-FaceKit light: (V,3) vertices, (T,3) triangles, 57 expression offsets."""

    def __init__(self, data: Path) -> None:
        archive = np.load(data / "ict_facekit" / "ict_facekit.npz")
        self.neutral = archive["neutral"].astype(np.float32)
        self.triangles = archive["triangles"]
        self.material = archive["triangle_material"]
        names = [str(name) for name in archive["expression_names"]]
        self.offsets: Dict[str, np.ndarray] = dict(zip(names, archive["expressions"].astype(np.float32)))

    def expression(self, coefficient: str) -> np.ndarray:
        """Offsets (V,3) of one of the appliance's 32 coefficients; zeros where the model has no such shape."""
        if coefficient in PAIRED:
            return np.sum([self.offsets[name] for name in PAIRED[coefficient]], axis=0)
        name = coefficient.replace("Left", "_L").replace("Right", "_R") if coefficient not in self.offsets else coefficient
        return self.offsets.get(name, np.zeros_like(self.neutral))


def render(head: Head, vertices: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Orthographic frontal picture: uint8 (SIZE,SIZE,3) RGB and the triangle seen at each pixel, -1 for none."""
    points = to_pixels(vertices)
    corners = vertices[head.triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True) + 1e-9
    light = np.array([0.25, 0.45, 0.85]) / np.linalg.norm([0.25, 0.45, 0.85])
    shade = 0.35 + 0.65 * np.clip(normals @ light, 0, 1)
    drawn = np.isin(head.material, list(COLOURS)) & (normals[:, 2] > 0)
    # Painter's order is exact enough here: the head has no triangles that pass through each other.
    order = np.nonzero(drawn)[0]
    order = order[np.argsort(corners[order, :, 2].mean(1))]
    picture = np.full((SIZE, SIZE, 3), 120, np.uint8)
    seen = np.full((SIZE, SIZE), -1, np.int32)
    for index in order:
        polygon = np.round(points[head.triangles[index]] * 16).astype(np.int32)
        colour = np.array(COLOURS[int(head.material[index])]) * shade[index]
        cv2.fillConvexPoly(picture, polygon, colour.tolist(), cv2.LINE_8, 4)
        cv2.fillConvexPoly(seen, polygon, int(index), cv2.LINE_8, 4)
    return cv2.GaussianBlur(picture, (0, 0), 1.0), seen


def to_pixels(vertices: np.ndarray) -> np.ndarray:
    """Model units (…,3) → pixels (…,2) of `render`."""
    return np.stack(
        [SIZE / 2 + vertices[..., 0] * PIXELS_PER_UNIT, SIZE / 2 - (vertices[..., 1] - CENTRE_UP) * PIXELS_PER_UNIT], -1
    )


def locate(head: Head, vertices: np.ndarray, finder: FaceFinder) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where the mesh's points lie on the head: triangle (478,), barycentric weights (478,3), and the picture."""
    picture, seen = render(head, vertices)
    faces = finder.find(Photo(picture))
    if not faces:
        raise SystemExit("the mesh network sees no face on the rendered head")
    mesh = faces[0].mesh[:, :2]
    visible = np.unique(seen[seen >= 0])
    visible = visible[head.material[visible] == SKIN]
    centres = to_pixels(vertices[head.triangles[visible]]).mean(1)
    chosen: List[int] = []
    weights: List[np.ndarray] = []
    for point in mesh:
        near = visible[np.argsort(((centres - point) ** 2).sum(1))[:24]]
        candidates = [barycentric(point, to_pixels(vertices[head.triangles[t]])) for t in near]
        best = int(np.argmax([w.min() for w in candidates]))
        chosen.append(int(near[best]))
        weights.append(np.clip(candidates[best], 0, None) / np.clip(candidates[best], 0, None).sum())
    for point in mesh:
        cv2.circle(picture, tuple(np.round(point).astype(int)), 1, (0, 255, 0), -1)
    return np.array(chosen), np.array(weights), picture


def barycentric(point: np.ndarray, triangle: np.ndarray) -> np.ndarray:
    """Weights (3,) of a point in a 2-D triangle (3,2); negative outside."""
    matrix = np.vstack([triangle.T, np.ones(3)])
    if abs(np.linalg.det(matrix)) < 1e-9:
        return np.array([-1e9, -1e9, -1e9])
    return np.linalg.solve(matrix, np.append(point, 1.0))


def basis(head: Head, finder: FaceFinder) -> Tuple[Dict[str, np.ndarray], np.ndarray]:
    """``neutral`` (478,3) and ``deltas`` (32,478,3): units of face height, x right, y down, z towards the viewer."""
    triangles, weights, _ = locate(head, head.neutral, finder)
    parted = head.neutral + LIP_OPENING * head.expression("jawOpen")
    lip_triangles, lip_weights, picture = locate(head, parted, finder)
    lips = list(LIPS)
    triangles[lips], weights[lips] = lip_triangles[lips], lip_weights[lips]

    corners = head.triangles[triangles]

    def at_points(vertices: np.ndarray) -> np.ndarray:
        return np.einsum("pc,pcx->px", weights, vertices[corners])

    neutral = at_points(head.neutral)
    height = neutral[FACE_TOP, 1] - neutral[FACE_BOTTOM, 1]
    to_image = np.array([1.0, -1.0, 1.0]) / height
    deltas = np.stack([at_points(head.expression(name)) for name in COEFFICIENTS]) * to_image
    centred = (neutral - neutral[[FACE_TOP, FACE_BOTTOM]].mean(0)) * to_image
    return {"neutral": centred.astype(np.float32), "deltas": deltas.astype(np.float16)}, picture


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--picture", type=Path)
    arguments = parser.parse_args()
    arrays, picture = basis(Head(arguments.data), FaceFinder(ModelStore()))
    np.savez_compressed(arguments.out, **arrays)
    if arguments.picture:
        cv2.imwrite(str(arguments.picture), picture[..., ::-1])


if __name__ == "__main__":
    main()
