"""Curves, series, frame strips and the summary as pictures: PNG bytes, drawn by matplotlib."""

from __future__ import annotations

import io
from typing import Dict, List, Sequence

import matplotlib
import numpy as np
from matplotlib.figure import Figure as Canvas

from appliance.settings import FRAME_RATE

from .figure import Curves, Series, Strip
from .subjects import BASELINE, NEW, PREVIOUS
from .table import FAILED, MET, MISSED, Row, goal, shown, summary

REAL = "real"
COLOURS = {REAL: "#9aa3ad", NEW: "#0b6e4f", PREVIOUS: "#c8553d", BASELINE: "#5c7fb8"}
WIDTHS = {REAL: 3.2, NEW: 1.8, PREVIOUS: 1.2, BASELINE: 0.9}
STYLES = {REAL: "-", NEW: "-", PREVIOUS: "--", BASELINE: ":"}
VERDICTS = {MET: "#0b6e4f", MISSED: "#b3261e", FAILED: "#b3261e", "": "#4a5560"}
INK, FAINT = "#1f2933", "#d9dee3"
DPI = 110
LEAST_RANGE = 0.1
"""Of a series: what its axis shows at least, as a share of its values."""

CELL, WIDTH = 1.45, 10.5
"""Inches: height of a frame in a strip, most that its frames may take side by side."""

STYLE = {
    "font.family": "DejaVu Sans", "font.size": 9, "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": FAINT,
    "xtick.color": INK, "ytick.color": INK, "axes.spines.top": False, "axes.spines.right": False,
    "axes.grid": True, "grid.color": FAINT, "grid.linewidth": 0.6, "legend.frameon": False,
}  # fmt: skip


def curves(parts: Sequence[Curves]) -> bytes:
    """Curves of one title from several subjects, over time."""
    with matplotlib.rc_context(STYLE):
        canvas = Canvas(figsize=(10.5, 2.5), dpi=DPI, layout="constrained")
        axes = canvas.subplots()
        lines: Dict[str, np.ndarray] = {}
        for part in parts:
            lines.update(part.lines)
        for name in sorted(lines, key=list(COLOURS).index):
            time = (np.arange(len(lines[name])) + 0.5) / FRAME_RATE
            colour, width, style = COLOURS[name], WIDTHS[name], STYLES[name]
            axes.plot(time, lines[name], style, color=colour, linewidth=width, label=name)
        low, high = axes.get_ylim()
        for seconds, text in parts[0].marks:
            axes.axvline(seconds, color=INK, linewidth=0.5, alpha=0.35)
            axes.text(seconds, low, f" {text}", va="bottom", ha="left", fontsize=8)
        axes.set(xlabel="s", ylabel=parts[0].unit, ylim=(low, high))
        axes.margins(x=0)
        canvas.legend(loc="outside right upper")
        return _png(canvas)


def series(parts: Dict[str, Series]) -> bytes:
    """One quantity against another, a line a subject."""
    with matplotlib.rc_context(STYLE):
        canvas = Canvas(figsize=(5.2, 2.8), dpi=DPI, layout="constrained")
        axes = canvas.subplots()
        for name, part in parts.items():
            axes.plot(part.x, part.y, STYLES[name], color=COLOURS[name], marker="o", markersize=4, label=name)
        first = next(iter(parts.values()))
        low, high = axes.get_ylim()
        # What hardly changes is to look so.
        short = max(0.0, LEAST_RANGE * max(abs(low), abs(high)) - (high - low)) / 2
        axes.set(xlabel=first.x_name, xticks=first.x, ylim=(low - short, high + short))
        axes.legend()
        return _png(canvas)


def strips(parts: Dict[str, Strip]) -> bytes:
    """Frames side by side, a row a subject (more where they do not fit), captions on top."""
    first = next(iter(parts.values()))
    height, width = first.frames[0].shape[:2]
    cell = CELL * width / height
    columns = min(len(first.frames), max(1, int(WIDTH / cell)))
    lines = [
        (name, strip.frames[start : start + columns], strip.captions[start : start + columns])
        for name, strip in parts.items()
        for start in range(0, len(strip.frames), columns)
    ]
    with matplotlib.rc_context(STYLE):
        top = 0.28 if any(first.captions) else 0.05
        canvas = Canvas(figsize=(0.35 + cell * columns, CELL * len(lines) + top), dpi=DPI)
        grid = canvas.subplots(len(lines), columns, squeeze=False)
        for axes in grid.flat:
            axes.axis("off")
        for number, (name, frames, captions) in enumerate(lines):
            for axes, frame, caption in zip(grid[number], frames, captions):
                axes.imshow(frame, interpolation="lanczos")
                if number == 0:
                    axes.set_title(caption, fontsize=9, pad=4)
            grid[number][0].text(
                -0.04, 0.5, name, transform=grid[number][0].transAxes, rotation=90, va="center", ha="right",
                color=COLOURS[name],
            )  # fmt: skip
        canvas.subplots_adjust(left=0.35 / canvas.get_figwidth(), right=1, top=1 - top / canvas.get_figheight(),
                               bottom=0, wspace=0.03, hspace=0.03)  # fmt: skip
        return _png(canvas)


def overview(table: List[Row], title: str) -> bytes:
    """The figures that have a goal, on one page."""
    asked = [row for row in table if row.judged]
    with matplotlib.rc_context(STYLE):
        canvas = Canvas(figsize=(11, 0.9 + 0.27 * len(asked)), dpi=DPI)
        axes = canvas.add_axes((0, 0, 1, 1))
        axes.axis("off")
        height = canvas.get_figheight()
        axes.set(xlim=(0, 11), ylim=(height, 0))
        axes.text(0.25, 0.32, title, fontsize=13, weight="bold", va="center")
        axes.text(10.75, 0.32, summary(table), ha="right", va="center")
        places = {"goal": 5.9, PREVIOUS: 6.9, NEW: 7.8, BASELINE: 8.7}
        for name, x in places.items():
            axes.text(x, 0.68, name, ha="right", va="center", color=COLOURS.get(name, INK), fontsize=8)
        for number, row in enumerate(asked):
            y = 0.95 + 0.27 * number
            if number % 2 == 0:
                axes.axhspan(y - 0.135, y + 0.135, color="#f4f6f8", zorder=0)
            axes.text(0.25, y, row.any.section, va="center", color="#6b7682", fontsize=8)
            axes.text(1.15, y, row.any.name, va="center")
            axes.text(places["goal"], y, goal(row.any), ha="right", va="center")
            for name in (PREVIOUS, NEW, BASELINE):
                if name in row.figures:
                    weight = "bold" if name == NEW else "normal"
                    text = shown(row.figures[name])
                    axes.text(places[name], y, text, ha="right", va="center", weight=weight, color=COLOURS[name])
            axes.text(8.95, y, row.verdict, va="center", color=VERDICTS[row.judged], fontsize=8)
        return _png(canvas)


def _png(canvas: Canvas) -> bytes:
    memory = io.BytesIO()
    canvas.savefig(memory, format="png")
    return memory.getvalue()
