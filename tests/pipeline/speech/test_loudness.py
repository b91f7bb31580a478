"""Loudness: figures of the standard's own test signals, and agreement with an independent meter on speech."""

from __future__ import annotations

import math
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from media import ENGLISH, MANDARIN, encode, sound_of, tone

from appliance.pipeline.ffmpeg import find_ffmpeg
from appliance.pipeline.speech.loudness import LoudnessMeter


def measure(samples: np.ndarray, piece: int = 7919) -> float:
    meter = LoudnessMeter()
    for start in range(0, len(samples), piece):
        meter.add(samples[start : start + piece].astype(np.float32))
    meter.end()
    return meter.loudness()


def sine(seconds: float, decibel: float) -> np.ndarray:
    return tone(seconds, 997.0, 10 ** (decibel / 20))


@pytest.mark.parametrize(
    ("signal", "expected"),
    [
        # ITU-R BS.1770-4: a full-scale sine of 997 Hz in one channel reads -3.01 LKFS.
        (sine(5, 0), -3.01),
        # EBU Tech 3341, cases 1 to 4, with one channel instead of two: 3.01 lower each.
        (sine(20, -23), -26.01),
        (sine(20, -33), -36.01),
        (np.concatenate([sine(10, -36), sine(60, -23), sine(10, -36)]), -26.01),
        (np.concatenate([sine(10, -72), sine(10, -36), sine(60, -23), sine(10, -36), sine(10, -72)]), -26.01),
    ],
)
def test_reads_reference_signals_to_a_tenth(signal: np.ndarray, expected: float) -> None:
    assert measure(signal) == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize("recording", [ENGLISH, MANDARIN])
def test_agrees_with_an_independent_meter_on_speech(recording: Path, tmp_path: Path) -> None:
    narrow = encode(recording, tmp_path / "16k.wav", "-ar", "16000", "-ac", "1")
    command = [find_ffmpeg(), "-nostdin", "-nostats", "-i", str(narrow), "-af", "ebur128", "-f", "null", "-"]
    report = subprocess.run(command, stderr=subprocess.PIPE).stderr.decode()
    theirs = float(re.findall(r"I:\s+(-[\d.]+) LUFS", report)[-1])
    assert measure(sound_of(narrow)) == pytest.approx(theirs, abs=0.15)


def test_does_not_depend_on_how_the_stream_is_cut() -> None:
    speech = sound_of(ENGLISH)
    assert measure(speech, 100) == pytest.approx(measure(speech, len(speech)), abs=1e-9)


@pytest.mark.parametrize("signal", [np.zeros(16_000), sine(2, -80), sine(0.3, -10)])
def test_nothing_audible_has_no_loudness(signal: np.ndarray) -> None:
    assert measure(signal) == -math.inf
