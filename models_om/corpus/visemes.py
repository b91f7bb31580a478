"""From phonemes with times to the 32 motion coefficients, by the table of mouth shapes and these rules.

1. Blending. Every phoneme pulls each articulator (jaw, lips, rounding, spreading, tongue) towards its own shape with a
   strength that falls off exponentially before and after it; the curve is the weighted mean (Cohen & Massaro, 1993).
   A sound that does not need an articulator has next to no strength there, so /k/ leaves the lips to its neighbours.
2. Silence. In a pause the mouth shuts within `DECAY` and begins to open `ONSET` before the next sound.
3. Sibilants. In the middle of /s z sh.../ the jaw is open by no more than `SIBILANT_JAW`.
4. Closures. /p b m/ shut the lips and /f v/ lift the lower lip to the teeth, whatever the neighbours want, for at least
   `HOLD` (JALI: Edwards et al., 2016).

All figures and shapes are in `viseme_table`. Symbols are misaki's, one character each: IPA, with capitals for English
diphthongs. Left and right are equal; the jaw never moves sideways. Nothing here is random.
"""

from __future__ import annotations

from typing import List, NamedTuple, Sequence

import numpy as np

from appliance.pipeline.coefficients import COEFFICIENTS, INDEX

from .viseme_table import (
    ARTICULATORS,
    CLOSING,
    CLOSURES,
    CORE,
    DECAY,
    HOLD,
    KEPT_IN_CLOSURE,
    ONSET,
    OPENING,
    PHONEMES,
    REACH,
    SHAPES,
    SIBILANT_JAW,
    SIBILANTS,
    SILENCE,
    STRESS,
    UNSTRESSED,
    VOWELS,
    Shape,
)

FINE_RATE = 200
"""Hertz at which the curves are computed before they are read once a frame."""


class Phoneme(NamedTuple):
    """A symbol (stress mark before it, if any) and when it sounds, in seconds of the clip."""

    symbol: str
    start: float
    end: float


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
    time = np.arange(int(duration * FINE_RATE) + 2) / FINE_RATE
    fine = _blend(targets, time) * _speaking(phonemes, time)[:, None]
    fine = _cap_sibilants(fine, targets, time)
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
    core = CORE * (end - start) / 2
    weights = np.zeros((len(targets), len(COEFFICIENTS)))
    for row, target in zip(weights, targets):
        for name, weight in SHAPES[target.shape].weights.items():
            row[INDEX[name]] = weight * target.size
    fine = np.zeros((len(time), len(COEFFICIENTS)))
    for articulator, reach in REACH.items():
        strength = np.array([_strength(SHAPES[t.shape], articulator) for t in targets])
        away = time[:, None] - (start + end) / 2 - reach.late
        before, after = np.maximum(-away - core, 0.0), np.maximum(away - core, 0.0)
        # The sum must not vanish far from all sounds; rule 2 takes the mouth to rest there.
        pull = strength * np.exp(-np.minimum(before / reach.ahead + after / reach.behind, 300.0))
        columns = _columns(articulator)
        fine[:, columns] = pull @ weights[:, columns] / pull.sum(axis=1, keepdims=True)
    return fine


def _strength(sound: Shape, articulator: str) -> float:
    return 1.0 if articulator == "tongue" else float(getattr(sound, articulator))


def _columns(articulator: str) -> List[int]:
    """Columns of an articulator; the lips have all that no other has."""
    if articulator != "lips":
        return [INDEX[name] for name in ARTICULATORS[articulator]]
    others = {name for names in ARTICULATORS.values() for name in names}
    return [INDEX[name] for name in COEFFICIENTS if name not in others]


def _speaking(phonemes: Sequence[Phoneme], time: np.ndarray) -> np.ndarray:
    """Rule 2: 1 within and between sounds, 0 in pauses, with smooth ways down and up."""
    level = np.zeros(len(time))
    for symbol, start, end in phonemes:
        if symbol != SILENCE:
            level = np.maximum(level, _plateau(time, start, end, ONSET, DECAY))
    return level


def _cap_sibilants(fine: np.ndarray, targets: Sequence[_Target], time: np.ndarray) -> np.ndarray:
    """Rule 3."""
    cap = np.full(len(time), 1.0)
    for target in targets:
        if target.shape in SIBILANTS:
            middle, half = (target.start + target.end) / 2, max(target.end - target.start, HOLD) / 2
            inside = _plateau(time, middle - half / 2, middle + half / 2, half, half)
            cap = np.minimum(cap, 1.0 - inside * (1.0 - SIBILANT_JAW))
    result = fine.copy()
    result[:, INDEX["jawOpen"]] = np.minimum(result[:, INDEX["jawOpen"]], cap)
    return result


def _close(fine: np.ndarray, targets: Sequence[_Target], time: np.ndarray) -> np.ndarray:
    """Rule 4."""
    kept = np.array([KEPT_IN_CLOSURE.get(name, 0.0) for name in COEFFICIENTS])
    for name in CLOSURES:
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
