"""The displacement fields: what they move, what they leave alone, and that they can be inverted."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from faces import astronaut, identity, motion

from appliance.models import ModelStore
from appliance.pipeline.coefficients import COEFFICIENTS, INDEX
from appliance.pipeline.face import topology as topo
from appliance.pipeline.photo import Photo
from appliance.pipeline.render.identity import FIELDS, FIRST_POSE, REST, WARPED, Identity
from appliance.pipeline.render.renderer import LOWER_SWEEPS, REACH, UPPER_SWEEPS
from appliance.pipeline.render.warp import LayerWarp


@pytest.fixture(scope="module")
def face(store: ModelStore) -> Identity:
    return identity(store)


def at(face: Identity, layer: str, point: np.ndarray) -> np.ndarray:
    """(FIELDS,2) of a layer at a point in video px."""
    column, row = ((point - face.box[:2]) / face.cell).astype(int)
    return getattr(face, layer)[:, row, column]


def test_the_jaw_moves_chin_and_lower_lip_down_but_not_nose_and_eyes(face: Identity) -> None:
    jaw = WARPED.index(INDEX["jawOpen"])
    moved = {name: at(face, "lower", face.mesh[point, :2])[jaw, 1] / face.face_height
             for name, point in (("chin", 152), ("lip", 17), ("nose", 4), ("eye", 133))}  # fmt: skip
    assert 0.1 < moved["chin"] < 0.2 and 0.1 < moved["lip"] < 0.25
    assert abs(moved["nose"]) < 0.01 and abs(moved["eye"]) < 0.01


def test_the_layers_part_at_the_lips_and_are_one_elsewhere(face: Identity) -> None:
    jaw = WARPED.index(INDEX["jawOpen"])
    seam = face.mesh[list(topo.SEAM), :2].mean(0)
    parted = at(face, "lower", seam)[jaw, 1] - at(face, "upper", seam)[jaw, 1]
    assert parted > 0.12 * face.face_height
    for point in (152, 234, 454, 4, 33):
        place = face.mesh[point, :2]
        difference = at(face, "lower", place)[:FIRST_POSE] - at(face, "upper", place)[:FIRST_POSE]
        assert np.abs(difference).max() < 0.01 * face.face_height


def test_the_rest_pose_brings_the_edges_of_the_lips_together(face: Identity) -> None:
    upper, lower = (face.mesh[row[4], :2] for row in (topo.UPPER_ROWS[0], topo.LOWER_ROWS[0]))
    before = np.linalg.norm(lower - upper)
    after = lower + at(face, "lower", lower)[REST] - upper - at(face, "upper", upper)[REST]
    assert np.linalg.norm(after) < 0.25 * before


def test_coefficients_without_a_shape_move_nothing(face: Identity) -> None:
    assert face.upper.shape[0] == FIELDS and face.upper.shape[3] == 2
    assert not any(COEFFICIENTS[index].startswith("eyeBlink") for index in WARPED)
    assert np.abs(face.upper[WARPED.index(INDEX["tongueOut"])]).max() < 1e-3


@pytest.mark.parametrize("layer", ["upper", "lower"])
def test_the_backward_map_undoes_the_forward_motion(face: Identity, layer: str) -> None:
    """Speech at its strongest: source + displacement(source) must give the pixel asked for, where the layer is seen."""
    fields = getattr(face, layer)
    weights = np.zeros(FIELDS, np.float32)
    weights[: len(WARPED)] = motion(jawOpen=0.6, mouthFunnel=0.5, mouthUpperUp=0.3, mouthLowerDown=0.3)[list(WARPED)]
    weights[REST] = 1
    part, sweeps = (face.box, UPPER_SWEEPS) if layer == "upper" else (face.mouth_box, LOWER_SWEEPS)
    warp = LayerWarp(fields, face.box, face.cell, part, REACH * face.face_height, sweeps)
    source = (warp.backward(weights) - 0.5) / 2
    forward = np.tensordot(weights, fields, 1)
    x0, y0, x1, y1 = part
    on_grid = ((source - face.box[:2] + 0.5) / face.cell - 0.5).astype(np.float32)
    landed = source + cv2.remap(forward, on_grid, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    wanted = np.dstack(np.meshgrid(np.arange(x0, x1), np.arange(y0, y1)))
    seen = cv2.remap(getattr(face, f"{layer}_alpha"), source, None, cv2.INTER_LINEAR) > 0.5
    error = np.linalg.norm(landed - wanted, axis=2)[seen]
    assert np.percentile(error, 99) < 0.2
    assert error.mean() < 0.03


def test_a_turned_photo_gives_the_same_motion_turned(store: ModelStore) -> None:
    """Full framing keeps the photo's roll: the jaw must open along the face, not along the picture."""
    turned = Photo(np.ascontiguousarray(cv2.warpAffine(
        astronaut().pixels, cv2.getRotationMatrix2D((220, 120), -20, 1), (512, 512), borderMode=cv2.BORDER_REFLECT
    )))  # fmt: skip
    face = identity(store, turned, framing="full", size=512)
    jaw = at(face, "lower", face.mesh[152, :2])[WARPED.index(INDEX["jawOpen"])]
    down = face.mesh[152, :2] - face.mesh[10, :2]
    cosine = jaw @ down / np.linalg.norm(jaw) / np.linalg.norm(down)
    assert cosine > 0.98
