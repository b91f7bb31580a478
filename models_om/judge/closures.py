"""What the sounds themselves ask of the lips: shut at /b p m/, round at /u o w ü/, teeth in sight at /s f i/."""

from __future__ import annotations

from typing import Iterator, List, NamedTuple

import numpy as np

from appliance.pipeline.coefficients import INDEX
from appliance.settings import FRAME_RATE

from ..ict.lips import IctBasis
from .bench import PAUSE, Bench, Clip
from .figure import LOWER, Curves, Figure, Finding
from .studio import PORTRAITS, Studio
from .subjects import Motion, Subject
from .teeth import IN_SIGHT, teeth_area

TITLE = "Sounds in unseen voices"
ABOUT = (
    "Synthetic speech with known phoneme times, sentences and voices that training never saw, by the whole chain. σ: "
    "deviations from the mean of the frames that lie in a sound; pauses are left out, since their shut lips would move "
    "the mean towards the closures. Lip gap at a sound: at its middle. Shut: in at least one of the frames that the "
    "sound touches the gap is under 4 % of the mouth's width. Teeth: frames drawn at the sound's middle show a patch "
    "of tooth colour between the lips."
)
BILABIALS, ROUNDED, TOOTHED = "bpm", "uowyɥOQ", "sfi"
"""By the last character of misaki's symbols, which has no stress mark; O and Q are the English vowels of "go"."""

SHUT = 0.04
INNER_CORNERS = (78, 308)
GOAL_GAP, GOAL_SHUT = -1.5, 90.0
LANGUAGES = ("mandarin", "english")
SLIT, NEARLY_SHUT = (0.008, 0.05), 0.2
"""Lip gap in face heights, and the most of jawOpen, at which teeth and not a dark cavity lie behind the lips."""

MOST_TEETH = 24
"""Sounds of a language whose frames are drawn to look for teeth."""


class Articulation(NamedTuple):
    """Of one clip, each (T,): lip gap in face heights, gap as a share of the mouth's width, rounding, mouth width."""

    gap: np.ndarray
    share: np.ndarray
    rounding: np.ndarray
    width: np.ndarray


def judge(subject: Subject, bench: Bench) -> Iterator[Finding]:
    studio = Studio(subject, bench)
    for language in LANGUAGES:
        clips = [clip for clip in bench.clips if clip.language == language]
        motions = [subject.move(clip.audio) for clip in clips]
        spoken = [(clip, articulation(motion.coefficients, bench.basis)) for clip, motion in zip(clips, motions)]
        if not spoken:
            continue
        name = language.capitalize()
        gaps = [z for clip, face in spoken for z in at_sounds(clip, face.gap, BILABIALS)]
        yield Figure(
            "closures", f"{name}: lip gap at /b p m/", float(np.mean(gaps)), "σ", GOAL_GAP, LOWER,
            f"{len(gaps)} closures",
        )  # fmt: skip
        shut = [value for clip, face in spoken for value in least_at(clip, face.share, BILABIALS)]
        middle = [value for clip, face in spoken for value in at_middles(clip, face.share, BILABIALS)]
        yield Figure(
            "closures", f"{name}: shut at /b p m/", 100 * float(np.mean(np.array(shut) < SHUT)), "%", GOAL_SHUT,
            detail=f"{100 * np.mean(np.array(middle) < SHUT):.0f} % at the very middle",
        )  # fmt: skip
        rounding = [z for clip, face in spoken for z in at_sounds(clip, face.rounding, ROUNDED)]
        width = [z for clip, face in spoken for z in at_sounds(clip, face.width, ROUNDED)]
        yield Figure(
            "closures", f"{name}: rounding at /u o w ü/", float(np.mean(rounding)), "σ",
            detail=f"mouthFunnel + mouthPucker at {len(rounding)} sounds; mouth width {np.mean(width):+.2f} σ",
        )  # fmt: skip
        yield from judge_teeth(name, clips, motions, studio, bench)
    yield from curves(subject, bench)


