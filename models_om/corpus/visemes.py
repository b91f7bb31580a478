"""From phonemes with times to the 32 motion coefficients: a table of mouth shapes and three rules of co-articulation.

1. Blending. Every phoneme pulls each articulator (jaw, lips, rounding, spreading, tongue) towards its own shape with a
   strength that falls off exponentially before and after it; the curve is the weighted mean (Cohen & Massaro, 1993).
   A sound that does not need an articulator has next to no strength there, so /k/ leaves the lips to its neighbours.
2. Silence. In a pause the mouth shuts within `DECAY` and begins to open `ONSET` before the next sound.
3. Closures. /p b m/ shut the lips and /f v/ lift the lower lip to the teeth, whatever the neighbours want, for at least
   `HOLD` (JALI: Edwards et al., 2016).

Symbols are misaki's, one character each: IPA, with capitals for English diphthongs. Left and right are equal; the jaw
never moves sideways. Nothing here is random.
"""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Sequence, Tuple

import numpy as np

from appliance.pipeline.coefficients import COEFFICIENTS, INDEX

SILENCE = "_"
"""The symbol of a pause: word spaces, punctuation, and the quiet at both ends."""

STRESS = "ˈˌ"
"""Marks that may precede an English vowel."""


class Phoneme(NamedTuple):
    """A symbol (stress mark before it, if any) and when it sounds, in seconds of the clip."""

    symbol: str
    start: float
    end: float


# --- the table --------------------------------------------------------------------------------------------------------


class Shape(NamedTuple):
    """Coefficient → weight, and how strongly the sound insists on each articulator (0 not at all, 1 fully)."""

    weights: Dict[str, float]
    jaw: float
    lips: float
    rounding: float
    spreading: float


def shape(jaw: float, lips: float, rounding: float, spreading: float, **weights: float) -> Shape:
    """A shape; a weight named without side ("mouthPress") means both sides."""
    sided: Dict[str, float] = {}
    for name, weight in weights.items():
        names = [name] if name in INDEX else [name + "Left", name + "Right"]
        sided.update(dict.fromkeys(names, weight))
    return Shape(sided, jaw, lips, rounding, spreading)


