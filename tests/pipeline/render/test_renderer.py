"""What a viewer sees in the frames, read back with the network that reads faces in photos."""

from __future__ import annotations

import numpy as np
import pytest
from faces import STILL, astronaut, identity, motion, pose

from appliance.models import ModelStore
from appliance.pipeline.face import FaceFinder
from appliance.pipeline.face import topology as topo
from appliance.pipeline.photo import Photo
from appliance.pipeline.render import Renderer

NOSE_TIP = 1


@pytest.fixture(scope="module")
def renderer(store: ModelStore) -> Renderer:
    return Renderer(identity(store), store)


@pytest.fixture(scope="module")
def read(store: ModelStore):
    """Frame → mesh (478,2) in px."""
    finder = FaceFinder(store)

    def mesh(frame: np.ndarray) -> np.ndarray:
        return max(finder.find(Photo(frame)), key=lambda face: face.width).mesh[:, :2]

    return mesh


def face_height(mesh: np.ndarray) -> float:
    return float(np.linalg.norm(mesh[topo.FOREHEAD] - mesh[topo.CHIN]))


def lip_gap(mesh: np.ndarray) -> float:
    return float(np.linalg.norm(mesh[14] - mesh[13])) / face_height(mesh)


def eye_opening(mesh: np.ndarray) -> float:
    return float(np.linalg.norm(mesh[145] - mesh[159]) + np.linalg.norm(mesh[374] - mesh[386])) / face_height(mesh)


def test_a_smiling_photo_shuts_its_lips_at_rest(renderer: Renderer, read) -> None:
    assert lip_gap(read(astronaut().pixels)) > 0.03
    assert lip_gap(read(renderer.frame(motion(), STILL))) < 0.012


def test_lips_stay_shut_when_pressed(renderer: Renderer, read) -> None:
    pressed = motion(mouthPress=0.5, mouthRollUpper=0.4, mouthRollLower=0.4, mouthClose=0.3)
    assert lip_gap(read(renderer.frame(pressed, STILL))) < 0.012


def test_the_jaw_opens_the_mouth_in_proportion(renderer: Renderer, read) -> None:
    gaps = [lip_gap(read(renderer.frame(motion(jawOpen=value), STILL))) for value in (0.15, 0.3, 0.45, 0.6)]
    assert all(np.diff(gaps) > 0.01)
    assert 0.08 < gaps[-1] < 0.2


def test_rounding_narrows_the_mouth_and_stretching_widens_it(renderer: Renderer, read) -> None:
    def width(**values: float) -> float:
        mesh = read(renderer.frame(motion(**values), STILL))
        return float(np.linalg.norm(mesh[61] - mesh[291])) / face_height(mesh)

    rest = width()
    assert width(mouthPucker=0.8) < rest - 0.01
    assert width(mouthStretch=0.8) > rest + 0.01


def test_blinks_shut_the_eyes_and_leave_the_mouth_alone(renderer: Renderer, read) -> None:
    opened, shut = (renderer.frame(motion(eyeBlink=value), STILL) for value in (0, 1))
    assert eye_opening(read(shut)) < 0.45 * eye_opening(read(opened))
    lower_half = slice(int(0.62 * len(opened)), None)
    assert np.array_equal(opened[lower_half], shut[lower_half])


def test_one_eye_can_wink(renderer: Renderer, read) -> None:
    mesh = read(renderer.frame(motion(eyeBlinkLeft=1.0), STILL))
    left, right = np.linalg.norm(mesh[374] - mesh[386]), np.linalg.norm(mesh[145] - mesh[159])
    assert left < 0.6 * right


@pytest.mark.parametrize(
    "values, axis",
    [({"yaw": 3.0}, 0), ({"pitch": 3.0}, 1), ({"shift_x": 0.03}, 0), ({"shift_y": 0.03}, 1)],
    ids=str,
)
def test_head_pose_moves_the_nose_where_the_sign_says(renderer: Renderer, read, values, axis: int) -> None:
    still = read(renderer.frame(motion(), STILL))[NOSE_TIP]
    there = read(renderer.frame(motion(), pose(**values)))[NOSE_TIP] - still
    back = read(renderer.frame(motion(), pose(**{k: -v for k, v in values.items()})))[NOSE_TIP] - still
    assert there[axis] > 1.5 and back[axis] < -1.5
    assert abs(there[1 - axis]) < 1.5


def test_roll_turns_the_eyes_clockwise(renderer: Renderer, read) -> None:
    def slope(degrees: float) -> float:
        mesh = read(renderer.frame(motion(), pose(roll=degrees)))
        across = mesh[263] - mesh[33]
        return float(np.degrees(np.arctan2(across[1], across[0])))

    assert slope(4.0) - slope(0.0) == pytest.approx(4.0, abs=1.0)


def test_in_the_full_photo_all_but_the_head_is_the_photo(store: ModelStore) -> None:
    whole = identity(store, framing="full", size=512)
    frame = Renderer(whole, store).frame(motion(jawOpen=0.6, eyeBlink=1), pose(yaw=2, roll=2, shift_y=0.02))
    x0, y0, x1, y1 = whole.box
    changed = np.abs(frame.astype(int) - astronaut().pixels).max(2)
    assert changed[y0:y1, x0:x1].max() > 50
    changed[y0:y1, x0:x1] = 0
    assert changed.max() == 0
    # No seam: at the rim of what moves the picture has already come to rest.
    rim = np.abs(frame.astype(int) - astronaut().pixels).max(2)[y0:y1, x0:x1]
    assert max(rim[0].max(), rim[-1].max(), rim[:, 0].max(), rim[:, -1].max()) <= 3


def test_frames_do_not_depend_on_what_came_before(renderer: Renderer) -> None:
    wanted = motion(jawOpen=0.4, eyeBlink=0.5), pose(yaw=1.0)
    first = renderer.frame(*wanted)
    renderer.frame(motion(jawOpen=1.0, mouthPucker=1.0), pose(roll=3))
    assert np.array_equal(renderer.frame(*wanted), first)


def test_frames_have_the_size_announced(renderer: Renderer) -> None:
    frame = renderer.frame(motion(), STILL)
    assert frame.shape == (renderer.size[1], renderer.size[0], 3) and frame.dtype == np.uint8


def test_extreme_motion_neither_fails_nor_tears(renderer: Renderer) -> None:
    """Every coefficient at once: nonsense, but a frame, and one without holes outside the mouth."""
    everything = np.full(32, 1.2, np.float32)
    frame = renderer.frame(everything, pose(yaw=5, pitch=5, roll=5, shift_x=0.05, shift_y=0.05, scale=0.05))
    assert frame.shape[:2] == renderer.size[::-1]
    assert frame[:60].min() > 0 or frame[:60].mean() > 20
