"""From speech to motion with the shipped networks: what a viewer would miss, and what callers rely on."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Callable, Dict, Iterator, List

import numpy as np
import pytest
from media import sound_of, write_wav

from appliance.demo import RECORDINGS
from appliance.models import ModelStore
from appliance.pipeline.coefficients import INDEX, MOUTH, POSE
from appliance.pipeline.motion.contact import OPEN, SHUT, LipContact
from appliance.pipeline.motion.idle import BLINK_EVERY, BLINK_LASTS, blink_times
from appliance.pipeline.motion.model import MotionBlock, MotionModel, low_pass
from appliance.pipeline.motion.sampler import HOP, WINDOW, cross_fade, frame_noise, sample
from appliance.pipeline.motion.voicing import REACH, MouthGate, mouth_gate
from appliance.pipeline.speech import Speech, load_speech
from appliance.settings import FRAME_RATE, MakeOptions

SECONDS = 2.6
PAUSE = 2.0
LIDS = [INDEX["eyeBlinkLeft"], INDEX["eyeBlinkRight"]]
QUICK = MakeOptions(inference_steps=4)

Moved = Callable[[MakeOptions], np.ndarray]


@pytest.fixture(scope="module")
def model(store: ModelStore) -> MotionModel:
    return MotionModel(store, "onnx", "int8")


@pytest.fixture(scope="module")
def speech(store: ModelStore, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Speech]:
    """A sentence, two seconds of silence, the sentence again."""
    folder = tmp_path_factory.mktemp("speech")
    sentence = sound_of(RECORDINGS[1])[: int(SECONDS * 16_000)]
    silence = np.zeros(int(PAUSE * 16_000), np.float32)
    path = write_wav(folder / "pause.wav", np.concatenate([sentence, silence, sentence]))
    with load_speech(path, folder, store) as loaded:
        yield loaded


def blocks(model: MotionModel, speech: Speech, options: MakeOptions) -> List[MotionBlock]:
    return list(model.generate(speech, options))


@pytest.fixture(scope="module")
def moved(model: MotionModel, speech: Speech) -> Moved:
    """Coefficients of the speech, made once for each set of options."""
    known: Dict[MakeOptions, np.ndarray] = {}

    def move(options: MakeOptions) -> np.ndarray:
        if options not in known:
            known[options] = np.concatenate([block.coefficients for block in blocks(model, speech, options)])
        return known[options]

    return move


def test_blocks_cover_every_frame_once_and_in_order(model: MotionModel, speech: Speech) -> None:
    made = blocks(model, speech, QUICK)
    frames = [block.first_frame + offset for block in made for offset in range(len(block.coefficients))]
    assert frames == list(range(speech.frames))
    for block in made:
        assert block.coefficients.dtype == block.pose.dtype == np.float32
        assert block.coefficients.shape[1] == 32 and block.pose.shape == (len(block.coefficients), len(POSE))


def test_the_mouth_moves_in_speech_and_rests_in_a_pause(moved: Moved) -> None:
    mouth = moved(QUICK)[:, MOUTH]
    start = int(SECONDS * FRAME_RATE)
    pause = mouth[start + FRAME_RATE : start + int(PAUSE * FRAME_RATE) - FRAME_RATE // 2]
    assert mouth[:start, INDEX["jawOpen"]].max() > 0.1
    assert np.all(pause == 0)


def test_a_video_starts_and_ends_at_rest(model: MotionModel, speech: Speech) -> None:
    made = blocks(model, speech, QUICK)
    for at in (made[0].coefficients[0], made[-1].coefficients[-1], made[0].pose[0], made[-1].pose[-1]):
        assert np.all(at == 0)


def test_the_same_seed_moves_alike_and_another_differs(model: MotionModel, speech: Speech, moved: Moved) -> None:
    again = np.concatenate([block.coefficients for block in blocks(model, speech, QUICK)])
    assert np.array_equal(again, moved(QUICK))
    assert not np.array_equal(moved(MakeOptions(inference_steps=4, seed=1))[:, MOUTH], moved(QUICK)[:, MOUTH])


def test_inference_steps_is_the_number_of_denoiser_runs() -> None:
    runs = []

    def velocity(motion: np.ndarray, step: np.ndarray) -> np.ndarray:
        runs.append(step)
        return np.zeros_like(motion)

    sample(velocity, np.zeros((32, WINDOW), np.float32), 7, 1.0)
    assert len(runs) == 7
    assert len({step.tobytes() for step in runs}) == 7


def test_the_sampler_follows_a_straight_path_exactly() -> None:
    noise, target = frame_noise(3, 0, WINDOW), np.full((32, WINDOW), 0.25, np.float32)

    def velocity(motion: np.ndarray, step: np.ndarray) -> np.ndarray:
        return (target * 8 - noise)[None, :, None]

    np.testing.assert_allclose(sample(velocity, noise, 5, 1.0), target, atol=1e-5)


def test_a_frame_gets_its_noise_whatever_the_window() -> None:
    whole = frame_noise(9, -40, 200)
    for first in (-40, -20, 0, 63, 120):
        assert np.array_equal(frame_noise(9, first, WINDOW), whole[:, first + 40 : first + 40 + WINDOW])
    assert abs(float(whole.mean())) < 0.05 and abs(float(whole.std()) - 1) < 0.05


def test_two_windows_over_a_frame_add_up_to_one() -> None:
    fade = cross_fade()
    np.testing.assert_allclose(fade[:HOP] + fade[HOP:], 1)
    assert fade[0] == fade[-1] == 0


def test_knobs_scale_what_they_name(moved: Moved) -> None:
    usual, twice = moved(QUICK), moved(MakeOptions(inference_steps=4, dynamic_scale=0.5))
    np.testing.assert_allclose(twice[:, MOUTH], usual[:, MOUTH] * 0.5, atol=1e-6)
    assert np.all(moved(MakeOptions(inference_steps=4, blink_scale=0.0))[:, LIDS] == 0)
    still = moved(MakeOptions(inference_steps=4, motion_scale=0.0))
    assert np.all(still[:, [INDEX["browInnerUp"], INDEX["browOuterUpLeft"]]] == 0)
    restless = moved(MakeOptions(inference_steps=4, rest_scale=0.0))
    assert np.abs(restless[:, MOUTH]).sum() > np.abs(usual[:, MOUTH]).sum()


def test_smooth_calms_the_mouth(moved: Moved) -> None:
    calm = moved(MakeOptions(inference_steps=4, smooth=1.0))
    assert np.abs(np.diff(calm[:, 0])).sum() < 0.9 * np.abs(np.diff(moved(QUICK)[:, 0])).sum()
    level = np.full((33, WINDOW), 0.3, np.float32)
    np.testing.assert_allclose(low_pass(level, 1.5), level, atol=1e-6)


def test_head_scale_moves_the_head_but_little(model: MotionModel, speech: Speech) -> None:
    pose = np.concatenate([block.pose for block in blocks(model, speech, QUICK)])
    calm = MakeOptions(inference_steps=4, head_scale=0.0)
    still = np.concatenate([block.pose for block in blocks(model, speech, calm)])
    assert np.all(still == 0)
    assert 0.1 < np.abs(pose[:, :3]).max() < 4.0
    # No jerk: the head of a calm speaker turns by less than 15 degrees a second.
    assert np.abs(np.diff(pose[:, :3], axis=0)).max() < 15 / FRAME_RATE


@pytest.mark.parametrize("first_frame", [1, 20, 47, 60])
def test_going_on_from_a_frame_gives_what_would_have_come(
    first_frame: int, model: MotionModel, speech: Speech
) -> None:
    whole = {block.first_frame: block for block in blocks(model, speech, QUICK)}
    rest = list(model.generate(speech, QUICK, first_frame))
    assert rest[0].first_frame <= first_frame < rest[0].first_frame + len(rest[0].pose)
    for block in rest:
        assert np.array_equal(block.coefficients, whole[block.first_frame].coefficients)
        assert np.array_equal(block.pose, whole[block.first_frame].pose)
    assert rest[-1].first_frame == max(whole)


def test_the_gate_is_the_same_while_the_recording_is_still_heard() -> None:
    voice = np.clip(np.convolve(np.random.RandomState(4).normal(0.3, 0.5, 900), np.ones(5) / 5, "same"), 0, 1)
    whole, gate = mouth_gate(voice), MouthGate()
    assert 0.2 < whole.mean() < 0.9
    for first in range(0, 800, HOP):
        gate.hear(voice[: first + WINDOW + REACH])
        assert np.array_equal(gate.values(first, WINDOW, complete=False), whole[first : first + WINDOW])


def test_sure_contact_shuts_the_lips_and_leaves_the_jaw(store: ModelStore) -> None:
    contact = LipContact(store)
    coefficients = np.zeros((3, 32), np.float32)
    coefficients[:, INDEX["jawOpen"]] = 0.3
    contact.close(coefficients, np.array([0.0, 0.95, (OPEN + SHUT) / 2], np.float32))
    gaps = coefficients @ contact.weights
    assert gaps[0] > gaps[2] > gaps[1]
    assert gaps[0] > 0.04 and abs(gaps[1]) < 1e-3
    assert np.all(coefficients[:, INDEX["jawOpen"]] == np.float32(0.3))


@pytest.mark.parametrize("seed", range(5))
def test_blinks_come_as_people_blink(seed: int) -> None:
    blinks = list(blink_times(60.0, seed))
    starts = np.array([start for start, _ in blinks])
    # Starts are moved to the next frame, hence a frame of tolerance.
    assert np.all(np.diff(starts) > BLINK_EVERY[0] - 0.05) and np.all(np.diff(starts) < BLINK_EVERY[1] + 0.05)
    assert all(BLINK_LASTS[0] <= length <= BLINK_LASTS[1] for _, length in blinks)
    assert starts[0] > 0.5 and starts[-1] < 59.5


def test_lids_shut_fully_in_a_blink(moved: Moved) -> None:
    lids = moved(QUICK)[:, LIDS]
    assert np.array_equal(lids[:, 0], lids[:, 1])
    assert lids.max() > 0.95 and np.median(lids) == 0


def test_the_gate_opens_before_the_voice_and_ignores_short_pauses() -> None:
    voice = np.zeros(100, np.float32)
    voice[30:45] = voice[50:60] = 0.9
    gate = mouth_gate(voice)
    assert np.all(gate[28:62] == 1)
    assert np.all(gate[:18] == 0) and np.all(gate[75:] == 0)
    assert np.abs(np.diff(gate)).max() < 0.5


def test_an_hour_is_never_held_at_once(model: MotionModel, speech: Speech) -> None:
    def peak(frames: int) -> int:
        tracemalloc.start()
        for _ in zip(range(frames // HOP), model.generate(speech, MakeOptions(inference_steps=1))):
            pass
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    peak(40)
    assert peak(160) < 1.3 * peak(60)


def test_identity_says_what_the_face_does(model: MotionModel, store: ModelStore, tmp_path: Path) -> None:
    from appliance.demo import write_portrait
    from appliance.pipeline.face import FaceFinder, crop_for, network_image
    from appliance.pipeline.photo import load_photo

    write_portrait(tmp_path / "smile.png")
    photo = load_photo(tmp_path / "smile.png")
    face = FaceFinder(store).find(photo)[0]
    look, expression = model.identity(network_image(photo, crop_for(face, 0.15)))
    assert look.shape == (128,) and expression.shape == (32,)
    assert expression[INDEX["mouthSmileLeft"]] > 0.4 > expression[INDEX["eyeBlinkLeft"]]
