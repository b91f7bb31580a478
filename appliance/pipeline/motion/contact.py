"""Lips that meet: where the network is sure that they touch, they do.

A regression of the motion is a mean over what may have been, and the mean of an open and a shut mouth is ajar. So the
`sonic` network also says how probable it is that the lips touch, and this closes the rest of the gap with mouthClose,
which leaves the jaw where it is.
"""

from __future__ import annotations

import numpy as np

from ...models import ModelStore
from ..coefficients import COEFFICIENTS, INDEX

LIP_PAIRS = ((13, 14), (82, 87), (312, 317))
"""Mesh numbers of facing points of the inner lips, upper then lower."""

OPEN, SHUT = 0.05, 0.18
"""Probability of contact below which nothing is done, and from which the lips are shut. Far below a half: a viewer
forgives lips that brush each other between two vowels, never a /b/ with open lips."""


def gap_weights(deltas: np.ndarray) -> np.ndarray:
    """Change of the mean inner-lip gap, in face heights, per unit of each coefficient: float32 (32,) of (32,478,3)."""
    return np.mean([deltas[:, low, 1] - deltas[:, up, 1] for up, low in LIP_PAIRS], axis=0).astype(np.float32)


class LipContact:
    """Knows how far each coefficient opens the lips. Raises what `ModelStore.data_file` raises."""

    channel = len(COEFFICIENTS)
    """Row of the condition that holds the probability."""

    def __init__(self, store: ModelStore) -> None:
        with np.load(str(store.data_file("built/ict_basis.npz"))) as basis:
            self.weights = gap_weights(basis["deltas"].astype(np.float32))

    def close(self, coefficients: np.ndarray, probability: np.ndarray) -> None:
        """Shut the lips of coefficients (n,32), in place, as far as the probability of contact (n,) asks."""
        gap = np.clip(coefficients @ self.weights, 0, None)
        share = np.clip((probability - OPEN) / (SHUT - OPEN), 0, 1)
        coefficients[:, INDEX["mouthClose"]] += share * gap / -self.weights[INDEX["mouthClose"]]
