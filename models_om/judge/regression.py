"""The figures that training watches: quick, from the regression alone."""

from __future__ import annotations

from typing import Dict, List

import numpy as np

from appliance.pipeline.coefficients import INDEX

from ..ict.lips import IctBasis
from .measures import correlation
from .recordings import Predict, over_time, recordings


def judge_regression(predict: Predict, corpus: Dict[str, np.ndarray], basis: IctBasis) -> Dict[str, float]:
    """Lip gap r of GRID sentences, jaw r of FACEGOOD clips, all held out."""
    figures: Dict[str, List[float]] = {}
    for split in ("held_out", "unseen"):
        for recording in recordings(corpus, "grid", (split,)):
            moved = over_time(predict, recording["mel"], len(recording["gap"]))
            score = correlation(basis.lip_gap(moved), recording["gap"])
            for group in (f"grid {split} gap", f"{recording['voice']} gap"):
                figures.setdefault(group, []).append(score)
    for recording in recordings(corpus, "facegood", ("held_out",)):
        moved = over_time(predict, recording["mel"], len(recording["gap"]))
        figures[f"{recording['name']} jaw"] = [correlation(moved[:, INDEX["jawOpen"]], recording["gap"])]
        figures[f"{recording['name']} gap"] = [correlation(basis.lip_gap(moved), recording["gap"])]
    return {name: float(np.mean(values)) for name, values in figures.items()}
