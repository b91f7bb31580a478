"""What is computed once per photo: how every motion coefficient moves this face's pixels.

The expressions of ICT-FaceKit, known at the 478 mesh points, are turned and scaled to the face and spread over a grid.
There are two layers: the upper lip with all above it, and the lower lip with the jaw. They share the displacement
everywhere but around the mouth opening, where each goes on smoothly beyond its own lip, so that the lips can part.
All fields are *forward* displacements in video pixels: where a pixel of the photo goes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Set, Tuple

import cv2
import numpy as np

from ..models import ModelStore
from . import topology as topo
from .canvas import Canvas
from .coefficients import COEFFICIENTS, INDEX, MOUTH, POSE
from .interpolation import interpolate

GRID = 160
WARPED = tuple(range(MOUTH.start, MOUTH.stop)) + tuple(INDEX[n] for n in COEFFICIENTS if n.startswith("brow"))
"""The coefficients that have a displacement field; the lids are moved by `eyelids.py`."""

CLOSE, REST, FIRST_POSE = len(WARPED), len(WARPED) + 1, len(WARPED) + 2
FIELDS = FIRST_POSE + len(POSE)
"""Fields: one a warped coefficient, the lips' contact, the rest pose, six of the head pose."""

# Shares of the face height (forehead to chin).
NECK_REACH = 0.24
SIDE_REACH = 0.16
BOX_ABOVE, BOX_BELOW, BOX_BESIDE = 0.55, 0.42, 0.42
HAIR_ABOVE, NECK_BELOW = 0.30, 0.28
RIM = 0.12
GHOST_ROWS = (0.03, 0.07, 0.12)
MOUTH_FADE = 0.10
CLOSED_GAP = 0.03
"""A gap above this is an open jaw, not parted lips."""

UPPER_SHARE = 0.35
"""Of the way to contact that the upper lip goes; the lower lip is the more mobile one."""

ROW_SHARE = (1.0, 0.8, 0.55, 0.3)
"""How much of the inner edge's closing motion each row of a lip makes, from the opening outwards."""

CORNER_SHARE = 0.45
"""Where the opening ends, between the inner and the outer corner of the lips."""

SMILE_KEPT = 0.5


@dataclass(frozen=True)
class Identity:
    """``box`` (x0, y0, x1, y1) video px: the part of the picture that can move. ``upper``, ``lower`` float32
    (`FIELDS`, GRID, GRID, 2) video px. ``look`` (128,) and ``expression`` (32,) come from the `sonic` network."""

    canvas: Canvas
    mesh: np.ndarray
    face_height: float
    box: Tuple[int, int, int, int]
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
    height = _face_height(points)

    box = moving_box(points, canvas.still.shape)
    grid = _grid(box)
    flat = grid.reshape(-1, 2)
    motions = deltas[list(WARPED)]
    close, rest = _closing(points, motions, height, expression)
    per_point = np.concatenate([motions, close[None], rest[None]])  # (n,478,2)

    own, fade = _head_window(points, height, flat)
    # The opening's own edges lie on each other and go apart: they belong to the layers alone.
    edges = {point for rows in (topo.UPPER_ROWS, topo.LOWER_ROWS) for row in rows[:2] for point in row}
    shared = _spread(points, per_point, _all_but(edges), height, flat)
    pose = _pose_fields(points, height, flat) * own[:, None, None]
    weight = _near_mouth(points, height, flat)
    near = weight > 0
    layers = []
    for ghosts, without in ((("upper", 1.0), topo.LOWER_LIP), (("lower", -1.0), topo.UPPER_LIP)):
        layer = shared.copy()
        own_motion = _spread(points, per_point, _all_but(set(without)), height, flat[near], ghosts)
        layer[near] += weight[near, None, None] * (own_motion - shared[near])
        fields = np.concatenate([layer * fade[:, None, None], pose], 1).transpose(1, 0, 2)
        layers.append(np.ascontiguousarray(fields).reshape(FIELDS, GRID, GRID, 2))
    upper_alpha, lower_alpha, mouth_box = _layer_masks(points, height, canvas.still.shape[:2])
    # The basis knows the lower teeth only by the lip that lies on them when the jaw alone moves.
    jaw = [index for index, name in enumerate(COEFFICIENTS) if name.startswith("jaw")]
    teeth = np.zeros((len(COEFFICIENTS), 2), np.float32)
    teeth[jaw] = deltas[jaw, topo.LOWER_ROWS[0][4]]
    return Identity(
        canvas=canvas, mesh=points, face_height=height, box=box, upper=layers[0], lower=layers[1],
        upper_alpha=upper_alpha, lower_alpha=lower_alpha, mouth_box=mouth_box,
        gap_per_coefficient=_parting(motions, _up(points)), seam=(points[:, :2] + rest)[list(topo.SEAM)].mean(0),
        head_axes=(rotation[:2, :2] * scale).T.astype(np.float32),
        teeth_deltas=teeth, look=look, expression=expression,
    )  # fmt: skip


