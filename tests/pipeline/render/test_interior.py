"""The painted mouth: teeth that stay on skull and jaw, in the light of the photo."""

from __future__ import annotations

import numpy as np
import pytest
from faces import astronaut, identity, motion

from appliance.models import ModelStore
from appliance.pipeline.photo import Photo
from appliance.pipeline.render.identity import Identity
from appliance.pipeline.render.interior import MouthInterior, light_on_teeth

NO_SHIFT = np.zeros(2)


@pytest.fixture(scope="module")
def face(store: ModelStore) -> Identity:
    return identity(store, size=512)


@pytest.fixture(scope="module")
def painter(store: ModelStore, face: Identity) -> MouthInterior:
    return MouthInterior(face, store, light_on_teeth(face))


def wide_open(face: Identity) -> np.ndarray:
    x0, y0, x1, y1 = face.mouth_box
    return np.ones((y1 - y0, x1 - x0), np.float32)


def brightness(picture: np.ndarray) -> np.ndarray:
    return picture @ np.array([0.299, 0.587, 0.114])


def lowest_bright_row(picture: np.ndarray, column: int, above: int) -> int:
    rows = np.nonzero(brightness(picture)[:above, column - 6 : column + 6].max(1) > 140)[0]
    return int(rows.max())


def test_the_upper_teeth_do_not_follow_the_jaw_and_the_lower_teeth_do(painter: MouthInterior, face: Identity) -> None:
    opening = wide_open(face)
    middle_x, seam_y = (face.seam - face.mouth_box[:2]).astype(int)
    shut, open_ = (painter.paint(motion(jawOpen=value), NO_SHIFT, opening).picture for value in (0.35, 0.6))
    reach = seam_y + int(0.05 * face.face_height)
    assert lowest_bright_row(shut, middle_x, reach) == lowest_bright_row(open_, middle_x, reach)
    below = [brightness(picture)[reach:, middle_x - 6 : middle_x + 6].max(1) for picture in (shut, open_)]
    lower = [np.nonzero(rows > 140)[0].min() for rows in below]
    jaw = 0.25 * 0.2 * face.face_height
    assert lower[1] - lower[0] == pytest.approx(jaw, rel=0.4)


def test_teeth_move_with_the_head(painter: MouthInterior, face: Identity) -> None:
    opening = wide_open(face)
    still = painter.paint(motion(jawOpen=0.5), NO_SHIFT, opening).picture
    moved = painter.paint(motion(jawOpen=0.5), np.array([3.0, 2.0]), opening).picture
    inner = np.s_[10:-10, 10:-10]
    shifted = np.roll(still, (2, 3), (0, 1))
    assert np.abs(moved[inner] - shifted[inner]).mean() < 1.0 < np.abs(moved[inner] - still[inner]).mean()


def test_the_deep_mouth_is_dark_and_a_slit_is_darker(painter: MouthInterior, face: Identity) -> None:
    opening = wide_open(face)
    wide = brightness(painter.paint(motion(jawOpen=0.6), NO_SHIFT, opening).picture)
    slit = opening * 0
    middle = int(face.seam[1] - face.mouth_box[1])
    slit[middle : middle + 2] = 1
    narrow = brightness(painter.paint(motion(), NO_SHIFT, slit).picture)
    assert wide.min() < 50 and wide.max() > 150
    assert narrow[middle].mean() < 0.5 * wide[middle].mean()


def test_a_dark_photo_has_a_dark_mouth(store: ModelStore, painter: MouthInterior, face: Identity) -> None:
    dim = identity(store, Photo((astronaut().pixels * 0.45).astype(np.uint8)), size=512)
    opening = wide_open(dim)
    dimmed = MouthInterior(dim, store, light_on_teeth(dim)).paint(motion(jawOpen=0.5), NO_SHIFT, opening).picture.max()
    assert dimmed < 0.65 * painter.paint(motion(jawOpen=0.5), NO_SHIFT, wide_open(face)).picture.max()


def test_painting_twice_gives_the_same_picture(painter: MouthInterior, face: Identity) -> None:
    opening = wide_open(face)
    first = painter.paint(motion(jawOpen=0.5), NO_SHIFT, opening).picture
    painter.paint(motion(jawOpen=0.1), np.array([2.0, 1.0]), opening)
    assert np.array_equal(first, painter.paint(motion(jawOpen=0.5), NO_SHIFT, opening).picture)
