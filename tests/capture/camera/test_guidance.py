"""What a visitor is told, on a real face: too small, too large, aside, doubled, tilted, dark, dazzled."""

from __future__ import annotations

import dataclasses
from typing import Callable, Dict, List

import numpy as np
import pytest
from capture.camera.scenes import RIGHT_SIZE, lit, scene, small, tilted, well_placed
from helpers import floats
from hypothesis import given
from hypothesis import strategies as st

from appliance.capture.camera.guidance import GUIDANCE, LIMITS, SETTLE_SECONDS, Guide, Look, advise, look_at
from appliance.models import ModelStore
from appliance.pipeline.face import FaceFinder
from appliance.pipeline.photo import Photo

GOOD = Look(faces=1, light=140.0, size=0.32)


@pytest.fixture(scope="module")
def finder(store: ModelStore) -> FaceFinder:
    return FaceFinder(store)


SCENES: Dict[str, Callable[[], np.ndarray]] = {
    "ready": well_placed,
    "ready, upright screen": lambda: scene((360, 540, RIGHT_SIZE), size=(720, 1280)),
    "ready, somebody far behind": lambda: scene((640, 360, RIGHT_SIZE), (1130, 300, 150)),
    "ready, in lamplight": lambda: lit(well_placed(), 0.35),
    "no_face": scene,
    "one_person": lambda: scene((400, 360, 450), (900, 360, 450)),
    "one_person, one of them smaller": lambda: scene((400, 360, 450), (900, 360, 300)),
    "closer": lambda: scene((640, 360, 240)),
    "farther": lambda: scene((640, 360, 950)),
    "centre, left": lambda: scene((250, 360, RIGHT_SIZE)),
    "centre, right": lambda: scene((1030, 360, RIGHT_SIZE)),
    "centre, cut off": lambda: scene((60, 360, RIGHT_SIZE)),
    "centre, low": lambda: scene((640, 600, RIGHT_SIZE)),
    "look_straight, tilted": lambda: tilted(well_placed(), 27.0),
    "more_light": lambda: lit(well_placed(), 0.15),
    "more_light, no face to be seen": lambda: lit(scene(), 0.05),
    "too_bright": lambda: lit(well_placed(), 1.5),
    "too_bright, dazzled": lambda: lit(well_placed(), 1.4, 70.0),
}


@pytest.mark.parametrize("name", SCENES)
def test_what_is_said_of_a_real_face(finder: FaceFinder, name: str) -> None:
    picture = small(SCENES[name]())
    look = look_at(picture, finder.find(Photo(picture)))
    assert advise(look) == name.split(",")[0], look


@pytest.mark.parametrize("angle", ["yaw", "pitch"])
def test_a_head_turned_away(finder: FaceFinder, angle: str) -> None:
    picture = small(well_placed())
    (face,) = finder.find(Photo(picture))
    for degrees in (-28.0, 28.0):
        turned = dataclasses.replace(face, **{angle: degrees})
        assert advise(look_at(picture, [turned])) == "look_straight"


def test_the_order_of_importance() -> None:
    """Everything is wrong at once, and put right one by one."""
    look = Look(faces=3, light=5.0, size=0.1, aside=0.4, outside=0.3, turned=40.0, glare=0.5, speed=3.0)
    steps = [
        ("one_person", {"faces": 1}),
        ("closer", {"size": 0.6}),
        ("farther", {"size": 0.32}),
        ("centre", {"aside": 0.0, "outside": 0.0}),
        ("look_straight", {"turned": 0.0}),
        ("more_light", {"light": 140.0}),
        ("too_bright", {"glare": 0.0}),
        ("hold_still", {"speed": 0.0}),
    ]
    said = []
    for _, cure in steps:
        said.append(advise(look))
        look = dataclasses.replace(look, **cure)
    said.append(advise(look))
    assert advise(Look(faces=0, light=140.0)) == "no_face"
    assert ("no_face", *said) == GUIDANCE


LOOKS = st.builds(
    Look,
    faces=st.integers(0, 3),
    light=floats(0, 255),
    size=floats(0, 1),
    aside=floats(0, 1),
    outside=floats(0, 1),
    turned=floats(0, 90),
    glare=floats(0, 1),
    speed=floats(0, 10),
)


@given(LOOKS, st.sampled_from(("", *GUIDANCE)))
def test_there_is_always_something_to_say(look: Look, given: str) -> None:
    advice = advise(look, given)
    assert advice in GUIDANCE
    assert advise(look, advice) == advice, "said once, the same look does not change it"


NOISE = st.lists(floats(0.01, 0.99), min_size=1, max_size=20)


@given(NOISE, NOISE, st.sampled_from(sorted(LIMITS)))
def test_a_face_at_a_limit_does_not_make_the_words_flicker(first: List[float], then: List[float], key: str) -> None:
    """Noise within the slack, after a look that was clearly wrong and after one that was clearly right."""
    limit, guide = LIMITS[key], Guide()

    def said(beyond: float) -> str:
        value = limit.value - limit.slack + limit.slack * beyond
        fields = {
            "closer": {"size": -value}, "farther": {"size": value}, "centre": {"aside": value},
            "look_straight": {"turned": value}, "more_light": {"light": -value}, "too_bright": {"glare": value},
            "hold_still": {"speed": value},
        }  # fmt: skip
        clock[0] += 1.0
        return guide.heed(dataclasses.replace(GOOD, **fields[key]), clock[0])

    clock = [0.0]
    said(1.5)
    assert {said(1.5), *map(said, first)} == {key}
    said(-0.5)
    assert {said(-0.5), *map(said, then)} == {"ready"}


def test_advice_is_given_once_it_has_been_right_for_a_while() -> None:
    guide = Guide()
    far, good = dataclasses.replace(GOOD, size=0.1), GOOD
    assert guide.heed(far, 0.0) == "no_face"
    assert guide.heed(far, SETTLE_SECONDS) == "closer"
    assert guide.heed(good, 1.0) == "closer", "a single look says nothing"
    assert guide.heed(far, 1.1) == "closer"
    assert guide.heed(good, 1.2) == "closer"
    assert guide.heed(good, 1.2 + SETTLE_SECONDS) == "ready"


def test_a_look_at_nothing_but_a_border_does_not_fail(finder: FaceFinder) -> None:
    """A face may be tracked beyond the picture."""
    picture = small(well_placed())
    (face,) = finder.find(Photo(picture))
    gone = dataclasses.replace(face, mesh=face.mesh + np.float32(5000), box=(5000.0, 5000.0, 5100.0, 5100.0))
    assert advise(look_at(picture, [gone])) == "centre"