def _fit_head(neutral: np.ndarray, points: np.ndarray) -> Tuple[np.ndarray, float]:
    """Rotation (3,3) and scale from the basis to the picture, by the points that hardly move (Umeyama 1991)."""
    stable = list(topo.STABLE)
    a, b = neutral[stable] * (1, 1, 1), points[stable]
    a, b = a - a.mean(0), b - b.mean(0)
    u, spread, vt = np.linalg.svd(b.T @ a)
    sign = np.diag([1, 1, np.sign(np.linalg.det(u @ vt))])
    return u @ sign @ vt, float((spread * np.diag(sign)).sum() / (a**2).sum())


def _face_height(points: np.ndarray) -> float:
    return float(np.linalg.norm(points[topo.FOREHEAD, :2] - points[topo.CHIN, :2]))


def _up(points: np.ndarray) -> np.ndarray:
    """Unit vector (2,) from chin to forehead on the picture."""
    up = points[topo.FOREHEAD, :2] - points[topo.CHIN, :2]
    return up / np.linalg.norm(up)


def moving_box(points: np.ndarray, shape: Tuple[int, ...]) -> Tuple[int, int, int, int]:
    """Pixels (x0, y0, x1, y1) of a picture of ``shape`` that the motion of a face, mesh (478,3) video px, can touch."""
    low, high = _reach(points, _face_height(points))
    (x0, y0), (x1, y1) = np.floor(low).astype(int), np.ceil(high).astype(int)
    return (max(0, int(x0)), max(0, int(y0)), min(shape[1], int(x1)), min(shape[0], int(y1)))


def _reach(points: np.ndarray, height: float) -> Tuple[np.ndarray, np.ndarray]:
    """Corners (2,) of what can move, be it in the picture or not."""
    low, high = points[:, :2].min(0), points[:, :2].max(0)
    return low - height * np.array([BOX_BESIDE, BOX_ABOVE]), high + height * np.array([BOX_BESIDE, BOX_BELOW])


def _grid(box: Tuple[int, int, int, int]) -> np.ndarray:
    """Centres of the grid's cells, float32 (GRID,GRID,2) video px."""
    x0, y0, x1, y1 = box
    xs = x0 + (np.arange(GRID) + 0.5) * (x1 - x0) / GRID - 0.5
    ys = y0 + (np.arange(GRID) + 0.5) * (y1 - y0) / GRID - 0.5
    return np.stack(np.meshgrid(xs, ys), -1).astype(np.float32)


