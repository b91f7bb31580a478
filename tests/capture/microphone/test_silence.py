"""Hearing who speaks, for hours."""

from __future__ import annotations

from typing import List

import numpy as np
import pytest
from capture.microphone.recordings import EnergyDetector
from media import tone

from appliance.capture.microphone import silence
from appliance.capture.microphone.silence import SilenceWatch

RATE = 16_000


def sound(seconds: float, peak: float) -> np.ndarray:
    return np.round(32_767 * tone(seconds, 440.0, peak, RATE)).astype(np.int16)


def hear(watch: SilenceWatch, samples: np.ndarray) -> None:
    for start in range(0, len(samples), 800):
        watch.add(samples[start : start + 800])


def test_silence_counts_from_the_last_word_on() -> None:
    watch = SilenceWatch(EnergyDetector)
    hear(watch, sound(3.0, 0.0))
    assert (watch.silence, watch.speaking) == (0.0, False)
    hear(watch, sound(1.0, 0.5))
    assert (watch.silence, watch.speaking) == (0.0, True)
    hear(watch, sound(1.5, 0.0))
    assert watch.silence == pytest.approx(1.5, abs=0.1)
    assert not watch.speaking
    watch.begin()
    hear(watch, sound(3.0, 0.0))
    assert watch.silence == 0.0


@pytest.mark.parametrize("rate", (8_000, 44_100, 48_000, 96_000))
def test_the_rate_of_the_device_does_not_matter(rate: int) -> None:
    watch = SilenceWatch(EnergyDetector)
    watch.listen_to(rate)
    for peak, seconds in ((0.5, 1.0), (0.0, 1.5)):
        samples = np.round(32_767 * tone(seconds, 440.0, peak, rate)).astype(np.int16)
        for start in range(0, len(samples), rate // 20):
            watch.add(samples[start : start + rate // 20])
    assert watch.silence == pytest.approx(1.5, abs=0.15)


def test_a_detector_is_replaced_before_it_has_grown_and_never_in_the_middle_of_a_word(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(silence, "RENEW_FRAMES", 100)
    made: List[EnergyDetector] = []

    def make() -> EnergyDetector:
        made.append(EnergyDetector())
        return made[-1]

    watch = SilenceWatch(make)
    hear(watch, sound(6.0, 0.5))
    assert len(made) == 1
    for _ in range(5):
        hear(watch, sound(4.5, 0.0))
    assert len(made) >= 4
    assert max(detector.frames for detector in made[1:]) < 130
    assert watch.silence == pytest.approx(22.5, abs=0.3)
