"""Training windows: sound and face stay together whatever is done to them, and every source gets its share."""

from __future__ import annotations

from typing import Dict

import numpy as np
import pytest

from models_om.judge.measures import correlation
from models_om.train import augment
from models_om.train.augment import Windows, closure_weights


@pytest.fixture()
def corpus() -> Dict[str, np.ndarray]:
    """Two sources, three voices; jawOpen is 1 while the bands sound and 0 while they do not."""
    generator = np.random.default_rng(0)
    frames = np.array([100, 60, 300])
    sounding = np.repeat(generator.random(frames.sum() // 10) < 0.5, 10)
    coefficients = np.zeros((frames.sum(), 32), np.float16)
    coefficients[:, 0] = sounding
    power = np.where(np.repeat(sounding, 4)[:, None], 0.0, -9.0) * np.ones(80)
    return {
        "power": power.astype(np.float16), "coefficients": coefficients, "weight": np.ones(frames.sum(), np.float32),
        "silent": ~sounding,
        "frames": frames, "split": np.array(["train", "train", "train"]), "altered": np.zeros(3, bool),
        "source": np.array(["grid", "grid", "facegood"]), "voice": np.array(["s1", "s4", "facegood"]),
    }  # fmt: skip


def test_windows_keep_sound_and_face_together(corpus: Dict[str, np.ndarray]) -> None:
    mel, coefficients, weight, silent = Windows(corpus, seed=1).batch(64)
    assert mel.shape == (64, 1, 80, 160) and coefficients.shape == (64, 32, 1, 40) and weight.shape == (64, 1, 1, 40)
    loudness = np.median(mel[:, 0], axis=1).reshape(64, 40, 4).mean(2)
    assert correlation(loudness.ravel(), coefficients[:, 0, 0].ravel()) > 0.6
    assert correlation(silent.ravel(), coefficients[:, 0, 0].ravel()) < -0.99
    shifted = np.roll(loudness, 4, axis=1)
    assert correlation(shifted.ravel(), coefficients[:, 0, 0].ravel()) < 0.5


def test_windows_repeat_with_the_random_state(corpus: Dict[str, np.ndarray]) -> None:
    windows = Windows(corpus, seed=1)
    windows.batch(4)
    state = windows.generator.bit_generator.state
    expected = windows.batch(4)
    again = Windows(corpus, seed=7)
    again.generator.bit_generator.state = state
    for ours, theirs in zip(again.batch(4)[1:], expected[1:]):
        assert np.array_equal(ours, theirs)


def test_held_out_recordings_are_never_drawn(corpus: Dict[str, np.ndarray]) -> None:
    corpus["split"] = np.array(["held_out", "unseen", "train"])
    corpus["coefficients"][:160, 5] = 1.0
    for _ in range(5):
        assert np.all(Windows(corpus, seed=3).batch(32).coefficients[:, 5] == 0)


def marked_share(corpus: Dict[str, np.ndarray], recordings: np.ndarray) -> float:
    """Share of the windows that come from the given recordings."""
    corpus["coefficients"][:] = np.repeat(recordings, corpus["frames"])[:, None]
    middle = [Windows(corpus, seed).batch(200).coefficients[:, 0, 0, 20] for seed in range(5)]
    return float(np.mean(np.concatenate(middle) > 0.5))


def test_sources_keep_their_shares_however_long_they_are(corpus: Dict[str, np.ndarray]) -> None:
    wanted = augment.SHARES["grid"] / (augment.SHARES["grid"] + augment.SHARES["facegood"])
    assert marked_share(corpus, corpus["source"] == "grid") == pytest.approx(wanted, abs=0.05)


def test_the_altered_copy_gets_its_share_and_none_is_taken_where_there_is_none(corpus: Dict[str, np.ndarray]) -> None:
    corpus["altered"] = np.array([True, False, False])
    corpus["voice"] = np.array(["s1", "s1", "facegood"])
    grid = augment.SHARES["grid"] / (augment.SHARES["grid"] + augment.SHARES["facegood"])
    assert marked_share(corpus, corpus["altered"]) == pytest.approx(grid * augment.ALTERED, abs=0.05)
    assert marked_share(corpus, corpus["source"] == "grid") == pytest.approx(grid, abs=0.05)


def test_closed_lips_weigh_more() -> None:
    weights = closure_weights(np.array([0.0, 0.05]), np.array([False, False]), spread=0.025)
    assert weights[0] > 1.5 * weights[1]
