"""Real English lips: people and sentences that training never saw, also read back from finished videos."""

from __future__ import annotations

from typing import Dict, Iterator, List

import numpy as np

from appliance.pipeline.coefficients import INDEX

from .bench import Bench, spread_out
from .figure import LOWER, Curves, Figure, Finding
from .measures import best_lag, correlation
from .recordings import recordings
from .studio import PORTRAITS, Studio
from .subjects import BASELINE, Subject

TITLE = "GRID: tracked English lips"
ABOUT = (
    "Mean over sentences of Pearson's r with the face tracked in the speaker's video, by the whole chain that makes "
    "videos, silence gate included. The gate shuts the mouth in pauses, which real speakers often do not: what the "
    "networks know without it stands in the detail. The goals are for people that training never saw, and for unseen "
    "sentences of s1, whom it knows. Finished videos: lip gap read back from the MP4 by the face mesh network."
)
MOST_SENTENCES, MOST_VIDEOS = 60, 3
CHANNELS = {"jawOpen": 0.84, "mouthFunnel": 0.70, "mouthPucker": 0.62}
UNSEEN_GOAL, SEEN_GOAL, VIDEO_GOAL = 0.88, 0.94, 0.80


def judge(subject: Subject, bench: Bench) -> Iterator[Finding]:
    unseen = list(recordings(bench.corpus, "grid", ("unseen",)))
    seen = spread_out(list(recordings(bench.corpus, "grid", ("held_out",))), MOST_SENTENCES)
    speakers = sorted({str(recording["voice"]) for recording in unseen})
    groups = {f"unseen speaker {name}": [r for r in unseen if str(r["voice"]) == name] for name in speakers}
    groups = {"unseen speakers": unseen, **groups, "s1, unseen sentences": seen}
    for group, chosen in groups.items():
        if not chosen:
            continue
        goal = SEEN_GOAL if chosen is seen else UNSEEN_GOAL
        yield from judge_group(group, chosen, goal, subject, bench, channels=chosen is unseen or chosen is seen)
    for speaker in (*speakers, "s1"):
        recording = next(r for r in [*unseen, *seen] if str(r["voice"]) == speaker)
        ours = bench.basis.lip_gap(subject.move(bench.grid_audio(recording), like="grid").coefficients)
        lines = {"real": recording["gap"], subject.name: ours}
        title = f"{speaker}, sentence {recording['name']}: lip gap"
        yield Curves("grid", title, "% of the face height", {key: 100 * curve for key, curve in lines.items()})
    yield from judge_videos({"unseen speakers": unseen, "s1, unseen sentences": seen}, subject, bench)


def judge_group(
    group: str, chosen: List[Dict[str, np.ndarray]], goal: float, subject: Subject, bench: Bench, channels: bool
) -> Iterator[Figure]:
    """Lip gap of a group of sentences, its lag, and with ``channels`` the single coefficients."""
    found: Dict[str, List[float]] = {}
    for recording in chosen:
        for key, options in (("", {}), ("free ", {"rest_scale": 0.0})):
            ours = subject.move(bench.grid_audio(recording), like="grid", **options).coefficients
            gap = bench.basis.lip_gap(ours)
            found.setdefault(key + "gap", []).append(correlation(gap, recording["gap"]))
            found.setdefault(key + "lag", []).append(best_lag(gap, recording["gap"]))
            for name in CHANNELS:
                r = correlation(ours[:, INDEX[name]], recording["coefficients"][:, INDEX[name]])
                found.setdefault(key + name, []).append(r)
    mean = {key: float(np.mean(values)) for key, values in found.items()}

    def detail(key: str) -> str:
        free = "" if subject.name == BASELINE else f", {mean['free ' + key]:.3f} without the silence gate"
        return f"{len(chosen)} sentences{free}"

    yield Figure("grid", f"{group}: lip gap", mean["gap"], "r", goal, detail=detail("gap"))
    lag = mean["lag"]
    yield Figure("grid", f"{group}: lip gap, lag", abs(lag), "frames", 1, LOWER, f"{lag:+.2f}, positive = late")
    for name, channel_goal in CHANNELS.items() if channels else ():
        yield Figure("grid", f"{group}: {name}", mean[name], "r", channel_goal, detail=detail(name))


def judge_videos(groups: Dict[str, List[Dict[str, np.ndarray]]], subject: Subject, bench: Bench) -> Iterator[Finding]:
    """Lip gap of finished videos of other faces."""
    studio = Studio(subject, bench)
    for group, chosen in groups.items():
        found, lags = [], []
        for recording in spread_out(chosen, MOST_VIDEOS):
            audio = bench.grid_audio(recording)
            motion = subject.move(audio, like="grid")
            for portrait in PORTRAITS[:2]:
                gap = studio.film(portrait, motion, audio).lip_gap
                found.append(correlation(gap, recording["gap"]))
                lags.append(best_lag(gap, recording["gap"]))
        name = f"finished videos, {group}: lip gap"
        detail = f"{len(found)} videos of {len(PORTRAITS[:2])} faces, {min(found):.2f} to {max(found):.2f}"
        yield Figure("grid", name, float(np.mean(found)), "r", VIDEO_GOAL, detail=detail)
        lag = float(np.mean(lags))
        yield Figure("grid", f"{name}, lag", abs(lag), "frames", 1, LOWER, f"{lag:+.2f}, positive = late")
