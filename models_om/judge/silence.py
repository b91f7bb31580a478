"""A pause in the speech: a shut mouth that keeps still, and speech that goes on in time after it."""

from __future__ import annotations

import wave
from typing import Iterator

import numpy as np
import soxr

from appliance.pipeline.coefficients import INDEX
from appliance.pipeline.face import topology as topo
from appliance.settings import FRAME_RATE, SAMPLE_RATE

from ..corpus import facegood
from ..ict.lips import IctBasis
from .bench import Bench, write_wave
from .figure import LOWER, Curves, Figure, Finding
from .measures import best_lag
from .subjects import Subject

TITLE = "Silence"
ABOUT = (
    "Six seconds of a held-out recording, two of silence, the six seconds again. Movement: the largest way of any "
    "point of the lips between two frames of the pause, less 0.3 s at either end for shutting and opening."
)
RECORDING = "1114_2_05"
SPEECH_S, SILENCE_S, SETTLING_S = 6.0, 2.0, 0.3
HISS = 3e-4
"""Of full scale: the noise of a quiet room."""
LIPS = (*topo.UPPER_LIP, *topo.LOWER_LIP, *topo.MOUTH_CORNERS)


def judge(subject: Subject, bench: Bench) -> Iterator[Finding]:
    clip = next(clip for clip in facegood.clips(bench.data, bench.basis) if clip.name == RECORDING)
    piece = read_wave(bench.data / "facegood" / f"{RECORDING}.wav")[: int(SPEECH_S * SAMPLE_RATE)]
    count = int(SILENCE_S * SAMPLE_RATE)
    hiss = 32767 * HISS * np.random.default_rng(0).standard_normal(count)
    first = int((SPEECH_S + SETTLING_S) * FRAME_RATE)
    last = int((SPEECH_S + SILENCE_S - SETTLING_S) * FRAME_RATE)
    for name, pause in (("digital silence", np.zeros(count)), ("the hiss of a quiet room", hiss)):
        audio = bench.scratch / f"{name.replace(' ', '_')}.wav"
        write_wave(audio, np.concatenate([piece, pause, piece]))
        coefficients = subject.move(audio).coefficients
        gap = bench.basis.lip_gap(coefficients)
        moved = 100 * travel(coefficients[first:last], bench.basis)
        widest = max(0.0, float(gap[first:last].max()))
        detail = f"widest lip gap {100 * widest:.2f} %, in speech {100 * gap.max():.2f} %"
        yield Figure("silence", f"movement in {name}", moved, "% of the face height", 0.5, LOWER, detail)
    again = int((SPEECH_S + SILENCE_S) * FRAME_RATE)
    lag = best_lag(coefficients[again:, INDEX["jawOpen"]], clip.jaw[: int(SPEECH_S * FRAME_RATE)])
    yield Figure("silence", "jaw after the pause, lag", abs(lag), "frames", 1, LOWER, f"{lag:+d}, positive = late")
    speech = bench.basis.lip_gap(coefficients)
    marks = ((SPEECH_S, "silence"), (SPEECH_S + SILENCE_S, "speech"))
    yield Curves("silence", "lip gap around a pause", "% of the face height", {subject.name: 100 * speech}, marks)


def travel(coefficients: np.ndarray, basis: IctBasis) -> float:
    """How far the point of the lips that moves most goes between two of the frames (T,32), in face heights."""
    points = np.einsum("tk,kpi->tpi", coefficients, basis.deltas[:, list(LIPS), :2])
    span = points.max(0) - points.min(0)
    return float(np.linalg.norm(span, axis=1).max())


def read_wave(path: object) -> np.ndarray:
    """Mono 16-bit PCM as float64 (n,) at 16 kHz, in units of the last bit."""
    with wave.open(str(path)) as file:
        rate, samples = file.getframerate(), np.frombuffer(file.readframes(file.getnframes()), "<i2")
    return soxr.resample(samples.astype(np.float64), rate, SAMPLE_RATE)
