"""The painted mouth: in its place, only where the lips part, and the same every time."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from faces import STILL, astronaut, identity, motion

from appliance.models import ModelStore
from appliance.pipeline.photo import Photo
from appliance.pipeline.render import Renderer
from appliance.pipeline.render.identity import Identity
from appliance.pipeline.render.patch import EYE_DISTANCE, PATCH, UNDER_NOSE, from_patch, patch_matrix, to_patch
from appliance.pipeline.runtime.select import load_network

SPEAKING = motion(jawOpen=0.3, mouthUpperUp=0.2, mouthLowerDown=0.2)


@pytest.fixture(scope="module")
def face(store: ModelStore) -> Identity:
    return identity(store, size=512)


@pytest.fixture(scope="module")
def painted(store: ModelStore, face: Identity) -> Renderer:
    return Renderer(face, store, load_network(store, "sonic_painter"))


@pytest.fixture(scope="module")
def plain(store: ModelStore, face: Identity) -> Renderer:
    return Renderer(face, store)


def changed(painted: Renderer, plain: Renderer, coefficients: np.ndarray) -> np.ndarray:
    """(h,w): largest difference of a channel."""
    frames = [renderer.frame(coefficients, STILL).astype(int) for renderer in (painted, plain)]
    return np.abs(frames[0] - frames[1]).max(2)


def test_a_shut_mouth_is_left_as_it_is(painted: Renderer, plain: Renderer) -> None:
    assert not changed(painted, plain, motion()).any()


def test_an_open_mouth_is_painted_and_nothing_beside_it(painted: Renderer, plain: Renderer, face: Identity) -> None:
    where = changed(painted, plain, SPEAKING)
    scene = plain.scene(SPEAKING, STILL)
    x0, y0, x1, y1 = scene.inside
    assert where[y0:y1, x0:x1][scene.opening > 0.9].mean() > 2
    opening = np.zeros(where.shape, np.uint8)
    opening[y0:y1, x0:x1] = scene.opening > 0.05
    far = cv2.distanceTransform(1 - opening, cv2.DIST_L2, 5) > 0.06 * face.face_height
    assert where[far].max() <= 4


def test_painting_stands_by_itself(painted: Renderer) -> None:
    first = painted.frame(SPEAKING, STILL)
    painted.frame(motion(jawOpen=0.6), STILL)
    np.testing.assert_array_equal(first, painted.frame(SPEAKING, STILL))


def test_a_black_and_white_photo_gets_a_grey_mouth(store: ModelStore) -> None:
    grey = Photo(np.repeat(astronaut().pixels.mean(2, keepdims=True), 3, axis=2).astype(np.uint8))
    renderer = Renderer(identity(store, grey), store, load_network(store, "sonic_painter"))
    frame = renderer.frame(motion(jawOpen=0.5), STILL).astype(int)
    assert (frame.max(2) - frame.min(2)).max() <= 2


def test_lips_that_part_do_not_make_the_picture_jump(painted: Renderer) -> None:
    frames = [painted.frame(motion(jawOpen=value), STILL).astype(int) for value in np.arange(0, 0.06, 0.005)]
    steps = [np.abs(a - b).max(2).mean() for a, b in zip(frames, frames[1:])]
    assert max(steps) < 4 * np.median(steps) + 0.05


def test_the_patch_lies_alike_on_every_face(face: Identity) -> None:
    turn = np.array([[0.8, -0.3], [0.3, 0.8]])
    for mesh in (face.mesh[:, :2], face.mesh[:, :2] @ turn.T + (40, -7)):
        matrix = patch_matrix(mesh)
        placed = mesh @ matrix[:, :2].T + matrix[:, 2]
        eyes = placed[[33, 133, 159, 145]].mean(0), placed[[263, 362, 386, 374]].mean(0)
        assert eyes[1][0] - eyes[0][0] == pytest.approx(EYE_DISTANCE, rel=0.03)
        assert eyes[1][1] == pytest.approx(eyes[0][1], abs=3)
        assert placed[2] == pytest.approx(UNDER_NOSE, abs=0.01)


@pytest.mark.parametrize("scale", [0.3, 0.8, 1.6])
def test_what_goes_to_the_patch_comes_back_to_its_place(scale: float) -> None:
    height, width = 300, 320
    matrix = np.array([[scale, 0.0, -20.0 * scale], [0.0, scale, -30.0 * scale]])
    y, x = np.mgrid[:height, :width].astype(np.float32)
    spot = np.exp(-((x - 80) ** 2 + (y - 70) ** 2) / (2 * (6 / scale) ** 2)).astype(np.float32)
    patch = to_patch(spot, matrix)
    assert patch.shape == (PATCH, PATCH)
    back = from_patch(patch, matrix, width, height)
    assert np.unravel_index(int(back.argmax()), back.shape) == pytest.approx((70, 80), abs=1.5 / min(scale, 1))
    assert back.max() == pytest.approx(1, abs=0.06)
