"""What a migration did, as tables for a terminal, plain text, HTML or JSON."""

from __future__ import annotations

import html
import json
import sys
from dataclasses import asdict, dataclass
from typing import Any, Dict, List, Optional, Sequence, Tuple

from .comparison import Comparison, Difference
from .migration import Matching
from .name_map import COUNTERS

SHOWN = 12
"""Rows of a table on the terminal; the report file has all."""
DIFFERS = "differs"

STYLE = """body{font:15px/1.45 system-ui,sans-serif;margin:2em auto;max-width:62em;padding:0 1em;color:#222}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.25em .8em .25em 0;border-bottom:1px solid #ddd}
td{font-family:ui-monospace,monospace;font-size:13px;overflow-wrap:anywhere}.bad{color:#a00}.good{color:#060}
@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}td,th{border-color:#444}.bad{color:#f77}.good{color:#7d7}}"""


@dataclass(frozen=True)
class Table:
    title: str
    columns: Tuple[str, ...]
    rows: Sequence[Tuple[str, ...]]


@dataclass(frozen=True)
class Report:
    """``comparison`` is None without a twin, or where the matching is not complete."""

    source: str
    target: str
    network: str
    tolerance: float
    matching: Matching
    comparison: Optional[Comparison]

    @property
    def good(self) -> bool:
        return self.matching.complete and (self.comparison is None or self.comparison.agrees)

    @property
    def verdict(self) -> str:
        """One or two sentences: what came out and, where it failed, what to do."""
        matching, comparison = self.matching, self.comparison
        if not matching.matched:
            return f"Not migrated: no tensor fits {self.network}. Are these the weights of another network?"
        if not matching.complete:
            parts = (
                (len(matching.unmatched_torch), "PyTorch tensors without a place"),
                (len(matching.unmatched_mindspore), "MindSpore parameters without a source"),
                (len(matching.mismatched), "that do not fit"),
            )
            wrong = ", ".join(f"{count} {what}" for count, what in parts if count)
            return f"Not migrated: {wrong}. Add rules for them to the map, or list them under `ignore` or `optional`."
        count = sum(match.count for match in matching.matched)
        done = f"{len(matching.matched)} tensors with {count:,} parameters"
        if comparison is None:
            return f"Migrated {done}. Not compared: name a PyTorch twin with --twin."
        worst = max(output.error for output in comparison.outputs)
        if comparison.agrees:
            return f"Migrated {done}; the outputs of both differ by at most {worst:.1e}."
        first = comparison.first_diverging
        where = f" The first layer to do so is {first.name}, {first.torch} in the twin." if first else ""
        return f"Not migrated: the outputs of both differ by up to {worst:.1e}.{where} Compare how both define it."

    def tables(self) -> List[Table]:
        """Those that have something to say, in the order of reading."""
        matching, comparison = self.matching, self.comparison
        casts: Dict[str, int] = {}
        for match in matching.matched:
            if match.cast:
                casts[match.cast] = casts.get(match.cast, 0) + 1
        counters = [name for name in matching.ignored if name.rpartition(".")[2] in COUNTERS]
        ignored = [(name,) for name in matching.ignored if name not in counters]
        if counters:
            ignored.append((f"counters of {len(counters)} batch norms ({', '.join(COUNTERS)})",))
        unfit = [(mismatch.torch, mismatch.mindspore, mismatch.why) for mismatch in matching.mismatched]
        tables = [
            Table("Do not fit", ("PyTorch", "MindSpore", "why"), unfit),
            Table("PyTorch tensors without a place", ("PyTorch",), _single(matching.unmatched_torch)),
            Table("MindSpore parameters without a source", ("MindSpore",), _single(matching.unmatched_mindspore)),
            Table("MindSpore parameters that keep their first values", ("MindSpore",), _single(matching.kept)),
            Table("Casts", ("dtype", "tensors"), [(cast, str(count)) for cast, count in casts.items()]),
            Table("Ignored", ("PyTorch",), ignored),
            Table(
                "Matched", ("PyTorch", "MindSpore", "parameters"),
                [(match.torch, match.mindspore, f"{match.count:,}") for match in matching.matched],
            ),
        ]  # fmt: skip
        if comparison is not None:
            columns = ("layer", "in the twin", "largest error", "largest value", "")
            title = f"Layers in order of execution ({comparison.skipped} more are on one side only)"
            tables += [
                Table(title, columns, [_row(layer) for layer in comparison.layers]),
                Table("Outputs", columns, [_row(output) for output in comparison.outputs]),
            ]
        return [table for table in tables if table.rows]

    def to_json(self) -> str:
        comparison = self.comparison
        first = comparison.first_diverging if comparison else None
        content: Dict[str, Any] = {
            "source": self.source, "target": self.target, "network": self.network, "good": self.good,
            "verdict": self.verdict, "tolerance": self.tolerance, "matching": asdict(self.matching),
            "comparison": asdict(comparison) if comparison else None, "first_diverging": first.name if first else None,
        }  # fmt: skip
        return json.dumps(content, indent=1, ensure_ascii=False) + "\n"

    def to_html(self) -> str:
        parts = [
            f"<!doctype html><meta charset=utf-8><title>{html.escape(self.network)}: migration</title>",
            f"<style>{STYLE}</style><h1>{html.escape(self.source)} → {html.escape(self.target)}</h1>",
            f"<p class={'good' if self.good else 'bad'}>{html.escape(self.verdict)}</p>",
            f"<p>Network: {html.escape(self.network)}. Tolerance: {self.tolerance:g} × the largest value, or × 1.</p>",
        ]
        for table in self.tables():
            head = "".join(f"<th>{html.escape(column)}</th>" for column in table.columns)
            parts.append(f"<h2>{html.escape(table.title)}: {len(table.rows)}</h2><table><tr>{head}</tr>")
            for row in table.rows:
                mark = " class=bad" if row[-1] == DIFFERS else ""
                parts.append(f"<tr{mark}>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>")
            parts.append("</table>")
        return "\n".join(parts) + "\n"

    def show(self) -> None:
        """On standard output: rich tables in a terminal, plain lines elsewhere. The verdict comes last."""
        tables = [table for table in self.tables() if table.title != "Matched"]
        if sys.stdout.isatty():
            _show_rich(tables, self.verdict, self.good)
        else:
            _show_plain(tables, self.verdict)


