"""How often speech and motion that belong together score highest."""

from __future__ import annotations

from typing import List, NamedTuple

import numpy as np

GROUP = 20
"""Pairings of a clip that are compared: the true one, and 19 with other speech."""


class Pair(NamedTuple):
    """Codes of the windows of one clip, each (windows, 64), of unit length."""

    speech: np.ndarray
    motion: np.ndarray


def score_table(pairs: List[Pair]) -> np.ndarray:
    """(clips, clips): mean cosine of motion (row) and speech (column) over the windows that both have."""
    table = np.zeros((len(pairs), len(pairs)))
    for row, ours in enumerate(pairs):
        for column, theirs in enumerate(pairs):
            count = min(len(ours.motion), len(theirs.speech))
            table[row, column] = (ours.motion[:count] * theirs.speech[:count]).sum(1).mean()
    return table


def first_share(scores: np.ndarray) -> float:
    """Percent of rows in which the diagonal is highest among `GROUP` columns: itself and the next ones, in a circle."""
    size = min(GROUP, len(scores))
    rivals = [[scores[row, (row + k) % len(scores)] for k in range(1, size)] for row in range(len(scores))]
    return 100 * float(np.mean([scores[row, row] > max(rival, default=-2) for row, rival in enumerate(rivals)]))
