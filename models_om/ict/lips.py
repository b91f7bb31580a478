"""The ICT basis as training and judging need it: what a set of coefficients does to the lips."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from appliance.pipeline.motion.contact import gap_weights

BASIS_FILE = Path(__file__).parent.parent / "built" / "ict_basis.npz"


@dataclass
class IctBasis:
    """``neutral`` (478,3) and ``deltas`` (32,478,3) in face heights: x to the image's right, y down."""

    neutral: np.ndarray
    deltas: np.ndarray

    @classmethod
    def load(cls, path: Path = BASIS_FILE) -> IctBasis:
        archive = np.load(path)
        return cls(archive["neutral"].astype(np.float32), archive["deltas"].astype(np.float32))

    def gap_weights(self) -> np.ndarray:
        """(32,): change of the mean inner-lip gap, in face heights, per unit of each coefficient."""
        return gap_weights(self.deltas)

    def lip_gap(self, coefficients: np.ndarray) -> np.ndarray:
        """Gap (...) of coefficients (...,32), in face heights; 0 = the closed resting mouth, below 0 = pressed."""
        return coefficients @ self.gap_weights()
