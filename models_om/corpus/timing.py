"""Do the sources agree when a face moves? Each is compared with the synthetic curves, timed by the sound itself.

A linear map from sound to face, learned on one source, predicts the other; the lag at which prediction and face agree
best is how much later the other's faces are. A linear map bends towards its own source's pauses and noise, so it is
done both ways and the halved difference taken.
"""

from __future__ import annotations

from pathlib import Path
from typing import Dict, List, Tuple

import numpy as np
import scipy.fft

from appliance.pipeline.coefficients import COEFFICIENTS, INDEX
from appliance.pipeline.speech.mel import BANDS, COLUMNS_PER_FRAME

from ..ict.lips import IctBasis

REACH = 9
"""Frames of sound before and after the one predicted."""
CEPSTRA = 16
RIDGE = 0.02
FARTHEST = 3
"""Frames of lag that are tried."""
ENOUGH = 9000
"""Frames of a source that are used, at most."""
LEAST = 1000
"""Frames without which a source tells nothing."""

Recording = Tuple[np.ndarray, np.ndarray, np.ndarray]
"""Sound (T, features), face (T, views) and whether there is speech (T,)."""


def lags(corpus: Path) -> Dict[str, Dict[str, float]]:
    """Frames by which each measured source is later than the synthetic curves, by what is looked at."""
    groups = recordings(dict(np.load(corpus)))
    made = groups.pop("tts", None)
    if made is None:
        return {}
    names = list(views())
    result = {}
    for name, measured in groups.items():
        if sum(len(face) for _, face, _ in measured) < LEAST:
            continue
        there, back = best_lags(made, measured), best_lags(measured, made)
        result[name] = {view: round(float(a - b) / 2, 2) for view, a, b in zip(names, there, back)}
    return result


def views() -> Dict[str, np.ndarray]:
    """What is compared: linear maps (32,) of the coefficients. Rounding changes too slowly to tell."""
    jaw = np.zeros(len(COEFFICIENTS))
    jaw[INDEX["jawOpen"]] = 1
    return {"jaw": jaw, "lip gap": IctBasis.load().gap_weights()}


def recordings(corpus: Dict[str, np.ndarray]) -> Dict[str, List[Recording]]:
    """Recordings as they are, by speaker of GRID, series of FACEGOOD, or "tts"; a seeded choice of `ENOUGH` frames."""
    ends = np.cumsum(corpus["frames"])
    power, coefficients = corpus["power"], corpus["coefficients"]
    maps = np.stack(list(views().values()))
    groups: Dict[str, List[Recording]] = {}
    used: Dict[str, int] = {}
    for number in np.random.default_rng(0).permutation(len(ends)):
        source, name, voice = (str(corpus[key][number]) for key in ("source", "name", "voice"))
        if corpus["altered"][number]:
            continue
        group = {"grid": f"grid {voice}", "facegood": f"facegood {name[:6]}"}.get(source, "tts")
        if used.get(group, 0) > ENOUGH:
            continue
        part = slice(ends[number] - corpus["frames"][number], ends[number])
        sound = features(power[part.start * COLUMNS_PER_FRAME : part.stop * COLUMNS_PER_FRAME].astype(np.float32))
        face = coefficients[part].astype(np.float32) @ maps.T
        groups.setdefault(group, []).append((sound, face, ~corpus["silent"][part]))
        used[group] = used.get(group, 0) + int(corpus["frames"][number])
    return dict(sorted(groups.items()))


def features(power: np.ndarray) -> np.ndarray:
    """Log power (4*T, 80) → cepstra of each frame and its neighbours, (T, features)."""
    frames = np.maximum(power, -5).reshape(-1, COLUMNS_PER_FRAME, BANDS).mean(1)
    cepstra = scipy.fft.dct(frames, axis=1, norm="ortho")[:, :CEPSTRA]
    padded = np.pad(cepstra - cepstra.mean(0), ((REACH, REACH), (0, 0)), mode="edge")
    return np.concatenate([padded[shift : shift + len(frames)] for shift in range(2 * REACH + 1)], axis=1)


def best_lags(learned: List[Recording], tested: List[Recording]) -> np.ndarray:
    """Frames (views,) by which the faces of ``tested`` are later than the map of ``learned`` says, to a fraction."""
    sound = np.concatenate([sound for sound, _, _ in learned])
    face = np.concatenate([(face - face.mean(0)) / (face.std(0) + 1e-6) for _, face, _ in learned])
    middle, spread = sound.mean(0), sound.std(0) + 1e-6
    design = (sound - middle) / spread
    normal = design.T @ design + RIDGE * len(design) * np.eye(design.shape[1])
    weights = np.linalg.solve(normal, design.T @ (face - face.mean(0)))
    shifts = np.arange(-FARTHEST, FARTHEST + 1)
    agreement = np.zeros((len(shifts), face.shape[1]))
    for heard, seen, speech in tested:
        expected = ((heard - middle) / spread) @ weights
        seen = (seen - seen.mean(0)) / (seen.std(0) + 1e-6)
        inner = np.flatnonzero(speech[FARTHEST:-FARTHEST]) + FARTHEST
        expected = expected[inner] - expected[inner].mean(0) if len(inner) else expected[inner]
        for row, shift in enumerate(shifts):
            agreement[row] += (expected * seen[inner + shift]).sum(0)
    return np.array([peak(shifts, column) for column in agreement.T])


def peak(shifts: np.ndarray, agreement: np.ndarray) -> float:
    """Where a parabola through the best shift and its neighbours is highest."""
    best = int(np.clip(np.argmax(agreement), 1, len(shifts) - 2))
    before, here, after = agreement[best - 1 : best + 2]
    bend = before - 2 * here + after
    beside = 0.5 * (before - after) / bend if bend < 0 else 0.0
    return float(shifts[best] + np.clip(beside, -1, 1))
