"""Does the motion belong to its own speech? A lip-sync expert that saw neither picks it out of twenty."""

from __future__ import annotations

from typing import Dict, Iterator, List, Optional

import numpy as np

from .bench import Bench, spread_out
from .figure import Figure, Finding
from .ranking_scores import GROUP, Pair, first_share, score_table
from .recordings import recordings
from .subjects import Subject
from .sync import SyncExpert

TITLE = "Lip-sync expert"
ABOUT = (
    "A small pair of networks, trained to tell matching windows of speech and motion from others, scores the motion of "
    "a clip against its own speech and that of 19 other clips of the same kind. The share of clips whose own speech "
    "scores highest; the margin is the mean score of the true pairing less that of the others."
)
GOAL = 90.0


def judge(subject: Subject, bench: Bench) -> Iterator[Finding]:
    expert = SyncExpert()
    real: List[Pair] = []
    groups: Dict[str, List[Pair]] = {"GRID": [], "synthetic voices": []}
    for recording in spread_out(list(recordings(bench.corpus, "grid", ("unseen", "held_out"))), GROUP):
        audio = bench.grid_audio(recording)
        mel = bench.speech(audio).mel(0, len(recording["coefficients"]))
        ours = subject.move(audio, like="grid").coefficients
        groups["GRID"].append(Pair(expert.speech_codes(mel), expert.motion_codes(ours)))
        real.append(Pair(groups["GRID"][-1].speech, expert.motion_codes(recording["coefficients"])))
    for clip in spread_out(bench.clips, GROUP):
        speech = bench.speech(clip.audio)
        mel = speech.mel(0, speech.frames)
        pair = Pair(expert.speech_codes(mel), expert.motion_codes(subject.move(clip.audio).coefficients))
        groups["synthetic voices"].append(pair)
    for name, pairs in groups.items():
        yield figure(name, pairs, real if name == "GRID" else None)
    yield figure("both", [pair for pairs in groups.values() for pair in pairs], None)


def figure(name: str, pairs: List[Pair], real: Optional[List[Pair]]) -> Figure:
    scores = score_table(pairs)
    others = (scores.sum(1) - np.diag(scores)) / max(len(pairs) - 1, 1)
    detail = f"{len(pairs)} clips, margin {np.mean(np.diag(scores) - others):.2f}"
    if real:
        detail += f"; the tracked faces themselves {first_share(score_table(real)):.0f} %"
    return Figure("ranking", f"{name}: true pairing ranked first", first_share(scores), "%", GOAL, detail=detail)
