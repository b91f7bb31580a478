"""What INT8 did to the networks, as told by the records in ``built/``: printed, and written to ``docs/int8.md``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Sequence, Tuple

import numpy as np
from rich.console import Console
from rich.table import Table as RichTable

from ..manifest import BUILT, HERE
from . import record
from .int8 import EXACT, NARROW
from .recipes import RECIPES, float_file, int8_file

DOCUMENT = HERE.parent / "docs" / "int8.md"
COMMAND = "python -m models_om.export --work work --int8-only"

INTRODUCTION = f"""# INT8: what it costs and what it buys

Written by `{COMMAND}`; changes made by hand are lost with the next run.

Post-training quantisation of the float32 networks: weights int8, symmetric, a scale for each output channel;
activations uint8 with a zero point, a grid for each tensor. Both ends of a grid are drawn in from the extremes as far
as that lowers the mean squared error over real inputs. Ranges come from one half of the recordings, portraits and
mouths that training did not see, all figures from the other half. Layers are convolutions with their ReLU. Those of
fewer than {NARROW} input channels are left in float32, where they are as fast; so are those without which the error
would miss its goal.

Signal to quantisation noise (SQNR) in dB: *alone*, of the layer's output when it alone is INT8; *in place*, of the
layer's output in the finished network; *at output*, of the network's outputs when it alone is INT8. *Work*: its share
of the multiplications. Times: computing time of one run in ONNX Runtime on the machine that built the files, shared out
among the threads; medians of runs taken in turns. Only their ratio means anything elsewhere.

Each network's record, `models_om/built/NAME.scales.json`, holds the scales that the ONNX file was made with, by layer
of the float32 file, so that a graph for another tool chain can be made from the same numbers.
"""


@dataclass(frozen=True)
class Table:
    """One table of text cells."""

    title: str
    columns: Sequence[str]
    rows: List[Tuple[str, ...]]

    def markdown(self) -> str:
        lines = [self.columns, ["---"] * len(self.columns), *self.rows]
        return f"## {self.title}\n\n" + "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"

    def show(self, console: Console) -> None:
        table = RichTable(title=self.title, title_justify="left")
        for number, column in enumerate(self.columns):
            table.add_column(column, justify="right" if number > 1 else "left")
        for row in self.rows:
            table.add_row(*row)
        console.print(table)


def write_report(built: Path = BUILT, document: Path = DOCUMENT) -> None:
    """Print the tables of every record in ``built`` and write them to ``document``."""
    paths = [record.record_path(built / int8_file(name).name) for name in RECIPES]
    records = [record.read(path) for path in paths if path.exists()]
    tables = [_overview(records), *(_layers(entry) for entry in records)]
    console = Console()
    console = console if console.is_terminal else Console(width=140)
    for table in tables:
        table.show(console)
    notes = [f"* `{entry['network']}`: {RECIPES[entry['network']].error}." for entry in records]
    overview, *layers = (table.markdown() for table in tables)
    text = "\n".join([INTRODUCTION, overview, "Error:\n\n" + "\n".join(notes) + "\n", *layers])
    document.write_text(text)


def _overview(records: Sequence[Dict[str, Any]]) -> Table:
    rows = []
    for entry in records:
        error, precisions = entry["error"], [layer["precision"] for layer in entry["layers"]]
        times = {threads: entry["speed_ms"][str(threads)] for threads in (1, 2)}
        sizes = [file(entry["network"]).stat().st_size / 1e6 for file in (float_file, int8_file)]
        rows.append((
            f"`{entry['network']}`", f"{precisions.count('int8')} of {len(precisions)}",
            _error(error["all_int8"], entry), _error(error["built"], entry), _error(error["goal"], entry),
            *(f"{a:.2f} → {b:.2f}, {a / b:.1f}×" for a, b in times.values()), f"{sizes[0]:.1f} → {sizes[1]:.1f}",
        ))  # fmt: skip
    columns = "network|layers in INT8|error, all INT8|error, as built|goal|ms, 1 thread|ms, 2 threads|MB".split("|")
    return Table("Networks, INT8 against float32", columns, rows)


def _error(value: float, entry: Dict[str, Any]) -> str:
    if entry["network"] == "sonic_painter":
        return f"{value:.4f} ({-20 * np.log10(value):.1f} dB)"
    return f"{value:.4f}"


def _decibels(value: float) -> str:
    return f"{value:.1f}" if value < EXACT else "exact"


def _layers(entry: Dict[str, Any]) -> Table:
    total = sum(layer["multiplications"] for layer in entry["layers"])
    rows = [
        (
            layer["name"], layer["kernel"], layer["precision"], f"{100 * layer['multiplications'] / total:.1f} %",
            *(_decibels(layer["sqnr_db"][key]) for key in ("alone", "in_place", "at_output")),
        )
        for layer in entry["layers"]
    ]  # fmt: skip
    columns = ("layer", "channels, kernel /stride", "precision", "work", "alone", "in place", "at output")
    return Table(f"`{entry['network']}`, {total / 1e6:.0f} million multiplications", columns, rows)