def _closing(
    points: np.ndarray, motions: np.ndarray, height: float, expression: np.ndarray
) -> Tuple[np.ndarray, np.ndarray]:
    """Two motions (478,2): ``close`` moves the lower lip a pixel towards the upper, ``rest`` shuts this mouth."""
    up = _up(points)
    close = np.zeros((len(points), 2), np.float32)
    for row, share in zip(topo.LOWER_ROWS, ROW_SHARE):
        close[list(row)] = share * up * _bell(len(row))[:, None]

    rest = np.zeros_like(close)
    for side in ("Left", "Right"):
        smile = float(np.clip(expression[INDEX["mouthSmile" + side]], 0, 1))
        rest -= (1 - SMILE_KEPT) * smile * motions[WARPED.index(INDEX["mouthSmile" + side])]
    jaw = motions[WARPED.index(INDEX["jawOpen"])]
    gaps = _gaps(points[:, :2] + rest)
    per_jaw = float(_parting(jaw[None], up)[0])
    opened = max(0.0, gaps.max() - CLOSED_GAP * height) / max(per_jaw, 1e-3)
    rest -= opened * jaw
    gaps = np.maximum(_gaps(points[:, :2] + rest), 0)
    for upper_row, lower_row, share in zip(topo.UPPER_ROWS, topo.LOWER_ROWS, ROW_SHARE):
        rest[list(upper_row)] -= share * UPPER_SHARE * gaps[:, None] * up
        rest[list(lower_row)] += share * (1 - UPPER_SHARE) * gaps[:, None] * up
    return close, rest


def _bell(count: int) -> np.ndarray:
    return np.sin(np.pi * (np.arange(count) + 1) / (count + 1)) ** 0.5


def _gaps(points: np.ndarray) -> np.ndarray:
    """Opening (9,) px between opposite points of the inner lips."""
    up = _up(points)
    return (points[list(topo.UPPER_ROWS[0]), :2] - points[list(topo.LOWER_ROWS[0]), :2]) @ up


def _parting(motions: np.ndarray, up: np.ndarray) -> np.ndarray:
    """(n,) px by which each motion (n,478,2) parts the middle of the lips."""
    upper, lower = list(topo.UPPER_ROWS[0]), list(topo.LOWER_ROWS[0])
    return ((motions[:, upper] - motions[:, lower]) @ up)[:, 3:6].mean(1)


def _all_but(without: Set[int]) -> np.ndarray:
    return np.array([point for point in range(468) if point not in without])


def _spread(
    points: np.ndarray,
    motions: np.ndarray,
    chosen: np.ndarray,
    height: float,
    targets: np.ndarray,
    ghosts: Tuple[str, float] = ("", 0.0),
) -> np.ndarray:
    """Motions (n,478,2) of the chosen points spread over targets (m,2) px → (m,n,2).

    Anchors around the face keep neck and background still. Ghosts repeat the inner edge's motion on the far side of the
    opening: the layer goes on there instead of turning back, which is what lets it be inverted.
    """
    places = [points[chosen, :2]]
    values = [motions[:, chosen]]
    anchors = _anchors(points, height)
    places.append(anchors)
    values.append(np.zeros((len(motions), len(anchors), 2)))
    lip, direction = ghosts
    if lip:
        edge = list((topo.UPPER_ROWS if lip == "upper" else topo.LOWER_ROWS)[0][1:-1])
        crossed = set(topo.LOWER_LIP if lip == "upper" else topo.UPPER_LIP)
        replaced = np.array([point not in crossed for point in chosen])
        places[0], values[0] = places[0][replaced], values[0][:, replaced]
        for distance in GHOST_ROWS:
            shifted = points[edge, :2] - direction * distance * height * _up(points)
            keep = slice(1, -1) if distance > GHOST_ROWS[0] else slice(None)
            places.append(shifted[keep])
            values.append(motions[:, edge][:, keep])
        places, values = _without_shadowed(places, values, height)
    stacked = np.concatenate(values, 1).transpose(1, 0, 2).reshape(-1, 2 * len(motions))
    field = interpolate(np.concatenate(places), stacked, targets, softness=0.012 * height)
    return field.reshape(len(targets), len(motions), 2)


