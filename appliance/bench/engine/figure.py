"""One line of the table."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Optional, Sequence


@dataclass(frozen=True)
class Figure:
    """``goal`` is what ``value`` is held against; ``met`` is None where there is no goal, or nothing was measured."""

    name: str
    value: str
    goal: str = ""
    met: Optional[bool] = None

    @property
    def row(self) -> str:
        """As Markdown."""
        met = {True: "yes", False: "**no**", None: ""}[self.met]
        return f"| {self.name} | {self.value} | {self.goal} | {met} |"


HEAD = "| figure | value | goal | met |\n| --- | --- | --- | --- |"

MEGABYTE = 1 << 20


def megabytes(count: float) -> str:
    return f"{count / MEGABYTE:.0f} MB"


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that so large a share of all does not exceed."""
    return sorted(values)[math.ceil(round(len(values) * share, 6)) - 1]