def judge_teeth(name: str, clips: List[Clip], motions: List[Motion], studio: Studio, bench: Bench) -> Iterator[Figure]:
    """How often a drawn frame shows teeth at /s f i/, and how often lips and jaw would let it."""
    places = [(k, sound) for k, clip in enumerate(clips) for sound in clip.sounds if sound.symbol[-1] in TOOTHED]
    allowed, seen = [], []
    for k, sound in places:
        row = frame_at(sound.middle, len(motions[k].coefficients))
        coefficients = motions[k].coefficients[row]
        allowed.append(slit(coefficients, bench.basis))
    for k, sound in places[:: max(1, len(places) // MOST_TEETH)]:
        row = frame_at(sound.middle, len(motions[k].coefficients))
        for portrait in PORTRAITS[:2]:
            frame = next(studio.frames(portrait, motions[k], [row]))
            seen.append(teeth_area(frame, studio.face(frame)) > IN_SIGHT)
    shown = 100 * float(np.mean(seen))
    yield Figure(
        "closures", f"{name}: teeth in sight at /s f i/", shown, "%",
        detail=f"of {len(seen)} drawn frames; lips parted over a nearly shut jaw in {100 * np.mean(allowed):.0f} % of "
        f"{len(places)} sounds",
    )  # fmt: skip


def slit(coefficients: np.ndarray, basis: IctBasis) -> bool:
    """Whether coefficients (32,) part the lips a little while the jaw is nearly shut: what lets teeth be seen."""
    gap = float(basis.lip_gap(coefficients))
    return SLIT[0] < gap < SLIT[1] and float(coefficients[INDEX["jawOpen"]]) < NEARLY_SHUT


def articulation(coefficients: np.ndarray, basis: IctBasis) -> Articulation:
    """What coefficients (T,32) do to the lips."""
    gap = basis.lip_gap(coefficients)
    left, right = INNER_CORNERS
    at_rest = basis.neutral[right, 0] - basis.neutral[left, 0]
    width = at_rest + coefficients @ (basis.deltas[:, right, 0] - basis.deltas[:, left, 0])
    rounding = coefficients[:, INDEX["mouthFunnel"]] + coefficients[:, INDEX["mouthPucker"]]
    return Articulation(gap, gap / width, rounding, width)


def frame_at(seconds: float, frames: int) -> int:
    return min(int(seconds * FRAME_RATE), frames - 1)


def at_middles(clip: Clip, curve: np.ndarray, symbols: str) -> List[float]:
    """The curve (T,) at the middles of these sounds, linear between frames."""
    frames = np.arange(len(curve)) + 0.5
    return [
        float(np.interp(sound.middle * FRAME_RATE, frames, curve))
        for sound in clip.sounds
        if sound.symbol != PAUSE and sound.symbol[-1] in symbols
    ]


def at_sounds(clip: Clip, curve: np.ndarray, symbols: str) -> List[float]:
    """`at_middles` in deviations from the mean of the clip's speaking frames."""
    speaking = curve[clip.speaking(len(curve))]
    deviation = max(float(speaking.std()), 1e-9)
    return [(value - float(speaking.mean())) / deviation for value in at_middles(clip, curve, symbols)]


def least_at(clip: Clip, curve: np.ndarray, symbols: str) -> List[float]:
    """The least of the curve (T,) over the frames that each of these sounds touches."""
    found = []
    for sound in clip.sounds:
        if sound.symbol != PAUSE and sound.symbol[-1] in symbols:
            first = frame_at(sound.start, len(curve))
            last = max(first, frame_at(sound.end - 1e-6, len(curve)))
            found.append(float(curve[first : last + 1].min()))
    return found


def curves(subject: Subject, bench: Bench) -> Iterator[Curves]:
    """The first clip of each language, with its closures marked."""
    for language in LANGUAGES:
        clip = next((clip for clip in bench.clips if clip.language == language), None)
        if clip is not None:
            face = articulation(subject.move(clip.audio).coefficients, bench.basis)
            marks = tuple((s.middle, s.symbol[-1]) for s in clip.sounds if s.symbol[-1] in BILABIALS)
            title = f"{language.capitalize()}, {clip.name}: lip gap, /b p m/ marked"
            yield Curves("closures", title, "% of the mouth's width", {subject.name: 100 * face.share}, marks)
