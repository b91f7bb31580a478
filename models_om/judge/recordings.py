"""The corpus as the judge reads it: recordings one by one, and networks run over them window by window."""

from __future__ import annotations

from typing import Callable, Dict, Iterator, Tuple

import numpy as np

from appliance.pipeline.coefficients import COEFFICIENTS
from appliance.pipeline.motion.sampler import HOP, WINDOW, cross_fade
from appliance.pipeline.speech.mel import COLUMNS_PER_FRAME

Predict = Callable[[np.ndarray], np.ndarray]
"""Mel windows (N,1,80,160) → coefficients (N,32,40)."""

WINDOWS_AT_ONCE = 16


def as_heard(power: np.ndarray) -> np.ndarray:
    """Log power (columns,80) of the corpus → the mel of the appliance, (80,columns)."""
    return ((np.log10(10 ** power.astype(np.float32) + 1e-6) + 3) / 3).T.astype(np.float32)


def recordings(corpus: Dict[str, np.ndarray], source: str, splits: Tuple[str, ...]) -> Iterator[Dict[str, np.ndarray]]:
    """Recordings of a source and split as they were made: name, voice, mel, coefficients, gap, silent."""
    ends = np.cumsum(corpus["frames"])
    wanted = (corpus["source"] == source) & np.isin(corpus["split"], splits)
    for index in np.nonzero(wanted & ~corpus.get("altered", np.zeros(len(wanted), bool)))[0]:
        part = slice(ends[index] - corpus["frames"][index], ends[index])
        columns = slice(part.start * COLUMNS_PER_FRAME, part.stop * COLUMNS_PER_FRAME)
        yield {
            "name": corpus["name"][index], "voice": corpus["voice"][index], "mel": as_heard(corpus["power"][columns]),
            "coefficients": corpus["coefficients"][part].astype(np.float32), "gap": corpus["gap"][part],
            "silent": corpus["silent"][part],
        }  # fmt: skip


def over_time(predict: Predict, mel: np.ndarray, frames: int) -> np.ndarray:
    """Coefficients (frames,32) of one recording, windows overlapped and faded as the appliance does."""
    count = frames // HOP + 2
    silence = np.full((80, (count + 1) * HOP * COLUMNS_PER_FRAME), -1.0, np.float32)
    silence[:, HOP * COLUMNS_PER_FRAME :][:, : mel.shape[1]] = mel[:, : silence.shape[1] - HOP * COLUMNS_PER_FRAME]
    hop, span = HOP * COLUMNS_PER_FRAME, WINDOW * COLUMNS_PER_FRAME
    windows = np.stack([silence[:, k * hop : k * hop + span] for k in range(count)])[:, None]
    size = WINDOWS_AT_ONCE
    padded = np.concatenate([windows, np.repeat(windows[-1:], -count % size, axis=0)])
    parts = np.concatenate([predict(padded[k : k + size]) for k in range(0, len(padded), size)])[:count]
    total = np.zeros((len(COEFFICIENTS), (count + 1) * HOP), np.float32)
    for k, part in enumerate(parts):
        total[:, k * HOP : k * HOP + WINDOW] += part * cross_fade()
    return total[:, HOP : HOP + frames].T