def _single(names: Sequence[str]) -> List[Tuple[str, ...]]:
    return [(name,) for name in names]


def _row(difference: Difference) -> Tuple[str, ...]:
    error, peak = f"{difference.error:.1e}", f"{difference.peak:.3g}"
    return (difference.name, difference.torch, error, peak, "" if difference.agrees else DIFFERS)


def _most_telling(table: Table) -> Sequence[Tuple[str, ...]]:
    """The first rows; of layers, those from the first that differs, or else the last ones."""
    differing = [index for index, row in enumerate(table.rows) if row[-1] == DIFFERS]
    first = max(0, differing[0] - 2) if differing else len(table.rows) - SHOWN if len(table.columns) == 5 else 0
    return table.rows[max(0, first) :][:SHOWN]


def _show_plain(tables: Sequence[Table], verdict: str) -> None:
    for table in tables:
        print(f"{table.title}: {len(table.rows)}")
        shown = _most_telling(table)
        widths = [max(map(len, column)) for column in zip(table.columns, *shown)]
        for row in (table.columns, *shown):
            print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
        if len(shown) < len(table.rows):
            print(f"  ({len(table.rows) - len(shown)} more in the report)")
    print(verdict)


def _show_rich(tables: Sequence[Table], verdict: str, good: bool) -> None:
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    console = Console(highlight=False)
    for table in tables:
        shown = _most_telling(table)
        more = len(table.rows) - len(shown)
        drawn = RichTable(caption=f"{more} more in the report" if more else None, caption_justify="left")
        for column in table.columns:
            drawn.add_column(column, overflow="fold")
        for row in shown:
            drawn.add_row(*map(Text, row), style="red" if row[-1] == DIFFERS else None)
        console.print(f"{table.title}: {len(table.rows)}", style="bold", markup=False)
        console.print(drawn)
    console.print(verdict, style="bold green" if good else "bold red", markup=False)
