"""Is the synthetic speech fit for training? Coverage of both languages, times of the labels, closures of the curves."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, Dict, Iterable, List, Sequence, Tuple

import numpy as np

from appliance.pipeline.coefficients import INDEX
from appliance.settings import FRAME_RATE

from ..ict.lips import IctBasis
from .sentences import initial_and_final, syllables
from .speech import Clip, load, stop_energy_lag
from .viseme_table import SILENCE
from .visemes import curves

LARGEST_LAG = 0.015
"""Seconds by which the labels of an engine may miss the sound."""
CLOSED_AT_LEAST = 0.98
"""Share of /p b m/ at whose middle the lips must be shut."""
BILABIALS = "pbm"
FAST = 0.06
"""Seconds below which a sound is fast."""
VISIBLE: Dict[str, Tuple[str, Tuple[str, ...]]] = {
    "rounding": ("uowyɥ", ("mouthPucker", "mouthFunnel")),
    "teeth": ("sfi", ("mouthUpperUpLeft", "mouthLowerDownLeft")),
}
"""What must show at which sounds, as the sum of which coefficients."""


class CorpusError(Exception):
    """The corpus is not fit for training; the message says why."""


def engine(clip: Clip) -> str:
    """Which engine spoke, and in which language."""
    return f"{'hibari' if clip.voice.startswith('hibari') else 'kokoro'} {clip.language}"


def grouped(clips: Iterable[Clip]) -> Dict[str, List[Clip]]:
    groups: Dict[str, List[Clip]] = {}
    for clip in clips:
        groups.setdefault(engine(clip), []).append(clip)
    return dict(sorted(groups.items()))


def label_lags(clips: Iterable[Clip]) -> Dict[str, Dict[str, float]]:
    """The stop-energy test, by engine and language. Raises `CorpusError` where labels are off by over `LARGEST_LAG`."""
    figures: Dict[str, Dict[str, float]] = {}
    for name, members in grouped(clips).items():
        lag, count = stop_energy_lag(members)
        figures[name] = {"lag ms": round(1000 * lag, 1), "stops": count}
    wrong = {name: figure["lag ms"] for name, figure in figures.items() if abs(figure["lag ms"]) > 1000 * LARGEST_LAG}
    if wrong:
        raise CorpusError(f"phoneme labels are late by {wrong} ms; set LATENESS in speech.py")
    return figures


def visible_rules(clips: Iterable[Clip], basis: IctBasis) -> Dict[str, Dict[str, float]]:
    """What the curves do at the sounds a viewer checks, by engine and language.

    Raises `CorpusError` if the lips are shut (lip gap ≤ 0) at fewer than `CLOSED_AT_LEAST` of /p b m/.
    """
    figures: Dict[str, Dict[str, float]] = {}
    for name, members in grouped(clips).items():
        shut: List[Tuple[bool, bool]] = []
        seen: Dict[str, List[float]] = {what: [] for what in VISIBLE}
        for clip in members:
            curve = curves(clip.phonemes, clip.duration)
            gap = basis.lip_gap(curve)
            for phone in clip.phonemes:
                frame = min(len(curve) - 1, int((phone.start + phone.end) / 2 * FRAME_RATE))
                if phone.symbol in BILABIALS:
                    shut.append((bool(gap[frame] <= 0), phone.end - phone.start < FAST))
                for what, (sounds, columns) in VISIBLE.items():
                    if phone.symbol[-1] in sounds:
                        seen[what].append(float(sum(curve[frame, INDEX[column]] for column in columns)))
        closed, fast = np.array(shut, bool).reshape(-1, 2).T
        figures[name] = {"bilabials": len(closed), "shut": share(closed), "fast ones shut": share(closed[fast])}
        for what, values in seen.items():
            figures[name][f"median {what}"] = round(float(np.median(values)), 3) if values else 0.0
    gaping = {name: figure["shut"] for name, figure in figures.items() if figure["shut"] < CLOSED_AT_LEAST}
    if gaping:
        raise CorpusError(f"lips stay open at bilabials: shut in {gaping}")
    return figures


def share(truths: np.ndarray) -> float:
    return round(float(truths.mean()), 4) if len(truths) else 1.0


def toned_syllables(text: str) -> List[str]:
    """The syllables of a Mandarin text in pinyin, each with its tone 1 to 5 at the end; 5 is the neutral tone."""
    from pypinyin import Style, lazy_pinyin

    return [
        syllable
        for syllable in lazy_pinyin(text, style=Style.TONE3, neutral_tone_with_five=True, v_to_u=True)
        if syllable[:-1].isalpha() and syllable[-1] in "12345"
    ]


def coverage(clips: Iterable[Clip]) -> Dict[str, Any]:
    """Who speaks for how long, and how often each sound of each language occurs."""
    minutes: Dict[str, Counter] = {"language": Counter(), "voice": Counter()}
    counts: Dict[str, Counter] = {key: Counter() for key in ("initials", "finals", "tones")}
    spoken: Counter = Counter()
    phonemes: Dict[str, Counter] = {}
    for clip in clips:
        minutes["language"][clip.language] += clip.duration / 60
        minutes["voice"][clip.voice] += clip.duration / 60
        sounds = (phone.symbol[-1] for phone in clip.phonemes if phone.symbol != SILENCE)
        phonemes.setdefault(clip.language, Counter()).update(sounds)
        if clip.language == "mandarin":
            for syllable in toned_syllables(clip.text):
                initial, final = initial_and_final(syllable[:-1])
                counts["initials"][initial or "none"] += 1
                counts["finals"][final] += 1
                counts["tones"][syllable[-1]] += 1
                spoken[syllable] += 1
    return {
        "minutes by language": {key: round(value, 1) for key, value in sorted(minutes["language"].items())},
        "minutes by voice": {key: round(value, 1) for key, value in sorted(minutes["voice"].items())},
        "phonemes": {language: dict(counter.most_common()) for language, counter in sorted(phonemes.items())},
        "mandarin": {key: dict(counter.most_common()) for key, counter in counts.items()},
        "mandarin syllables": len({syllable[:-1] for syllable in spoken}),
        "mandarin syllables with tone": len(spoken),
        "mandarin syllables missing": missing_syllables(spoken),
    }


def missing_syllables(spoken: Iterable[str]) -> List[str]:
    """Syllables of the table, with tone, that no clip holds."""
    wanted = [f"{syllable.pinyin}{tone}" for syllable in syllables() for tone in syllable.characters]
    said = set(spoken)
    return [syllable for syllable in wanted if syllable not in said]


def check(paths: Sequence[Path]) -> Dict[str, Any]:
    """All figures of the synthetic speech. Raises `CorpusError` when it is not fit for training."""
    clips = [load(path) for path in paths]
    return {
        "labels": label_lags(clips),
        "visible": visible_rules(clips, IctBasis.load()),
        "coverage": coverage(clips),
    }
