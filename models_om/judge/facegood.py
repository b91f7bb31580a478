"""A Mandarin speaker's measured face: the two recordings that training never saw."""

from __future__ import annotations

from typing import Dict, Iterator, NamedTuple

import numpy as np

from appliance.pipeline.coefficients import COEFFICIENTS, INDEX

from ..corpus import facegood
from ..corpus.dataset import cleaned
from .bench import Bench
from .figure import LOWER, Curves, Figure, Finding
from .measures import best_lag, correlation, fitted, unit
from .subjects import BASELINE, Subject

TITLE = "FACEGOOD: a measured Mandarin face"
ABOUT = (
    "Pearson's r of our coefficients with the curves measured on the speaker, both at 25 fps, over the whole clip. "
    "Rounding: mouthFunnel + mouthPucker against FACEGOOD's mouth_oh_c, with which that sum of its own mapped curves "
    "correlates at 0.85 and 0.79. Moving channels: those whose mapped curve has σ > 0.01; left and right count once."
)
ROUNDING = "mouth_oh_c"
MOVES = 0.01


class Goals(NamedTuple):
    jaw: float
    rounding: float
    mean: float


GOALS = {"1114_2_05": Goals(0.88, 0.72, 0.52), "1114_3_15": Goals(0.80, 0.65, 0.48)}


def judge(subject: Subject, bench: Bench) -> Iterator[Finding]:
    archive = np.load(bench.data / "facegood" / "curves.npz")
    column = [str(name) for name in archive["channel_names"]].index(ROUNDING)
    for clip in facegood.clips(bench.data, bench.basis):
        if clip.name not in GOALS:
            continue
        oh = facegood.resample(archive[clip.name].astype(np.float32))[:, column]
        ours = subject.move(clip.audio, like="facegood").coefficients
        free = subject.move(clip.audio, like="facegood", rest_scale=0.0).coefficients
        found, known = scores(ours, clip.coefficients, oh), scores(free, clip.coefficients, oh)
        goals = GOALS[clip.name]
        channels = ", ".join(f"{name} {value:.2f}" for name, value in each_channel(ours, clip.coefficients).items())
        for name, goal, more in (
            ("jaw", goals.jaw, ""), ("rounding", goals.rounding, ""), ("moving channels, mean", goals.mean, channels),
        ):  # fmt: skip
            detail = "" if subject.name == BASELINE else f"{known[name]:.3f} without the silence gate. "
            yield Figure("facegood", f"{clip.name}: {name}", found[name], "r", goal, detail=detail + more)
        lag = best_lag(ours[:, INDEX["jawOpen"]], clip.jaw)
        yield Figure("facegood", f"{clip.name}: jaw, lag", abs(lag), "frames", 1, LOWER, f"{lag:+d}, positive = late")
        part = slice(500, 750)
        lines = {"real": clip.jaw[part], subject.name: ours[part, INDEX["jawOpen"]]}
        yield Curves("facegood", f"{clip.name}: jaw, 10 s", "scaled", {k: unit(v) for k, v in lines.items()})


def scores(ours: np.ndarray, theirs: np.ndarray, oh: np.ndarray) -> Dict[str, float]:
    """r of jaw, rounding and the mean of the moving channels, of coefficients (T,32) and FACEGOOD's own (T,)."""
    rounding = ours[:, INDEX["mouthFunnel"]] + ours[:, INDEX["mouthPucker"]]
    return {
        "jaw": correlation(ours[:, INDEX["jawOpen"]], theirs[:, INDEX["jawOpen"]]),
        "rounding": correlation(rounding, oh),
        "moving channels, mean": float(np.mean(list(each_channel(ours, theirs).values()))),
    }


def each_channel(ours: np.ndarray, theirs: np.ndarray) -> Dict[str, float]:
    """r of each channel that moves; left and right, which `cleaned` makes one, under one name."""
    ours, theirs = (cleaned(c) for c in fitted(ours, theirs))
    found = {}
    for index, name in enumerate(COEFFICIENTS):
        if not name.endswith("Right") and theirs[:, index].std() > MOVES:
            found[name.replace("Left", "")] = correlation(ours[:, index], theirs[:, index])
    return found
