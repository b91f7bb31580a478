"""The level meter and its warnings."""

from __future__ import annotations

from typing import Set

import numpy as np
import pytest
from media import noise, tone

from appliance.capture.microphone.levels import FLOOR, Judge, level

RATE, BLOCK = 16_000, 800


def int16(samples: np.ndarray) -> np.ndarray:
    return np.round(np.clip(samples, -1, 1) * 32_767).astype(np.int16)


def warnings(judge: Judge, sound: np.ndarray, voiced: bool = True) -> Set[str]:
    """All that is said while this is heard."""
    said = set()
    for start in range(0, len(sound), BLOCK):
        block = sound[start : start + BLOCK]
        said.add(judge.judge(block, level(block)[1], len(block) / RATE, voiced))
    return said


def test_a_sine_at_half_of_full_scale() -> None:
    peak, loudness = level(int16(tone(1.0, peak=0.5)))
    assert peak == pytest.approx(-6.02, abs=0.05)
    assert loudness == pytest.approx(-9.03, abs=0.05)


def test_full_scale_both_ways_and_silence() -> None:
    assert level(np.array([-32_768, 0], dtype=np.int16))[0] == 0.0
    assert level(np.zeros(100, dtype=np.int16)) == (FLOOR, FLOOR)


def test_ordinary_speech_is_not_blamed() -> None:
    assert warnings(Judge(), int16(tone(10, peak=0.1))) == {""}


def test_cut_off_peaks_are_told_and_the_word_stays_a_while() -> None:
    judge = Judge()
    good = int16(tone(1.0, peak=0.3))
    assert warnings(judge, int16(tone(0.2, peak=3.0))) == {"clipping"}
    assert warnings(judge, good) == {"clipping"}
    warnings(judge, int16(tone(2.0, peak=0.3)))
    assert warnings(judge, good) == {""}


def test_a_click_of_one_sample_is_no_clipping() -> None:
    sound = int16(tone(1.0, peak=0.3))
    sound[5000] = 32_767
    assert warnings(Judge(), sound) == {""}


def test_a_low_voice_is_too_quiet_until_it_is_clearly_louder() -> None:
    judge = Judge()
    warnings(judge, int16(tone(4.0, peak=0.003)))
    assert warnings(judge, int16(tone(1.0, peak=0.003))) == {"quiet"}
    assert warnings(judge, int16(tone(1.0, peak=0.01))) == {"quiet"}  # -43 dB: between the two limits
    assert warnings(judge, int16(tone(1.0, peak=0.05))) == {""}
    warnings(judge, int16(tone(4.0, peak=0.01)))
    assert warnings(judge, int16(tone(1.0, peak=0.01))) == {""}


def test_a_quiet_room_in_which_nobody_speaks_is_not_blamed() -> None:
    assert warnings(Judge(), int16(noise(20, 0.001)), voiced=False) == {""}


def test_a_muted_microphone_is_blamed_though_nobody_can_be_heard() -> None:
    judge = Judge()
    warnings(judge, np.zeros(10 * RATE, dtype=np.int16), voiced=False)
    assert warnings(judge, np.zeros(RATE, dtype=np.int16), voiced=False) == {"quiet"}
