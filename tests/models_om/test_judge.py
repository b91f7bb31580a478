"""The judge: every measure on made-up signals whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from models_om.judge.measures import best_lag
from models_om.judge.recordings import as_heard, over_time


def test_overlapped_windows_give_back_a_curve_in_its_place() -> None:
    mel = np.random.default_rng(0).random((80, 4 * 93)).astype(np.float32)

    def predict(windows: np.ndarray) -> np.ndarray:
        value = windows[:, 0].mean(1).reshape(len(windows), 40, 4).mean(2)
        return np.repeat(value[:, None], 32, axis=1)

    expected = mel.mean(0).reshape(-1, 4).mean(1)
    np.testing.assert_allclose(over_time(predict, mel, 93)[:, 0], expected, atol=1e-5)


@pytest.mark.parametrize("late", [-3, 0, 2])
def test_the_lag_is_positive_when_we_are_late(late: int) -> None:
    theirs = np.random.default_rng(0).standard_normal(200)
    assert best_lag(np.roll(theirs, late), theirs) == late


def test_stored_power_is_heard_as_mel() -> None:
    assert as_heard(np.array([[-9.0, 0.0]], np.float16))[:, 0] == pytest.approx([-1.0, 1.0], abs=1e-3)
