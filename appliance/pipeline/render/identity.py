"""What is computed once per photo: how every motion coefficient moves this face's pixels.

The expressions of ICT-FaceKit, known at the 478 mesh points, are turned and scaled to the face and spread over a grid.
There are two layers: the upper lip with all above it, and the lower lip with the jaw. They share the displacement
everywhere but around the mouth opening, where each goes on smoothly beyond its own lip, so that the lips can part.
All fields are *forward* displacements in video pixels: where a pixel of the photo goes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Tuple

import numpy as np

from ...models import ModelStore
from ..coefficients import COEFFICIENTS, INDEX, MOUTH, POSE
from ..face import topology as topo
from .canvas import Canvas
from .fields import LOWER_LAYER, UPPER_LAYER, cell_of, grid_over, layer_field, pose_fields, shared_field, windows
from .geometry import face_height, moving_box, parting, up_of
from .lips import closing, layer_masks, near_mouth

WARPED = tuple(range(MOUTH.start, MOUTH.stop)) + tuple(INDEX[n] for n in COEFFICIENTS if n.startswith("brow"))
"""The coefficients that have a displacement field; the lids are moved by `eyelids.py`."""

CLOSE, REST, FIRST_POSE = len(WARPED), len(WARPED) + 1, len(WARPED) + 2
FIELDS = FIRST_POSE + len(POSE)
"""Fields: one a warped coefficient, the lips' contact, the rest pose, six of the head pose."""


@dataclass(frozen=True)
class Identity:
    """``box`` (x0, y0, x1, y1) video px: the part of the picture that can move. ``upper``, ``lower`` float32
    (`FIELDS`, rows, columns, 2) video px, on a grid of ``cell`` px over it. ``look`` (128,) and ``expression`` (32,)
    come from the `sonic` network."""

    canvas: Canvas
    mesh: np.ndarray
    face_height: float
    box: Tuple[int, int, int, int]
    cell: int
    upper: np.ndarray
    lower: np.ndarray
    upper_alpha: np.ndarray
    lower_alpha: np.ndarray
    mouth_box: Tuple[int, int, int, int]
    gap_per_coefficient: np.ndarray
    """(len(WARPED),) video px by which each coefficient parts the middle of the lips."""
    seam: np.ndarray
    """(2,) video px: the middle of the closed mouth in the rest pose."""
    head_axes: np.ndarray
    """(2,2): unit of the basis' x and y on the picture, in video px a face height."""
    teeth_deltas: np.ndarray
    """(32,2) video px: where the lower teeth go with each coefficient."""
    look: np.ndarray
    expression: np.ndarray


def build_identity(
    canvas: Canvas, mesh: np.ndarray, store: ModelStore, look: np.ndarray, expression: np.ndarray
) -> Identity:
    """``mesh`` float32 (478,3) photo px. Raises `ModelMissing` or `ModelCorrupt` without the basis file."""
    points = canvas.to_video(mesh)
    points[:, 2] *= -1  # towards the viewer, like the basis
    basis = np.load(store.data_file("built/ict_basis.npz"))
    rotation, scale = _fit_head(basis["neutral"], points)
    deltas = scale * np.einsum("ij,kpj->kpi", rotation[:2], basis["deltas"].astype(np.float32))
    height = face_height(points)

    box = moving_box(points, canvas.still.shape)
    grid = grid_over(box)
    flat = grid.reshape(-1, 2)
    motions = deltas[list(WARPED)]
    close, rest = closing(points, deltas, height, expression)
    per_point = np.concatenate([motions, close[None], rest[None]])  # (n,478,2)

    own, fade = windows(points, height, flat)
    shared = shared_field(points, per_point, flat)
    pose = pose_fields(points, height, flat) * own[:, None, None]
    weight = near_mouth(points, height, flat)
    near = weight > 0
    layers = []
    for lip in (UPPER_LAYER, LOWER_LAYER):
        layer = shared.copy()
        layer[near] += weight[near, None, None] * (layer_field(points, per_point, flat[near], lip) - shared[near])
        fields = np.concatenate([layer * fade[:, None, None], pose], 1).transpose(1, 0, 2)
        layers.append(np.ascontiguousarray(fields).reshape(FIELDS, *grid.shape))
    upper_alpha, lower_alpha, mouth_box = layer_masks(points, height, canvas.still.shape[:2])
    # The basis knows the lower teeth only by the lip that lies on them when the jaw alone moves.
    jaw = [index for index, name in enumerate(COEFFICIENTS) if name.startswith("jaw")]
    teeth = np.zeros((len(COEFFICIENTS), 2), np.float32)
    teeth[jaw] = deltas[jaw, topo.LOWER_ROWS[0][4]]
    return Identity(
        canvas=canvas, mesh=points, face_height=height, box=box, cell=cell_of(box), upper=layers[0], lower=layers[1],
        upper_alpha=upper_alpha, lower_alpha=lower_alpha, mouth_box=mouth_box,
        gap_per_coefficient=parting(motions, up_of(points)), seam=(points[:, :2] + rest)[list(topo.SEAM)].mean(0),
        head_axes=(rotation[:2, :2] * scale).T.astype(np.float32),
        teeth_deltas=teeth, look=look, expression=expression,
    )  # fmt: skip


def _fit_head(neutral: np.ndarray, points: np.ndarray) -> Tuple[np.ndarray, float]:
    """Rotation (3,3) and scale from the basis to the picture, by the points that hardly move (Umeyama 1991)."""
    stable = list(topo.STABLE)
    a, b = neutral[stable], points[stable]
    a, b = a - a.mean(0), b - b.mean(0)
    u, singular, vt = np.linalg.svd(b.T @ a)
    sign = np.diag([1, 1, np.sign(np.linalg.det(u @ vt))])
    return u @ sign @ vt, float((singular * np.diag(sign)).sum() / (a**2).sum())
