"""The judge itself: it must see what was put into a video, and must not see what was not."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

import numpy as np
import pytest
from faces import identity, motion, pose
from media import write_wav

from appliance.bench import quality
from appliance.bench.quality import best_lag, correlation
from appliance.bench.readback import Track, read_track
from appliance.models import ModelStore
from appliance.pipeline.render import Renderer
from appliance.pipeline.video import write_video
from appliance.settings import FRAME_RATE, MakeOptions

FRAMES = 50


@pytest.fixture(scope="module")
def jaw() -> np.ndarray:
    """(FRAMES,) an opening and shutting jaw."""
    return (0.25 * (1 - np.cos(np.arange(FRAMES) * 0.6))).astype(np.float32)


@pytest.fixture(scope="module")
def track(store: ModelStore, jaw: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Track:
    """Read back from a video in which the jaw moves so, and the head sways as well."""
    folder = tmp_path_factory.mktemp("video")
    seconds = FRAMES / FRAME_RATE
    sound = write_wav(folder / "tone.wav", np.sin(np.arange(int(seconds * 16_000)) * 0.1).astype(np.float32) * 0.1)
    renderer = Renderer(identity(store, size=512), store)

    def frames() -> Iterator[np.ndarray]:
        for frame, value in enumerate(jaw):
            sway = pose(yaw=1.5 * np.sin(frame * 0.23), roll=np.sin(frame * 0.31), shift_x=0.01 * np.sin(frame * 0.17))
            yield renderer.frame(motion(jawOpen=float(value)), sway)

    write_video(folder / "jaw.mp4", frames(), renderer.size, sound, seconds, MakeOptions(label="none"))
    return read_track(folder / "jaw.mp4", store)


def test_the_jaw_is_read_back_whatever_the_head_does(track: Track, jaw: np.ndarray) -> None:
    assert correlation(track.jaw, jaw) > 0.95
    assert correlation(track.lip_gap, jaw) > 0.95
    assert best_lag(track.lip_gap, jaw) == 0


def test_moving_lips_are_not_taken_for_still_ones(track: Track) -> None:
    assert track.lip_travel(0, FRAMES) > 0.05


def test_still_lips_on_a_swaying_head_are_taken_for_still_ones(store: ModelStore, tmp_path: Path) -> None:
    sound = write_wav(tmp_path / "tone.wav", np.sin(np.arange(16_000) * 0.1).astype(np.float32) * 0.1)
    renderer = Renderer(identity(store, size=512), store)

    def frames() -> Iterator[np.ndarray]:
        for frame in range(FRAME_RATE):
            sway = pose(roll=0.4 * np.sin(frame * 0.2), shift_x=0.003 * np.sin(frame * 0.3))
            yield renderer.frame(motion(), sway)

    write_video(tmp_path / "still.mp4", frames(), renderer.size, sound, 1.0, MakeOptions(label="none"))
    still = read_track(tmp_path / "still.mp4", store)
    assert still.lip_travel(0, FRAME_RATE) < 0.006
    assert still.lip_gap.max() < 0.01


@pytest.mark.parametrize("late", [-2, 0, 3])
def test_lag_is_positive_when_the_lips_come_late(late: int) -> None:
    real = np.random.default_rng(0).normal(size=200).cumsum()
    assert best_lag(np.roll(real, late)[20:-20], real[20:-20]) == late


def test_spoken_frames_leave_pauses_out() -> None:
    phonemes = [("_", 0.0, 0.2), ("m", 0.2, 0.4), ("_", 0.4, 0.6), ("a", 0.6, 0.8)]
    spoken = quality._spoken_frames(phonemes, 25)
    assert spoken.sum() == 10 and not spoken[:5].any() and not spoken[10:15].any() and not spoken[20:].any()
