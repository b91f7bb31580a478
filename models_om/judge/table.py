"""All figures as rows: one figure a row, one subject a column, and what to think of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Dict, Iterable, List

from rich import box
from rich.console import Console
from rich.table import Table

from .figure import HIGHER, Figure
from .subjects import BASELINE, COLUMNS, NEW, PREVIOUS

FAILED, MET, MISSED = "failed", "met", "missed"
STYLES = {FAILED: "bold red", MISSED: "red", MET: "green"}


@dataclass
class Row:
    """A figure of every subject that has it, by column."""

    figures: Dict[str, Figure] = field(default_factory=dict)

    @property
    def any(self) -> Figure:
        return self.figures.get(NEW) or next(iter(self.figures.values()))

    @property
    def judged(self) -> str:
        """`MET`, `MISSED`, `FAILED` or "" of the new weights."""
        new = self.figures.get(NEW)
        if new is None:
            return ""
        if math.isnan(new.value):
            return FAILED
        return {True: MET, False: MISSED, None: ""}[new.met]

    @property
    def verdict(self) -> str:
        """In words, with how the new weights stand to the previous ones."""
        new, previous = self.figures.get(NEW), self.figures.get(PREVIOUS)
        if new is None or previous is None or self.judged == FAILED:
            return self.judged
        compared = {1: "better than previous", 0: "as previous", -1: "worse than previous"}[new.against(previous)]
        return f"{self.judged}, {compared}" if self.judged else compared


def rows(found: Dict[str, List[Figure]]) -> List[Row]:
    """Figures by column → rows, in the order in which they were first seen."""
    table: Dict[tuple, Row] = {}
    for column in sorted(found, key=lambda name: name != NEW):
        for figure in found[column]:
            table.setdefault((figure.section, figure.name), Row()).figures[column] = figure
    return list(table.values())


def shown(figure: Figure) -> str:
    """The value as text; "–" for what could not be measured."""
    if math.isnan(figure.value):
        return "–"
    digits = {"r": 3, "σ": 2, "%": 0, "frames": 1, "steps": 0}.get(figure.unit, 2)
    text = f"{figure.value:.{digits}f}"
    if figure.unit in ("r", "steps"):
        return text
    return f"{text} %" if figure.unit.startswith("%") else f"{text} {figure.unit}".strip()


def goal(figure: Figure) -> str:
    """What is asked, as text."""
    if figure.goal is None:
        return ""
    return f"{'≥' if figure.better == HIGHER else '≤'} {figure.goal:g}"


def cells(row: Row, columns: Iterable[str] = COLUMNS) -> List[str]:
    """Section, figure, goal, a value a column, verdict."""
    values = [shown(row.figures[column]) if column in row.figures else "" for column in columns]
    unit = f" ({row.any.unit})" if row.any.unit.startswith("% of") else ""
    return [row.any.section, row.any.name + unit, goal(row.any), *values, row.verdict]


HEADINGS = ("section", "figure", "goal", *COLUMNS, "verdict")


def markdown(table: List[Row]) -> str:
    lines = ["| " + " | ".join(HEADINGS) + " |", "|" + " --- |" * len(HEADINGS)]
    for row in table:
        line = [cell.replace("|", "\\|") for cell in cells(row)]
        if row.judged in (MISSED, FAILED):
            line[-1] = f"**{line[-1]}**"
        lines.append("| " + " | ".join(line) + " |")
    return "\n".join(lines) + "\n"


def print_rich(table: List[Row], console: Console) -> None:
    shape = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in HEADINGS:
        shape.add_column(
            heading, justify="right" if heading in COLUMNS else "left", style="dim" * (heading == BASELINE)
        )
    section = ""
    for row in table:
        line = cells(row)
        if line[0] == section:
            line[0] = ""
        elif section:
            shape.add_section()
        section = row.any.section
        line[-1] = f"[{STYLES[row.judged]}]{line[-1]}[/]" if row.judged else line[-1]
        shape.add_row(*line)
    console.print(shape)


def summary(table: List[Row]) -> str:
    """One line: how many goals are met."""
    asked = [row for row in table if row.judged in (MET, MISSED, FAILED)]
    met = sum(row.judged == MET for row in asked)
    better = sum("better than previous" in row.verdict for row in table)
    worse = sum("worse than previous" in row.verdict for row in table)
    compared = f"; against the previous weights {better} better, {worse} worse" if better + worse else ""
    return f"{met} of {len(asked)} goals met{compared}"
