"""The plain baseline: ridge regression of the motion on 13 frames of 40 mel bands."""

from __future__ import annotations

from typing import Iterable, Tuple

import numpy as np

from appliance.pipeline.speech.mel import COLUMNS_PER_FRAME

BANDS, REACH = 40, 6
PENALTY = 30.0


def features(mel: np.ndarray) -> np.ndarray:
    """40 bands × 13 frames of context, (frames, 520), of mel (80, 4*frames)."""
    frames = mel.reshape(BANDS, 2, -1, COLUMNS_PER_FRAME).mean((1, 3)).T
    padded = np.pad(frames, ((REACH, REACH), (0, 0)), mode="edge")
    return np.concatenate([padded[k : k + len(frames)] for k in range(2 * REACH + 1)], axis=1)


class Ridge:
    """Fitted to pairs of mel (80, 4*T) and targets (T, K). Raises `ValueError` without a pair."""

    def __init__(self, pairs: Iterable[Tuple[np.ndarray, np.ndarray]]) -> None:
        width = BANDS * (2 * REACH + 1) + 1
        gram, moment = np.zeros((width, width)), None
        for mel, target in pairs:
            rows = _with_one(features(mel)).astype(np.float64)
            gram += rows.T @ rows
            product = rows.T @ target.astype(np.float64)
            moment = product if moment is None else moment + product
        if moment is None:
            raise ValueError("a regression needs recordings to learn from")
        penalty = np.full(width, PENALTY)
        penalty[-1] = 1e-6  # the mean is free
        self.weights = np.linalg.solve(gram + np.diag(penalty), moment)

    def predict(self, mel: np.ndarray) -> np.ndarray:
        """Targets (T, K) of mel (80, 4*T)."""
        return (_with_one(features(mel)) @ self.weights).astype(np.float32)


def _with_one(rows: np.ndarray) -> np.ndarray:
    return np.concatenate([rows, np.ones((len(rows), 1), rows.dtype)], axis=1)
