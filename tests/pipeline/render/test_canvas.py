"""The still picture under the motion: size, sharpness, and what lies beyond the photo."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from faces import astronaut, canvas, portrait

from appliance.models import ModelStore
from appliance.pipeline.face import FaceFinder
from appliance.pipeline.photo import Photo
from appliance.pipeline.render.canvas import full_canvas


@pytest.mark.parametrize("height, width, shorter, size", [(512, 512, 384, (384, 384)), (901, 601, 512, (512, 768)),
                                                          (300, 1001, 600, (2002, 600))])  # fmt: skip
def test_full_canvas_has_the_shorter_side_asked_for_and_even_sides(height, width, shorter, size) -> None:
    picture = full_canvas(Photo(np.zeros((height, width, 3), np.uint8)), shorter).still
    assert (picture.shape[1], picture.shape[0]) == pytest.approx(size, abs=2)
    assert picture.shape[0] % 2 == picture.shape[1] % 2 == 0


def test_full_canvas_at_the_photos_own_size_is_the_photo() -> None:
    assert np.abs(full_canvas(astronaut(), 512).still.astype(int) - astronaut().pixels).max() <= 1


def test_face_canvas_is_square_level_and_holds_the_whole_face(store: ModelStore) -> None:
    tilted = cv2.warpAffine(astronaut().pixels, cv2.getRotationMatrix2D((220, 120), 15, 1), (512, 512))
    photo = Photo(tilted)
    picture = canvas(store, photo, size=400)
    assert picture.still.shape == (400, 400, 3)
    mesh = picture.to_video(portrait(store, photo).mesh)
    assert mesh[:, :2].min() > 20 and mesh[:, :2].max() < 380
    across = mesh[263, :2] - mesh[33, :2]
    assert abs(np.degrees(np.arctan2(across[1], across[0]))) < 2


def test_points_land_where_the_face_is(store: ModelStore) -> None:
    picture = canvas(store, astronaut(), size=400)
    there = picture.to_video(portrait(store, astronaut()).mesh)[:, :2]
    seen = FaceFinder(store).find(Photo(picture.still))[0].mesh[:, :2]
    assert np.linalg.norm(there - seen, axis=1).mean() < 3


def test_fine_detail_is_reduced_without_moire(store: ModelStore) -> None:
    """A checkerboard of single pixels must become grey, not a pattern, when the photo is much larger than the video."""
    checks = (np.indices((2000, 2000)).sum(0) % 2 * 255).astype(np.uint8)
    still = full_canvas(Photo(np.dstack([checks] * 3)), 384).still
    assert still.astype(float).std() < 8
