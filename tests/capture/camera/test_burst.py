"""The best of a burst: made of a real face, blurred, blinking, turned."""

from __future__ import annotations

import threading
from typing import List

import numpy as np
import pytest
from capture.camera.scenes import blurred, scene, tilted, well_placed
from faces import STILL, identity, motion

from appliance.capture.camera.burst import PICTURES, SECONDS, Burst, best_of, eyes_open, sharpness
from appliance.capture.camera.face_watch import FaceWatch
from appliance.models import ModelStore
from appliance.pipeline.face import FaceFinder, Portrait
from appliance.pipeline.render import Renderer


@pytest.fixture(scope="module")
def watch(store: ModelStore) -> FaceWatch:
    return FaceWatch(FaceFinder(store))


@pytest.fixture(scope="module")
def renderer(store: ModelStore) -> Renderer:
    return Renderer(identity(store, framing="full", size=720), store)


def noisy(picture: np.ndarray, seed: int) -> np.ndarray:
    """No two pictures of a camera are the same."""
    noise = np.random.RandomState(seed).normal(0.0, 2.0, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def face(watch: FaceWatch, picture: np.ndarray) -> Portrait:
    found = watch.face_in(picture)
    assert found is not None
    return found


def index_of(best: np.ndarray, pictures: List[np.ndarray]) -> int:
    return next(index for index, picture in enumerate(pictures) if picture is best)


def test_the_sharp_one_is_kept(watch: FaceWatch) -> None:
    radii = (3.0, 2.0, 4.0, 0.0, 1.5, 2.5, 3.0, 2.0)
    pictures = [noisy(blurred(well_placed(), radius) if radius else well_placed(), 0) for radius in radii]
    assert index_of(best_of(pictures, watch.face_in), pictures) == 3


def test_the_face_must_be_sharp_and_not_the_wall(watch: FaceWatch) -> None:
    wall = np.random.RandomState(0).randint(0, 255, (720, 1280, 3)).astype(np.uint8)
    sharp, dull = well_placed(), blurred(well_placed(), 3.0)
    for picture, texture in ((sharp, blurred(wall, 3.0)), (dull, wall)):
        picture[:, :300] = texture[:, :300]
        picture[:, -300:] = texture[:, -300:]
    assert sharpness(dull, None) > sharpness(sharp, None)
    assert best_of([dull, sharp], watch.face_in) is sharp


def test_open_eyes_are_kept(watch: FaceWatch, renderer: Renderer) -> None:
    """Of a blink the shut eyes are not taken, not even where they are the sharpest."""
    lids = (1.0, 0.0, 0.6, 0.1, 1.0, 0.05)
    pictures = [renderer.frame(motion(eyeBlink=lid), STILL) for lid in lids]
    openness = [eyes_open(face(watch, picture)) for picture in pictures]
    assert max(openness[0], openness[4]) < 0.7 * min(openness[1], openness[3], openness[5])
    softened = [picture if lid > 0.5 else blurred(picture, 0.8) for picture, lid in zip(pictures, lids)]
    assert sharpness(softened[0], face(watch, softened[0])) > sharpness(softened[1], face(watch, softened[1]))
    assert index_of(best_of(softened, watch.face_in), softened) in (1, 3, 5)


def test_one_with_a_face_is_kept(watch: FaceWatch) -> None:
    empty = scene()
    empty[::2] = 255  # and full of edges
    pictures = [empty, blurred(well_placed(), 2.0), empty]
    assert best_of(pictures, watch.face_in) is pictures[1]


def test_without_any_face_the_sharpest_is_kept(watch: FaceWatch) -> None:
    pictures = [blurred(tilted(well_placed(), 180.0), 4.0), tilted(well_placed(), 180.0)]
    assert best_of(pictures, lambda picture, near: None) is pictures[1]


def test_pictures_are_spread_over_the_burst() -> None:
    burst = Burst()
    for tick in range(60):
        burst.offer(np.full((2, 2, 3), tick, np.uint8), 100.0 + tick / 60)
    taken = [int(picture[0, 0, 0]) for picture in burst.wait(0.0)]
    assert taken[0] == 0 and len(taken) == PICTURES
    assert 0.8 * SECONDS < taken[-1] / 60 <= SECONDS
    assert np.ptp(np.diff(taken)) <= 1


def test_a_slow_camera_gives_fewer() -> None:
    burst = Burst()
    for tick in range(5):
        burst.offer(np.full((2, 2, 3), tick, np.uint8), 100.0 + 0.3 * tick)
    assert [int(picture[0, 0, 0]) for picture in burst.wait(0.0)] == [0, 1, 2, 3]


def test_very_large_pictures_are_fewer() -> None:
    burst = Burst()
    large = np.zeros((4000, 6000, 3), np.uint8)
    for tick in range(10):
        burst.offer(large, 0.1 * tick)
    assert len(burst.wait(0.0)) == 2


def test_nothing_is_waited_for_in_vain() -> None:
    assert Burst().wait(0.05) == []


def test_a_burst_that_is_not_wanted_any_more() -> None:
    burst = Burst()
    waiting: List[List[np.ndarray]] = []
    thread = threading.Thread(target=lambda: waiting.append(burst.wait(60.0)))
    thread.start()
    burst.offer(np.zeros((2, 2, 3), np.uint8), 0.0)
    burst.cancel()
    thread.join(60.0)
    assert waiting == [[]]