# The four strengths are those of jaw, lips, rounding and spreading.
SHAPES: Dict[str, Shape] = {
    # closures; enforced by rule 3
    "PP": shape(
        0.9, 1.0, 0.1, 0.1, jawOpen=0.04, mouthClose=0.04, mouthPress=0.3, mouthRollUpper=0.25, mouthRollLower=0.28
    ),
    "FF": shape(0.9, 1.0, 0.2, 0.2, jawOpen=0.08, mouthRollLower=0.35, mouthUpperUp=0.2, mouthShrugUpper=0.05),
    # tongue: the lips follow the neighbours
    "TH": shape(0.7, 0.4, 0.1, 0.1, jawOpen=0.12, tongueOut=0.25, mouthLowerDown=0.14, mouthUpperUp=0.08),
    "DD": shape(0.6, 0.1, 0.05, 0.05, jawOpen=0.1, mouthLowerDown=0.1),
    "NN": shape(0.5, 0.1, 0.05, 0.05, jawOpen=0.12, mouthLowerDown=0.08),
    "LL": shape(0.5, 0.1, 0.05, 0.05, jawOpen=0.2, mouthLowerDown=0.1),
    "KK": shape(0.35, 0.05, 0.05, 0.05, jawOpen=0.16, mouthLowerDown=0.06),
    # sibilants: a nearly closed jaw, teeth in sight
    "SS": shape(1.0, 0.6, 0.2, 0.5, jawOpen=0.06, mouthStretch=0.22, mouthUpperUp=0.14, mouthLowerDown=0.22),
    "XX": shape(
        1.0, 0.6, 0.2, 0.7, jawOpen=0.07, mouthStretch=0.28, mouthSmile=0.15, mouthUpperUp=0.1, mouthLowerDown=0.16
    ),
    "CH": shape(
        0.9, 0.6, 0.8, 0.5, jawOpen=0.1, mouthFunnel=0.5, mouthPucker=0.3, mouthUpperUp=0.08, mouthLowerDown=0.1
    ),
    "ZH": shape(
        0.9, 0.6, 0.4, 0.3, jawOpen=0.1, mouthFunnel=0.28, mouthPucker=0.12, mouthUpperUp=0.08, mouthLowerDown=0.14
    ),
    "RR": shape(0.6, 0.4, 0.7, 0.4, jawOpen=0.13, mouthFunnel=0.26, mouthPucker=0.3),
    # vowels
    "AA": shape(1.0, 1.0, 0.7, 0.7, jawOpen=0.62, mouthLowerDown=0.14, mouthUpperUp=0.08),
    "AE": shape(1.0, 1.0, 0.7, 0.8, jawOpen=0.54, mouthStretch=0.16, mouthLowerDown=0.16, mouthUpperUp=0.1),
    "AH": shape(1.0, 1.0, 0.6, 0.6, jawOpen=0.43, mouthLowerDown=0.12, mouthUpperUp=0.06),
    "EH": shape(
        1.0, 1.0, 0.7, 0.8, jawOpen=0.33, mouthStretch=0.18, mouthSmile=0.08, mouthLowerDown=0.14, mouthUpperUp=0.1
    ),
    "ER": shape(0.9, 0.8, 0.7, 0.6, jawOpen=0.24, mouthFunnel=0.2, mouthPucker=0.18, mouthLowerDown=0.06),
    "UH": shape(0.7, 0.6, 0.4, 0.4, jawOpen=0.24, mouthLowerDown=0.08),
    "EE": shape(1.0, 1.0, 0.8, 0.6, jawOpen=0.28, mouthStretch=0.14, mouthLowerDown=0.12, mouthUpperUp=0.05),
    "IH": shape(
        0.8, 0.7, 0.6, 0.7, jawOpen=0.2, mouthStretch=0.2, mouthSmile=0.1, mouthLowerDown=0.12, mouthUpperUp=0.07
    ),
    "II": shape(
        1.0, 1.0, 0.9, 1.0, jawOpen=0.14, mouthStretch=0.3, mouthSmile=0.22, mouthLowerDown=0.14, mouthUpperUp=0.1
    ),
    "IZ": shape(0.9, 0.8, 0.6, 0.7, jawOpen=0.1, mouthStretch=0.22, mouthUpperUp=0.1, mouthLowerDown=0.2),
    "OO": shape(1.0, 1.0, 1.0, 0.9, jawOpen=0.34, mouthFunnel=0.38, mouthPucker=0.36),
    "OH": shape(1.0, 1.0, 0.9, 0.8, jawOpen=0.44, mouthFunnel=0.28, mouthPucker=0.14, mouthLowerDown=0.06),
    "UU": shape(1.0, 1.0, 1.0, 1.0, jawOpen=0.12, mouthPucker=0.72, mouthFunnel=0.36),
    "UX": shape(0.9, 0.8, 0.8, 0.7, jawOpen=0.18, mouthPucker=0.42, mouthFunnel=0.28),
    "YY": shape(1.0, 1.0, 1.0, 1.0, jawOpen=0.09, mouthPucker=0.84, mouthFunnel=0.36),
    "WW": shape(0.8, 0.9, 1.0, 0.8, jawOpen=0.09, mouthPucker=0.74, mouthFunnel=0.3),
    "JJ": shape(
        0.6, 0.5, 0.4, 0.7, jawOpen=0.12, mouthStretch=0.26, mouthSmile=0.18, mouthLowerDown=0.1, mouthUpperUp=0.06
    ),
}

