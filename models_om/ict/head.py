"""ICT-FaceKit light, the morphable head (MIT; Li et al., CVPR 2020), as the data folder keeps it."""

from __future__ import annotations

from pathlib import Path
from typing import Dict

import numpy as np

PAIRED = {
    "browInnerUp": ("browInnerUp_L", "browInnerUp_R"),
    "cheekPuff": ("cheekPuff_L", "cheekPuff_R"),
}


class Head:
    """ICT-FaceKit light: (V,3) vertices, (T,3) triangles, 57 expression offsets."""

    def __init__(self, data: Path) -> None:
        archive = np.load(data / "ict_facekit" / "ict_facekit.npz")
        self.neutral = archive["neutral"].astype(np.float32)
        self.triangles = archive["triangles"]
        self.material = archive["triangle_material"]
        names = [str(name) for name in archive["expression_names"]]
        self.offsets: Dict[str, np.ndarray] = dict(zip(names, archive["expressions"].astype(np.float32)))

    def expression(self, coefficient: str) -> np.ndarray:
        """Offsets (V,3) of one of the appliance's 32 coefficients; zeros where the model has no such shape."""
        if coefficient in PAIRED:
            return np.sum([self.offsets[name] for name in PAIRED[coefficient]], axis=0)
        sided = coefficient.replace("Left", "_L").replace("Right", "_R")
        name = coefficient if coefficient in self.offsets else sided
        return self.offsets.get(name, np.zeros_like(self.neutral))
