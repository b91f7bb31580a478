"""The picture of a training: a panel for each loss term and each held-out figure."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, List, Sequence, Tuple

import cv2
import numpy as np

WIDTH, HEIGHT, COLUMNS = 340, 220, 3
"""Size of a panel in pixels; panels in a row."""
LEFT, RIGHT, TOP, BOTTOM = 58, 14, 34, 28
"""Room around the axes of a panel."""
HEADER = 40
FINER = 3
"""Everything is drawn this much larger, then shrunk: smooth lines and letters."""
INK, GRID, PALE, BLUE, ORANGE = (60, 55, 50), (235, 232, 230), (240, 205, 165), (190, 100, 20), (20, 110, 235)

Row = Dict[str, float]


def plot(name: str, training: Sequence[Row], held_out: Sequence[Row], path: Path) -> None:
    """Write the PNG. Rows hold ``step`` and values by name; a held-out figure named like a term joins its panel.

    Loss terms are drawn on a logarithmic scale where all are positive, held-out figures on a linear one.
    """
    terms = [key for key in (training[-1] if training else {}) if key != "step"]
    figures = sorted({key for row in held_out for key in row} - {"step", *terms})
    panels = [(key, _series(training, key), _series(held_out, key)) for key in terms + figures]
    rows = max(1, -(-len(panels) // COLUMNS))
    sheet = _Sheet(COLUMNS * WIDTH, HEADER + rows * HEIGHT)
    steps = [row["step"] for row in (*training, *held_out)]
    span = (0.0, float(max(steps, default=1)))
    sheet.text(f"{name}: {span[1]:.0f} steps", 14, 26, 0.62)
    _legend(sheet, COLUMNS * WIDTH - 330, 22)
    for index, (key, trained, judged) in enumerate(panels):
        x, y = index % COLUMNS * WIDTH, HEADER + index // COLUMNS * HEIGHT
        _panel(sheet, x, y, key, trained, judged, span)
    partial = path.with_name(path.stem + ".part.png")
    cv2.imwrite(str(partial), sheet.shrunk())
    partial.replace(path)


def smoothed(values: np.ndarray) -> np.ndarray:
    """Through a Gaussian a fortieth of the curve wide; at its ends only what is there counts."""
    deviation = max(len(values) / 40, 1.0)
    reach = int(3 * deviation)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / deviation) ** 2)
    inner = slice(reach, reach + len(values))
    return np.convolve(values, kernel)[inner] / np.convolve(np.ones(len(values)), kernel)[inner]


def ticks(low: float, high: float, logarithmic: bool) -> List[float]:
    """Two to six round numbers inside the range."""
    if logarithmic and high / low > 8:
        decades = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
        for digits in ((1, 2, 5), (1, 3), (1,)):
            found = [digit * 10.0**decade for decade in decades for digit in digits]
            found = [value for value in found if low <= value <= high]
            if len(found) <= 6:
                return found
        return found[:: -(-len(found) // 6)]
    rough = (high - low) / 4
    unit = 10.0 ** np.floor(np.log10(rough))
    step = unit * next(m for m in (1, 2, 5, 10) if m * unit >= rough)
    return [float(value) for value in np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step]


def _series(rows: Sequence[Row], key: str) -> np.ndarray:
    """(n,2): step and value, where the value is a number."""
    found = [(row["step"], row[key]) for row in rows if key in row and np.isfinite(row[key])]
    return np.array(found, np.float64).reshape(-1, 2)


def _legend(sheet: _Sheet, x: float, y: float) -> None:
    for label, colour, thickness, offset in (("training", PALE, 2.0, 0), ("smoothed", BLUE, 1.6, 105)):
        sheet.line(np.array([[x + offset, y], [x + offset + 22, y]]), colour, thickness)
        sheet.text(label, x + offset + 28, y + 4, 0.42)
    sheet.dot(x + 222, y, ORANGE)
    sheet.text("held out", x + 232, y + 4, 0.42)


def _panel(
    sheet: _Sheet, x: float, y: float, title: str, trained: np.ndarray, judged: np.ndarray, span: Tuple[float, float]
) -> None:
    every = np.concatenate([trained, judged])[:, 1]
    logarithmic = len(trained) > 0 and bool((every > 0).all())
    low, high = _range(every, logarithmic)
    inner = (x + LEFT, y + TOP, x + WIDTH - RIGHT, y + HEIGHT - BOTTOM)

    def across(steps: np.ndarray) -> np.ndarray:
        return inner[0] + (steps - span[0]) / (span[1] - span[0]) * (inner[2] - inner[0])

    def up(values: np.ndarray) -> np.ndarray:
        share = np.log(values / low) / np.log(high / low) if logarithmic else (values - low) / (high - low)
        return inner[3] - share * (inner[3] - inner[1])

    for value in ticks(low, high, logarithmic):
        height = float(up(np.array(value)))
        sheet.line(np.array([[inner[0], height], [inner[2], height]]), GRID, 0.8)
        sheet.text(f"{value:.3g}", inner[0] - 6, height + 4, 0.36, right=True)
    for value in ticks(span[0], span[1], False):
        place = float(across(np.array(value)))
        sheet.line(np.array([[place, inner[3]], [place, inner[3] + 4]]), INK, 0.8)
        sheet.text(f"{value / 1000:g}k" if value >= 10_000 else f"{value:g}", place, inner[3] + 17, 0.36, centred=True)
    sheet.line(np.array([[inner[0], inner[1]], [inner[0], inner[3]], [inner[2], inner[3]]]), INK, 0.9)
    last = trained if len(trained) else judged
    sheet.text(title + (" (log)" if logarithmic else ""), inner[0], y + TOP - 10, 0.46)
    sheet.text(f"{last[-1, 1]:.4g}", inner[2], y + TOP - 10, 0.46, right=True)
    if len(trained):
        steps, values = trained.T
        sheet.line(np.stack([across(steps), up(values)], 1), PALE, 1.0)
        calm = np.exp(smoothed(np.log(values))) if logarithmic else smoothed(values)
        sheet.line(np.stack([across(steps), up(calm)], 1), BLUE, 1.6)
    elif len(judged) > 1:
        sheet.line(np.stack([across(judged[:, 0]), up(judged[:, 1])], 1), PALE, 1.0)
    for step, value in judged:
        sheet.dot(float(across(step)), float(up(value)), ORANGE)


def _range(values: np.ndarray, logarithmic: bool) -> Tuple[float, float]:
    """The values' range with a little room, never empty."""
    low, high = float(values.min()), float(values.max())
    if logarithmic:
        room = max((high / low) ** 0.06, 1.02)
        return low / room, high * room
    room = max(0.06 * (high - low), 0.02 * abs(high), 1e-6)
    return low - room, high + room