PHONEMES: Dict[str, Tuple[str, ...]] = {
    # consonants of both languages
    "p": ("PP",), "b": ("PP",), "m": ("PP",), "f": ("FF",), "v": ("FF",),
    "t": ("DD",), "d": ("DD",), "n": ("NN",), "l": ("LL",),
    "k": ("KK",), "ɡ": ("KK",), "ŋ": ("KK",), "x": ("KK",), "h": ("KK",),
    "s": ("SS",), "z": ("SS",), "j": ("JJ",), "w": ("WW",),
    # Mandarin initials: z c, j q x, zh ch sh, r; aspiration is a sound of its own
    "ʦ": ("SS",), "ʨ": ("XX",), "ɕ": ("XX",), "ꭧ": ("ZH",), "ʂ": ("ZH",), "ɻ": ("RR",), "ʰ": ("KK",), "ɥ": ("YY",),
    # English only; T and ɾ are the flap of "water"
    "θ": ("TH",), "ð": ("TH",), "ʃ": ("CH",), "ʒ": ("CH",), "ʧ": ("CH",), "ʤ": ("CH",), "ɹ": ("RR",),
    "T": ("DD",), "ɾ": ("DD",), "ʔ": ("KK",),
    # vowels; ɤ is the e of "ge", ɨ the i of "zi" and "shi", ɚ er
    "a": ("AA",), "ɑ": ("AA",), "æ": ("AE",), "ʌ": ("AH",), "ɐ": ("AH",), "ɛ": ("EH",), "e": ("EH",),
    "ə": ("UH",), "ᵊ": ("UH",), "ɜ": ("ER",), "ɚ": ("ER",), "ɤ": ("EE",),
    "i": ("II",), "ɪ": ("IH",), "ᵻ": ("IH",), "ɨ": ("IZ",),
    "o": ("OO",), "ɔ": ("OO",), "ɒ": ("OH",), "u": ("UU",), "ʊ": ("UX",), "y": ("YY",),
    # English diphthongs of day, my, now, boy, go (American and British)
    "A": ("EH", "IH"), "I": ("AA", "IH"), "W": ("AA", "UX"), "Y": ("OO", "IH"), "O": ("OO", "UX"), "Q": ("UH", "UX"),
}  # fmt: skip

VOWELS = "aɑæʌɐɛeəᵊɜɚɤiɪᵻɨoɔɒuʊyAIWYOQ"

# --- figures of the rules ---------------------------------------------------------------------------------------------

FALL_OFF = {
    "jaw": (28.0, 28.0),
    "lips": (28.0, 28.0),
    "rounding": (10.0, 18.0),
    "spreading": (18.0, 20.0),
    "tongue": (40.0, 40.0),
}
"""1/s, before and after the sound: lips are rounded some 100 ms ahead of a rounded sound, the rest comes with it."""

CORE = 0.5
"""Share of a phoneme, in its middle, in which its strength is full."""

UNSTRESSED = 0.8
"""Jaw and lips of an English vowel without stress, as a share of the stressed one."""

DECAY = 0.14
ONSET = 0.12
HOLD = 0.05
CLOSING = 0.06
OPENING = 0.05
"""Seconds: to shut after speech, to open ahead of it, shortest closure, and the way into and out of a closure."""

KEPT_IN_CLOSURE = 0.7
"""Share of its neighbours' rounding and spreading that a closure keeps: the lips of "pu" are shut and rounded."""

GRID = 200
"""Hertz at which the curves are computed before they are read once a frame."""

_ARTICULATORS: Dict[str, Tuple[str, ...]] = {
    "jaw": ("jawOpen", "jawForward", "jawLeft", "jawRight"),
    "rounding": ("mouthFunnel", "mouthPucker"),
    "spreading": ("mouthSmileLeft", "mouthSmileRight", "mouthStretchLeft", "mouthStretchRight",
                  "mouthDimpleLeft", "mouthDimpleRight"),
    "tongue": ("tongueOut",),
}  # fmt: skip
_CLOSURES = ("PP", "FF")


class _Target(NamedTuple):
    shape: str
    start: float
    end: float
    size: float


def curves(phonemes: Sequence[Phoneme], duration: float, frame_rate: int = 25) -> np.ndarray:
    """The motion coefficients of a clip.

    ``phonemes``: in order of time, symbols of `PHONEMES` or `SILENCE`; time not covered is silence.
    ``duration``: seconds. Returns float32 (round(duration * frame_rate), 32), row ``f`` for the middle of frame ``f``.
    Raises `KeyError` for an unknown symbol.
    """
    frames = round(duration * frame_rate)
    result = np.zeros((frames, len(COEFFICIENTS)), np.float32)
    targets = _targets(phonemes)
    if not targets or not frames:
        return result
    time = np.arange(int(duration * GRID) + 2) / GRID
    fine = _blend(targets, time) * _speaking(phonemes, time)[:, None]
    fine = _close(fine, targets, time)
    moments = (np.arange(frames) + 0.5) / frame_rate
    for column in np.flatnonzero(fine.any(axis=0)):
        result[:, column] = np.interp(moments, time, fine[:, column])
    return result


