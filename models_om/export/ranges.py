"""Which numbers 8 bits stand for: the grid of a tensor, chosen for the least squared error on real inputs.

Plain min-max spends the grid on rare extremes. Here both ends are drawn in as far as lowers the mean squared error
(rounding and clipping together) over a histogram of the tensor; min-max is the widest candidate, so that the chosen
grid is never worse than it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable, Tuple

import numpy as np

STEPS = 255
"""Steps of an unsigned 8-bit grid."""
BINS = 2048
SHARES = np.linspace(0.25, 1.0, 31)
"""Parts of the full range, to either side of zero, that are tried."""
SAMPLES = 20000
"""Values of one tensor that enter the histogram from one input; every n-th of a larger one."""
SMALLEST = 1.2e-7
"""The Ascend tool chain takes no smaller scale."""


@dataclass(frozen=True)
class Grid:
    """Unsigned 8-bit code of a tensor: ``q = clip(round(x / scale) + zero_point, 0, 255)``."""

    scale: float
    zero_point: int

    @classmethod
    def between(cls, low: float, high: float) -> Grid:
        """The grid from ``low`` to ``high``, which is widened to hold zero: zero is always exact."""
        low, high = min(low, 0.0), max(high, 0.0)
        scale = float(np.float32(max((high - low) / STEPS, SMALLEST)))
        return cls(scale, int(np.clip(round(-low / scale), 0, STEPS)))

    def rounded(self, values: np.ndarray) -> np.ndarray:
        """The values as the grid gives them back."""
        codes = np.clip(np.rint(values / self.scale) + self.zero_point, 0, STEPS)
        return (codes - self.zero_point) * self.scale


class Histogram:
    """What values a tensor takes: extremes first, by `extend`, then counts between them, by `count`."""

    def __init__(self) -> None:
        self.low, self.high = 0.0, 0.0
        self.counts = np.zeros(BINS)

    def extend(self, values: np.ndarray) -> None:
        self.low, self.high = min(self.low, float(values.min())), max(self.high, float(values.max()))

    def count(self, values: np.ndarray) -> None:
        if self.high > self.low:
            # An odd stride does not fall into step with rows and channels.
            part = values.ravel()[:: max(1, values.size // SAMPLES) | 1]
            self.counts += np.histogram(part, BINS, (self.low, self.high))[0]

    def error(self, grid: Grid) -> float:
        """Mean squared error of the grid on the counted values."""
        edges = np.linspace(self.low, self.high, BINS + 1)
        centres = (edges[1:] + edges[:-1]) / 2
        return float(self.counts @ (grid.rounded(centres) - centres) ** 2 / max(self.counts.sum(), 1))

    def best_grid(self) -> Grid:
        """The grid of least error. A tensor that is never negative keeps zero as its lowest code."""
        lows: Iterable[float] = SHARES * self.low if self.low < 0 else (0.0,)
        highs: Iterable[float] = SHARES * self.high if self.high > 0 else (0.0,)
        grids = [Grid.between(low, high) for low in lows for high in highs]
        return min(grids, key=self.error)


def weight_scales(weight: np.ndarray) -> np.ndarray:
    """Scale of each output channel (outputs,) of a weight (outputs, ...), symmetric int8, of least squared error."""
    rows = weight.reshape(len(weight), -1).astype(np.float64)
    largest = np.maximum(np.abs(rows).max(1, keepdims=True) / 127, SMALLEST)
    best, scales = np.full((len(rows), 1), np.inf), largest
    for share in np.linspace(0.6, 1.0, 41):
        tried = largest * share
        error = ((np.clip(np.rint(rows / tried), -127, 127) * tried - rows) ** 2).sum(1, keepdims=True)
        scales, best = np.where(error < best, tried, scales), np.minimum(error, best)
    return scales[:, 0].astype(np.float32)


def int8_weight(weight: np.ndarray, scales: np.ndarray) -> np.ndarray:
    """Codes (outputs, ...) of a weight: int8 in -127..127, zero is 0."""
    shape: Tuple[int, ...] = (-1,) + (1,) * (weight.ndim - 1)
    return np.clip(np.rint(weight / scales.reshape(shape)), -127, 127).astype(np.int8)
