"""What a section of the judge gives: figures, and what makes them plain: curves, frames, small tables.

A section is a module with ``TITLE``, a sentence ``ABOUT`` and a generator

    def judge(subject: Subject, bench: Bench) -> Iterator[Finding]

that is called once for each column of the table (see `subjects.py`): the previous weights, the new ones, the plain
baseline. A figure must bear the same name each time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Dict, List, Optional, Tuple, Union

import numpy as np

HIGHER, LOWER = "higher", "lower"
CLEARLY, LEAST = 0.02, 0.005
"""A figure counts as better or worse than the previous one from this share of it, and from this much."""

CLEARLY_IN = {"frames": 0.5, "% of the face height": 0.1}
"""By unit, where a share means nothing because the best value is 0."""


@dataclass(frozen=True)
class Figure:
    """One measured value. ``goal``: what it has to reach, None where nothing is asked; ``better`` says in which
    direction. ``unit``: "r", "σ", "frames", "%", ... ``detail``: how many were measured, what else was seen."""

    section: str
    name: str
    value: float
    unit: str
    goal: Optional[float] = None
    better: str = HIGHER
    detail: str = ""

    @property
    def met(self) -> Optional[bool]:
        """Whether the goal is reached; None without a goal. What could not be measured has missed it."""
        if self.goal is None:
            return None
        return bool(self.value >= self.goal if self.better == HIGHER else self.value <= self.goal)

    def against(self, other: Figure) -> int:
        """1 clearly better than ``other``, -1 clearly worse, 0 alike."""
        if math.isnan(self.value) or math.isnan(other.value):
            return int(math.isnan(other.value)) - int(math.isnan(self.value))
        difference = self.value - other.value if self.better == HIGHER else other.value - self.value
        if abs(difference) <= CLEARLY_IN.get(self.unit, max(CLEARLY * abs(other.value), LEAST)):
            return 0
        return 1 if difference > 0 else -1


@dataclass(frozen=True)
class Curves:
    """Curves over time for a plot: ``lines`` by name, each (T,) at 25 fps; ``marks``: (seconds, text) along the
    bottom. Plots of the same title from several subjects become one; the line "real" is drawn once."""

    section: str
    title: str
    unit: str
    lines: Dict[str, np.ndarray]
    marks: Tuple[Tuple[float, str], ...] = ()


@dataclass(frozen=True)
class Strip:
    """Frames side by side: ``frames`` uint8 (h,w,3) RGB, a caption below each."""

    section: str
    title: str
    frames: List[np.ndarray]
    captions: List[str]


@dataclass(frozen=True)
class Series:
    """Points of a quantity against another, joined: ``y`` by ``x``; one plot a title, one line a subject."""

    section: str
    title: str
    x_name: str
    y_name: str
    x: List[float]
    y: List[float] = field(default_factory=list)


Finding = Union[Figure, Curves, Strip, Series]