class _Sheet:
    """A white sheet; places in pixels of the picture as it will be."""

    def __init__(self, width: int, height: int) -> None:
        self.pixels = np.full((height * FINER, width * FINER, 3), 255, np.uint8)

    def line(self, points: np.ndarray, colour: Tuple[int, int, int], thickness: float) -> None:
        corners = np.round(points * FINER).astype(np.int32)
        cv2.polylines(self.pixels, [corners], False, colour, max(1, round(thickness * FINER)), cv2.LINE_AA)

    def dot(self, x: float, y: float, colour: Tuple[int, int, int]) -> None:
        cv2.circle(self.pixels, (round(x * FINER), round(y * FINER)), round(3.2 * FINER), colour, -1, cv2.LINE_AA)

    def text(self, words: str, x: float, y: float, size: float, right: bool = False, centred: bool = False) -> None:
        """``x``: the left end, or the right one, or the middle."""
        style = (cv2.FONT_HERSHEY_SIMPLEX, size * FINER)
        (wide, _), _ = cv2.getTextSize(words, *style, FINER)
        left = x * FINER - (wide if right else wide / 2 if centred else 0)
        cv2.putText(self.pixels, words, (round(left), round(y * FINER)), *style, INK, FINER, cv2.LINE_AA)

    def shrunk(self) -> np.ndarray:
        return cv2.resize(self.pixels, None, fx=1 / FINER, fy=1 / FINER, interpolation=cv2.INTER_AREA)
