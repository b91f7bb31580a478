"""Frames drawn by several threads: the same ones, in order, and nobody left working when they are no longer wanted."""

from __future__ import annotations

import threading
from typing import List

import numpy as np
import pytest
from faces import identity, motion, pose

from appliance.errors import ModelInputInvalid
from appliance.models import ModelStore
from appliance.pipeline.coefficients import COEFFICIENTS
from appliance.pipeline.render import Motion, Renderer, draw
from appliance.pipeline.runtime.select import load_network

FRAMES = 9


@pytest.fixture(scope="module")
def renderer(store: ModelStore) -> Renderer:
    return Renderer(identity(store), store, load_network(store, "sonic_painter", shared=True))


def speaking() -> List[Motion]:
    return [
        (number, motion(jawOpen=0.06 * number, eyeBlink=0.1 * number), pose(roll=0.3 * number))
        for number in range(3, 3 + FRAMES)
    ]


def drawing() -> List[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("draw")]


@pytest.mark.parametrize("threads", [1, 4])
def test_frames_are_those_of_one_thread_in_order(renderer: Renderer, threads: int) -> None:
    drawn = list(draw(renderer, speaking(), threads))
    assert [number for number, _ in drawn] == [number for number, _, _ in speaking()]
    for (_, picture), (_, coefficients, turned) in zip(drawn, speaking()):
        np.testing.assert_array_equal(picture, renderer.frame(coefficients, turned))
    assert not drawing()


def test_what_is_not_needed_yet_is_not_asked_for(renderer: Renderer) -> None:
    asked = []

    def motions():
        for one in speaking():
            asked.append(one)
            yield one

    frames = draw(renderer, motions(), 2)
    next(frames)
    assert len(asked) == 1 + 2 * 2
    frames.close()


def test_a_frame_that_fails_is_told_in_its_turn_and_ends_it(renderer: Renderer) -> None:
    class Broken(Renderer):
        def __init__(self) -> None:
            pass

        def frame(self, coefficients: np.ndarray, pose: np.ndarray) -> np.ndarray:
            if coefficients[COEFFICIENTS.index("jawOpen")] > 0.4:
                raise ModelInputInvalid("too wide")
            return renderer.frame(coefficients, pose)

    frames, seen = draw(Broken(), speaking(), 3), []
    with pytest.raises(ModelInputInvalid):
        for number, _ in frames:
            seen.append(number)
    assert seen == [3, 4, 5, 6]
    assert not drawing()


def test_closing_leaves_no_thread_behind(renderer: Renderer) -> None:
    frames = draw(renderer, speaking(), 4)
    next(frames)
    assert drawing()
    frames.close()
    assert not drawing()
