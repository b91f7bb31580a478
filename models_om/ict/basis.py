"""The ICT-FaceKit expressions at the 478 points of the face mesh, as one small file the appliance can read.

ICT-FaceKit (Li et al., *Learning Formation of Physically-Based Face Attributes*, CVPR 2020; MIT) and the mesh of
MediaPipe know nothing of each other. The bridge is found by rendering the head and letting the mesh network look at it:
each of its points falls on one triangle of the head, whose expression offsets it then inherits. The lips are found
on a slightly open mouth, where the two inner contours lie apart.

    python -m models_om.ict.basis --data DATA --out models_om/built/ict_basis.npz [--picture CHECK.png]
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Dict, List, Tuple

import cv2
import numpy as np

from appliance.models import ModelStore
from appliance.pipeline.coefficients import COEFFICIENTS
from appliance.pipeline.face import FaceFinder, topology
from appliance.pipeline.photo import Photo

from .head import Head

SIZE = 768
PIXELS_PER_UNIT = 26.0
CENTRE_UP = -2.0
LIP_OPENING = 0.25
"""jawOpen of the picture on which the lips are located."""

SKIN = 0
LIPS = (*topology.UPPER_LIP, *topology.LOWER_LIP, *topology.MOUTH_CORNERS, *topology.INNER_CORNERS)
COLOURS = {
    0: (205, 160, 140), 1: (205, 160, 140), 2: (150, 70, 75), 3: (235, 230, 220), 4: (240, 240, 240), 5: (70, 50, 40),
    6: (240, 240, 240), 7: (70, 50, 40), 11: (40, 30, 30),
}  # fmt: skip
"""RGB by material; materials that are not named (tear film, eye blend) are not drawn."""

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


def smooth_along_lips(deltas: np.ndarray) -> np.ndarray:
    """The points of a lip row are found one by one, each a little off: without this the lips' edges would be bent."""
    smoothed = deltas.copy()
    for rows in (topology.UPPER_ROWS, topology.LOWER_ROWS):
        for row in rows:
            line = [topology.INNER_CORNERS[0], *row, topology.INNER_CORNERS[1]]
            values = deltas[:, line]
            for _ in range(2):
                values[:, 1:-1] = 0.25 * values[:, :-2] + 0.5 * values[:, 1:-1] + 0.25 * values[:, 2:]
            smoothed[:, list(row)] = values[:, 1:-1]
    return smoothed


def barycentric(point: np.ndarray, triangle: np.ndarray) -> np.ndarray:
    """Weights (3,) of a point in a 2-D triangle (3,2); negative outside."""
    matrix = np.vstack([triangle.T, np.ones(3)])
    if abs(np.linalg.det(matrix)) < 1e-9:
        return np.array([-1e9, -1e9, -1e9])
    return np.linalg.solve(matrix, np.append(point, 1.0))


def basis(head: Head, finder: FaceFinder) -> Tuple[Dict[str, np.ndarray], np.ndarray]:
    """``neutral`` (478,3) and ``deltas`` (32,478,3): units of face height, x right, y down, z towards the viewer.

    ``model_centre`` (3,) and ``model_face_height`` lead back: model = neutral * (1,-1,1) * face height + centre.
    """
    triangles, weights, _ = locate(head, head.neutral, finder)
    parted = head.neutral + LIP_OPENING * head.expression("jawOpen")
    lip_triangles, lip_weights, picture = locate(head, parted, finder)
    lips = list(LIPS)
    triangles[lips], weights[lips] = lip_triangles[lips], lip_weights[lips]

    corners = head.triangles[triangles]

    def at_points(vertices: np.ndarray) -> np.ndarray:
        return np.einsum("pc,pcx->px", weights, vertices[corners])

    neutral = at_points(head.neutral)
    height = neutral[topology.FOREHEAD, 1] - neutral[topology.CHIN, 1]
    to_image = np.array([1.0, -1.0, 1.0]) / height
    deltas = np.stack([at_points(head.expression(name)) for name in COEFFICIENTS]) * to_image
    deltas = smooth_along_lips(deltas)
    centre = neutral[[topology.FOREHEAD, topology.CHIN]].mean(0)
    arrays = {
        "neutral": ((neutral - centre) * to_image).astype(np.float32),
        "deltas": deltas.astype(np.float16),
        "model_centre": centre.astype(np.float32),
        "model_face_height": np.float32(height),
    }
    return arrays, picture


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
