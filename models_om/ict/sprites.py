"""Pictures of the upper and the lower teeth row (with gums, and the tongue with the lower one) from ICT-FaceKit.

The renderer lays them behind the lips of a photo: the upper row is fixed to the skull, the lower row to the jaw.
Shaded orthographically from the front in neutral colours; the renderer matches brightness and colour to the photo.

    python -m models_om.ict.sprites --data DATA --out models_om/built/mouth_sprites.npz [--picture CHECK.png]
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Dict, Tuple

import cv2
import numpy as np

from .head import Head

PIXELS_PER_FACE = 900
"""Resolution of the sprites: pixels a face height (forehead to chin)."""

SUPERSAMPLING = 3
GUMS, TEETH = 2, 3
COLOURS = {TEETH: (238.0, 229.0, 212.0), GUMS: (176.0, 92.0, 94.0)}
LIGHT = np.array([0.15, 0.35, 0.92])
SEAM, CORNERS = (13, 14), (78, 308)
"""Mesh points: middle and ends of the closed mouth, to which the renderer pins the sprites."""

FRONT_DEPTH, DARK_BEHIND = 10.6, 5.5
"""Model units: where the front teeth stand, and how far behind them nothing is seen any more."""

OPAQUE_FROM = 0.22
"""Share of the front's light at which a surface begins to be seen; at twice that it is opaque."""


def sprite(head: Head, basis: Dict[str, np.ndarray], lower: bool) -> Tuple[np.ndarray, np.ndarray]:
    """One row: uint8 (h,w,4) RGBA and the float32 (2,) place of its top left corner in the basis' coordinates."""
    moves = np.abs(head.offsets["jawOpen"]).sum(1) > 0.05
    drawn = np.isin(head.material, [GUMS, TEETH]) & (moves[head.triangles].all(1) == lower)
    vertices = head.neutral
    triangles, material = head.triangles[drawn], head.material[drawn]

    to_basis = np.array([1.0, -1.0]) / float(basis["model_face_height"])
    places = (vertices[:, :2] - basis["model_centre"][:2]) * to_basis
    low, high = places[triangles].min((0, 1)), places[triangles].max((0, 1))
    scale = PIXELS_PER_FACE * SUPERSAMPLING
    width, height = np.ceil((high - low) * PIXELS_PER_FACE).astype(int) + 2
    pixels = (places - low) * scale + SUPERSAMPLING

    normals = smooth_normals(vertices, head.triangles)
    light = LIGHT / np.linalg.norm(LIGHT)
    lit = 0.45 + 0.55 * np.clip(normals @ light, 0, 1) + 0.25 * np.clip(normals @ light, 0, 1) ** 24
    depth = np.clip(1 - (FRONT_DEPTH - vertices[:, 2]) / DARK_BEHIND, 0.0, 1)
    shade = (lit * depth)[triangles].mean(1)
    # What lies deep is left to the dark of the cavity, so that one row does not hide the other.
    opacity = 255 * np.clip(depth[triangles].mean(1) / OPAQUE_FROM - 1, 0, 1)

    canvas = np.zeros((height * SUPERSAMPLING, width * SUPERSAMPLING, 4), np.uint8)
    facing = normals[triangles].mean(1)[:, 2] > 0
    for index in np.argsort(vertices[triangles][:, :, 2].mean(1)):
        if facing[index] and opacity[index] > 0:
            colour = np.clip(np.array(COLOURS[int(material[index])]) * shade[index], 0, 255)
            polygon = np.round(pixels[triangles[index]] * 16).astype(np.int32)
            cv2.fillConvexPoly(canvas, polygon, (*colour.tolist(), float(opacity[index])), cv2.LINE_8, 4)
    premultiplied = canvas.astype(np.float32)
    premultiplied[..., :3] *= premultiplied[..., 3:] / 255
    # The model is coarse: without this its facets would show.
    premultiplied = cv2.GaussianBlur(premultiplied, (0, 0), 1.5 * SUPERSAMPLING)
    small = cv2.resize(premultiplied, (int(width), int(height)), interpolation=cv2.INTER_AREA)
    small[..., :3] /= np.maximum(small[..., 3:] / 255, 1e-3)
    return np.clip(np.round(small), 0, 255).astype(np.uint8), (low - 1 / PIXELS_PER_FACE).astype(np.float32)


def smooth_normals(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Unit normals (V,3), averaged over the triangles that meet at a vertex by area."""
    corners = vertices[triangles]
    faces = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = np.zeros_like(vertices)
    for corner in range(3):
        np.add.at(normals, triangles[:, corner], faces)
    return normals / (np.linalg.norm(normals, axis=1, keepdims=True) + 1e-9)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--basis", type=Path, default=Path(__file__).parent.parent / "built" / "ict_basis.npz")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--picture", type=Path)
    arguments = parser.parse_args()
    head, basis = Head(arguments.data), dict(np.load(arguments.basis))
    upper, upper_place = sprite(head, basis, lower=False)
    lower, lower_place = sprite(head, basis, lower=True)
    np.savez_compressed(
        arguments.out, upper=upper, upper_place=upper_place, lower=lower, lower_place=lower_place,
        pixels_per_face=np.int32(PIXELS_PER_FACE), seam=basis["neutral"][list(SEAM), :2].mean(0),
        mouth_width=np.linalg.norm(np.subtract(*basis["neutral"][list(CORNERS), :2])),
    )  # fmt: skip
    if arguments.picture:
        width = max(upper.shape[1], lower.shape[1])
        rows = [cv2.copyMakeBorder(s, 4, 4, 0, width - s.shape[1], cv2.BORDER_CONSTANT) for s in (upper, lower)]
        cv2.imwrite(str(arguments.picture), np.vstack(rows)[..., [2, 1, 0]])


if __name__ == "__main__":
    main()