def _targets(phonemes: Sequence[Phoneme]) -> List[_Target]:
    """One target a sound, two a diphthong."""
    stresses = any(p.symbol[0] in STRESS for p in phonemes)
    targets = []
    for symbol, start, end in phonemes:
        if symbol == SILENCE:
            continue
        sound = symbol[-1]
        reduced = stresses and sound in VOWELS and symbol[0] not in STRESS
        shapes = PHONEMES[sound]
        edges = np.linspace(start, end, len(shapes) + 1)
        size = UNSTRESSED if reduced else 1.0
        targets += [_Target(name, edges[i], edges[i + 1], size) for i, name in enumerate(shapes)]
    return targets


def _blend(targets: Sequence[_Target], time: np.ndarray) -> np.ndarray:
    """Rule 1, float64 (len(time), 32)."""
    start, end = (np.array([getattr(t, edge) for t in targets]) for edge in ("start", "end"))
    middle, core = (start + end) / 2, CORE * (end - start) / 2
    away = time[:, None] - middle
    before, after = np.maximum(-away - core, 0.0), np.maximum(away - core, 0.0)
    weights = np.zeros((len(targets), len(COEFFICIENTS)))
    for row, target in zip(weights, targets):
        for name, weight in SHAPES[target.shape].weights.items():
            row[INDEX[name]] = weight * target.size
    fine = np.zeros((len(time), len(COEFFICIENTS)))
    for articulator, (ahead, behind) in FALL_OFF.items():
        strength = np.array([_strength(SHAPES[t.shape], articulator) for t in targets])
        # The sum must not vanish far from all sounds; rule 2 takes the mouth to rest there.
        pull = strength * np.exp(-np.minimum(ahead * before + behind * after, 300.0))
        columns = _columns(articulator)
        fine[:, columns] = pull @ weights[:, columns] / pull.sum(axis=1, keepdims=True)
    return fine


def _strength(sound: Shape, articulator: str) -> float:
    return 1.0 if articulator == "tongue" else float(getattr(sound, articulator))


def _columns(articulator: str) -> List[int]:
    """Columns of an articulator; the lips have all that no other has."""
    if articulator != "lips":
        return [INDEX[name] for name in _ARTICULATORS[articulator]]
    others = {name for names in _ARTICULATORS.values() for name in names}
    return [INDEX[name] for name in COEFFICIENTS if name not in others]


def _speaking(phonemes: Sequence[Phoneme], time: np.ndarray) -> np.ndarray:
    """Rule 2: 1 within and between sounds, 0 in pauses, with smooth ways down and up."""
    level = np.zeros(len(time))
    for symbol, start, end in phonemes:
        if symbol != SILENCE:
            level = np.maximum(level, _plateau(time, start, end, ONSET, DECAY))
    return level


def _close(fine: np.ndarray, targets: Sequence[_Target], time: np.ndarray) -> np.ndarray:
    """Rule 3."""
    kept = np.zeros(len(COEFFICIENTS))
    kept[_columns("rounding") + _columns("spreading")] = KEPT_IN_CLOSURE
    for name in _CLOSURES:
        level = np.zeros(len(time))
        for target in targets:
            if target.shape == name:
                middle = (target.start + target.end) / 2
                half = max(target.end - target.start, HOLD) / 2
                level = np.maximum(level, _plateau(time, middle - half, middle + half, CLOSING, OPENING))
        closed = fine * kept
        for coefficient, weight in SHAPES[name].weights.items():
            closed[:, INDEX[coefficient]] = weight
        fine = fine + level[:, None] * (closed - fine)
    return fine


def _plateau(time: np.ndarray, start: float, end: float, rise: float, fall: float) -> np.ndarray:
    """1 from start to end, 0 from `rise` before and `fall` after, smooth between."""
    ramp = np.clip(np.minimum(1 - (start - time) / rise, 1 - (time - end) / fall), 0.0, 1.0)
    return ramp * ramp * (3 - 2 * ramp)