def _without_shadowed(places: list, values: list, height: float) -> Tuple[list, list]:
    """Real points that lie among the ghosts would contradict them: leave them out."""
    ghosts = np.concatenate(places[2:])
    distance = np.linalg.norm(places[0][:, None] - ghosts[None], axis=2).min(1)
    edge = np.linalg.norm(places[0][:, None] - places[2][None], axis=2).min(1)
    keep = (distance > 0.02 * height) | (edge > GHOST_ROWS[-1] * height)
    return [places[0][keep], *places[1:]], [values[0][:, keep], *values[1:]]


def _anchors(points: np.ndarray, height: float) -> np.ndarray:
    """Points around the face that stay; farthest below the chin, where the skin gives."""
    oval = points[list(topo.FACE_OVAL), :2]
    outward = oval - oval.mean(0)
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    below = np.clip(-outward @ _up(points), 0, 1)[:, None]
    reach = height * (SIDE_REACH + (NECK_REACH - SIDE_REACH) * below)
    return np.concatenate([oval + outward * reach * times for times in (1.0, 1.6, 2.6)])


def _head_window(points: np.ndarray, height: float, targets: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Two weights (m,), 0 where the picture must stay: of the head pose (head and hair) and of the expressions."""
    up = _up(points)
    right = np.array([-up[1], up[0]])
    oval = points[list(topo.FACE_OVAL), :2]
    centre = (oval.max(0) + oval.min(0)) / 2
    half_width = np.ptp(oval @ right) / 2
    across, along = (targets - centre) @ right, (targets - centre) @ up
    beside = _smoothstep((half_width + BOX_BESIDE * height * 0.85 - np.abs(across)) / (BOX_BESIDE * height * 0.65))
    top = height / 2 + BOX_ABOVE * height * 0.92
    above = _smoothstep((top - along) / ((BOX_ABOVE - HAIR_ABOVE) * height))
    below = _smoothstep((along + height / 2 + NECK_BELOW * height) / ((NECK_BELOW + 0.04) * height))
    low, high = _reach(points, height)
    rim = np.minimum(targets - low, high - targets).min(1)
    edge = _smoothstep(rim / (RIM * height))
    return (beside * above * below * edge).astype(np.float32), edge.astype(np.float32)


def _smoothstep(value: np.ndarray) -> np.ndarray:
    value = np.clip(value, 0, 1)
    return value * value * (3 - 2 * value)


def _pose_fields(points: np.ndarray, height: float, targets: np.ndarray) -> np.ndarray:
    """(m,6,2): displacement per degree of pitch, yaw and roll, per face height of shift, per unit of scale."""
    anchors = _anchors(points, height)
    places = np.concatenate([points[:468, :2], anchors])
    back = points[list(topo.FACE_OVAL), 2].min()
    depths = np.concatenate([points[:468, 2], np.full(len(anchors), back)])[:, None]
    depth = interpolate(places, depths - back, targets, softness=0.05 * height)[:, 0] + back
    pivot = points[topo.CHIN, :2] - 0.15 * height * _up(points)
    offset = targets - pivot
    degree = np.pi / 180
    zero = np.zeros(len(targets), np.float32)
    fields = np.stack(
        [
            np.stack([zero, depth * degree], 1),
            np.stack([depth * degree, zero], 1),
            np.stack([-offset[:, 1], offset[:, 0]], 1) * degree,
            np.stack([zero + height, zero], 1),
            np.stack([zero, zero + height], 1),
            offset,
        ],
        1,
    )
    return fields.astype(np.float32)


def _mouth_axes(points: np.ndarray) -> Tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Middle of the seam, unit vectors along the mouth and downwards, half the inner width."""
    # The dark of a smile's corners reaches farther than the mesh's inner contour.
    inner, outer = points[list(topo.INNER_CORNERS), :2], points[list(topo.MOUTH_CORNERS), :2]
    left, right = inner + CORNER_SHARE * (outer - inner)
    along = (right - left) / np.linalg.norm(right - left)
    return (left + right) / 2, along, np.array([-along[1], along[0]]), float(np.linalg.norm(right - left) / 2)


def _near_mouth(points: np.ndarray, height: float, targets: np.ndarray) -> np.ndarray:
    """Weight (m,): 1 around the mouth opening, where the layers part, 0 elsewhere, where they are one."""
    middle, along, down, half = _mouth_axes(points)
    x, y = (targets - middle) @ along, (targets - middle) @ down
    fade = MOUTH_FADE * height
    beside = _smoothstep(1 - (np.abs(x) - half) / fade)
    vertical = _smoothstep((0.30 * height - np.abs(y)) / (0.12 * height))
    return (beside * vertical).astype(np.float32)


def _layer_masks(
    points: np.ndarray, height: float, shape: Tuple[int, int]
) -> Tuple[np.ndarray, np.ndarray, Tuple[int, int, int, int]]:
    """Opacity of the two layers on the photo, float32 (h,w) each, and the box in which they differ from 1 and 0.

    The upper layer ends at the upper inner lip; beside the corners it fades out over the seam's extension. The lower
    layer is opaque but for what lies above its inner lip.
    """
    middle, along, down, half = _mouth_axes(points)
    reach = half + MOUTH_FADE * height
    sides = [side * 1.25 * reach * along for side in (-1, 1)]
    corners = np.array([middle + side + y * height * down for side in sides for y in (-0.30, 0.38)])
    (x0, y0), (x1, y1) = np.floor(corners.min(0)).astype(int), np.ceil(corners.max(0)).astype(int)
    box = (max(0, int(x0)), max(0, int(y0)), min(shape[1], int(x1)), min(shape[0], int(y1)))
    ys, xs = np.mgrid[box[1] : box[3], box[0] : box[2]].astype(np.float32)
    pixels = np.stack([xs, ys], -1) - middle
    x, y = pixels @ along, pixels @ down

    def edge(row: Tuple[int, ...]) -> np.ndarray:
        """The lip's inner edge as a height over ``x``, straight on beyond the corners."""
        curve = points[list(row), :2] - middle
        return np.interp(x, curve @ along, curve @ down).astype(np.float32)

    soft = max(1.0, 0.004 * height)
    upper_edge, lower_edge = edge(topo.UPPER_INNER), edge(topo.LOWER_INNER)
    if float(_gaps(points).max()) > 0.01 * height:
        # The mesh lets a rim of tooth belong to the lips.
        upper_edge, lower_edge = upper_edge - 0.6 * soft, lower_edge + 0.6 * soft
    # Sharp at the lips, ever softer beyond the corners, where both layers show the same skin.
    beyond = np.clip((np.abs(x) - half) / (MOUTH_FADE * height), 0, 1)
    width = soft + beyond * 0.08 * height
    upper = np.clip(0.5 - (y - upper_edge) / width, 0, 1)
    upper = np.maximum(upper, _smoothstep(1.4 * beyond - 0.4))
    upper = np.maximum(upper, _smoothstep((y - 0.26 * height) / (0.1 * height)))
    # Beyond the corners nothing may show through: the lower layer is whole wherever the upper one begins to fade.
    lower = np.clip(0.5 + np.minimum(beyond * 8, 1) + (y - lower_edge) / width, 0, 1)
    full_upper, full_lower = np.ones(shape, np.float32), np.ones(shape, np.float32)
    full_upper[box[1] : box[3], box[0] : box[2]] = upper
    full_lower[box[1] : box[3], box[0] : box[2]] = lower
    return cv2.GaussianBlur(full_upper, (0, 0), 0.5), cv2.GaussianBlur(full_lower, (0, 0), 0.5), box
