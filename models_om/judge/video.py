"""Three people talking to a camera: their lips against ours, driven by the same sound."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

import numpy as np

from appliance.pipeline.speech.mel import COLUMNS_PER_FRAME
from appliance.pipeline.video import probe
from appliance.settings import FRAME_RATE

from .bench import Bench
from .figure import LOWER, Curves, Figure, Finding
from .measures import best_lag, correlation, fitted, unit
from .studio import PORTRAITS, Studio
from .subjects import BASELINE, Subject

TITLE = "People on video"
ABOUT = (
    "The face mesh of every frame of the recordings in DATA/video, the lip gap brought to 25 fps, against ours by the "
    "same sound; for the first clip also against the lip gap read back from a finished video of another face."
)


def judge(subject: Subject, bench: Bench) -> Iterator[Finding]:
    found, free, lags = [], [], []
    for number, path in enumerate(sorted((bench.data / "video").glob("*.mp4"))):
        real = real_gap(path, bench)
        motion = subject.move(path)
        gap = bench.basis.lip_gap(motion.coefficients)
        found.append(correlation(gap, real))
        free.append(correlation(bench.basis.lip_gap(subject.move(path, rest_scale=0.0).coefficients), real))
        lags.append(best_lag(gap, real))
        yield Figure("video", f"{path.stem}: lip gap", found[-1], "r", detail=in_step(path, gap, real, bench))
        lines = {"real": unit(real), subject.name: unit(gap)}
        lines = {name: curve[: 10 * FRAME_RATE] for name, curve in lines.items()}
        yield Curves("video", f"{path.stem}: lip gap, 10 s", "scaled", lines)
        if number == 0:
            made = Studio(subject, bench).film(PORTRAITS[0], motion, path).lip_gap
            name = f"{path.stem}: lip gap of a finished video of another face"
            yield Figure("video", name, correlation(made, real), "r")
    detail = "" if subject.name == BASELINE else f"{np.mean(free):.3f} without the silence gate"
    yield Figure("video", "all clips: lip gap, mean", float(np.mean(found)), "r", detail=detail)
    lag = float(np.mean(lags))
    yield Figure("video", "all clips: lip gap, lag", abs(lag), "frames", 1, LOWER, f"{lag:+.2f}, positive = late")


def in_step(path: Path, ours: np.ndarray, real: np.ndarray, bench: Bench) -> str:
    """Whether sound and picture of the recording belong together, in words."""
    ours, real = fitted(ours, real)
    lag = best_lag(ours, real)
    inner = slice(abs(lag), len(ours) - abs(lag))
    at_best = correlation(np.roll(ours, -lag)[inner], real[inner])
    speech = bench.speech(path)
    loudness = speech.mel(0, speech.frames).mean(0).reshape(-1, COLUMNS_PER_FRAME).mean(1)
    return f"{at_best:.2f} at lag {lag:+d}; loudness alone {correlation(loudness, real):.2f}"


def real_gap(path: Path, bench: Bench) -> np.ndarray:
    """(T,) at 25 fps: the inner-lip gap of the person in a video, in face heights."""
    track = bench.track(path)
    rate = float(probe(path)["frame_rate"])
    times = (np.arange(int(len(track.points) / rate * FRAME_RATE)) + 0.5) / FRAME_RATE
    return np.interp(times * rate - 0.5, np.arange(len(track.points)), track.lip_gap)
