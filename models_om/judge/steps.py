"""What steps of the motion sampler buy: quality and time against ``inference_steps``."""

from __future__ import annotations

from typing import Dict, Iterator, List, Optional

import numpy as np

from appliance.settings import FRAME_RATE

from .bench import Bench, Clip, spread_out
from .closures import BILABIALS, articulation, at_sounds
from .figure import LOWER, Figure, Finding, Series
from .measures import correlation
from .ranking_scores import score_table
from .recordings import recordings
from .subjects import BASELINE, Subject
from .sync import FILE as EXPERT
from .sync import SyncExpert

TITLE = "Steps of the sampler"
STEPS = (1, 2, 5, 10, 20, 25, 30)
ENOUGH = 0.005
ABOUT = (
    "The same chain at other numbers of inference steps, on unseen GRID sentences (lip gap: r, and its spread as a "
    f"share of the real one's) and unseen synthetic voices (/b p m/). Rule for the default: the fewest steps whose r "
    f"is within {ENOUGH} of the best. Time: of one core, for motion alone."
)
MOST_SENTENCES, MOST_CLIPS = 24, 12


def judge(subject: Subject, bench: Bench) -> Iterator[Finding]:
    if subject.name == BASELINE:
        return
    held_out = list(recordings(bench.corpus, "grid", ("unseen", "held_out")))
    sentences = spread_out(held_out, MOST_SENTENCES)
    clips = spread_out(bench.clips, MOST_CLIPS)
    found: Dict[str, List[float]] = {}
    expert = SyncExpert() if EXPERT.exists() else None
    for steps in STEPS:
        for name, value in quality(subject, bench, sentences, clips, steps, expert).items():
            found.setdefault(name, []).append(value)
    steps = [float(count) for count in STEPS]
    for name, values in found.items():
        yield Series("steps", name, "inference_steps", name, steps, values)
    r = found["lip gap, r"]
    chosen = fewest_enough(steps, r)
    detail = ", ".join(f"{int(count)}: {value:.3f}" for count, value in zip(steps, r))
    yield Figure("steps", "lip gap at the best number of steps", max(r), "r", detail=f"r by steps: {detail}")
    times = found["seconds of one core a second of speech"]
    detail = (
        f"{1000 * times[steps.index(chosen)]:.0f} ms of one core a second of speech, {1000 * times[-1]:.0f} ms at 30"
    )
    yield Figure("steps", f"fewest steps within {ENOUGH} of the best", chosen, "steps", better=LOWER, detail=detail)


def fewest_enough(steps: List[float], scores: List[float]) -> float:
    """The fewest steps whose score is within `ENOUGH` of the best."""
    return min(count for count, score in zip(steps, scores) if score >= max(scores) - ENOUGH)


def quality(
    subject: Subject,
    bench: Bench,
    sentences: List[Dict[str, np.ndarray]],
    clips: List[Clip],
    steps: int,
    expert: Optional[SyncExpert] = None,
) -> Dict[str, float]:
    """Means over recordings, at that many steps."""
    scores, spreads, closures, fits, seconds, frames = [], [], [], [], 0.0, 0
    for recording in sentences:
        motion = subject.move(bench.grid_audio(recording), inference_steps=steps)
        gap = bench.basis.lip_gap(motion.coefficients)
        scores.append(correlation(gap, recording["gap"]))
        spreads.append(float(gap.std() / recording["gap"].std()))
        seconds, frames = seconds + motion.seconds, frames + len(gap)
    for clip in clips:
        motion = subject.move(clip.audio, inference_steps=steps)
        closures += at_sounds(clip, articulation(motion.coefficients, bench.basis).gap, BILABIALS)
        if expert is not None:
            speech = bench.speech(clip.audio)
            pair = expert.pair(speech.mel(0, speech.frames), motion.coefficients)
            fits.append(float(score_table([pair])[0, 0]))
    found = {
        "lip gap, r": float(np.mean(scores)),
        "spread of the lip gap, share of the real one": float(np.mean(spreads)),
        "lip gap at /b p m/, σ": float(np.mean(closures)),
        "seconds of one core a second of speech": seconds / (frames / FRAME_RATE),
    }
    return {**found, "lip-sync expert, mean cosine": float(np.mean(fits))} if fits else found
