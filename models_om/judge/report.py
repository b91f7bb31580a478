"""The report: one HTML file with everything in it, and the overview as a PNG beside it."""

from __future__ import annotations

import base64
import html
from pathlib import Path
from typing import Callable, Dict, List, Sequence, TypeVar

from . import plots
from .figure import Curves, Series, Strip
from .sections import Section
from .subjects import COLUMNS
from .table import FAILED, MET, MISSED, Row, cells, summary

T = TypeVar("T", Curves, Series, Strip)


def write(out: Path, title: str, facts: Sequence[str], sections: Sequence[Section]) -> None:
    """``out``/report.html and ``out``/summary.png. ``facts``: lines on what was judged."""
    out.mkdir(parents=True, exist_ok=True)
    table = [row for section in sections for row in section.table]
    overview = plots.overview(table, title)
    (out / "summary.png").write_bytes(overview)
    (out / "report.html").write_text(page(title, facts, sections, summary(table)), encoding="utf-8")


def page(title: str, facts: Sequence[str], sections: Sequence[Section], summed_up: str) -> str:
    links = " ".join(_link(section) for section in sections)
    body = "\n".join(_section(section) for section in sections)
    notes = "".join(f"<li>{html.escape(fact)}</li>" for fact in facts)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(title)}</title>
<style>{STYLE}</style>
</head>
<body>
<header>
<h1>{html.escape(title)}</h1>
<p class="sum">{html.escape(summed_up)}</p>
<ul>{notes}</ul>
<nav>{links}</nav>
</header>
<main>
{body}
</main>
</body>
</html>
"""


def _link(section: Section) -> str:
    asked = [row for row in section.table if row.judged]
    count = f" <b>{sum(row.judged == MET for row in asked)}/{len(asked)}</b>" if asked else ""
    return f'<a href="#{section.name}">{html.escape(section.title)}{count}</a>'


def _section(section: Section) -> str:
    parts = [
        f'<section id="{section.name}">',
        f"<h2>{html.escape(section.title)}</h2>",
        f"<p>{html.escape(section.about)}</p>",
    ]
    if section.table:
        parts.append(_table(section.table))
    small = [_picture(name, plots.series(group)) for name, group in _grouped(section, Series).items()]
    if small:
        parts.append('<div class="side">' + "".join(small) + "</div>")
        parts.append(_series_table(_grouped(section, Series)))
    parts += [_picture(name, plots.curves(list(group.values()))) for name, group in _grouped(section, Curves).items()]
    parts += [_picture(name, plots.strips(group)) for name, group in _grouped(section, Strip).items()]
    parts.append(f'<p class="time">{section.seconds:.0f} s</p>')
    parts.append("</section>")
    return "\n".join(parts)


def _grouped(section: Section, kind: Callable[..., T]) -> Dict[str, Dict[str, T]]:
    """Findings of one kind by title, each by column."""
    found: Dict[str, Dict[str, T]] = {}
    for column in COLUMNS:
        for finding in section.findings.get(column, ()):
            if isinstance(finding, kind):
                found.setdefault(finding.title, {})[column] = finding
    return found


def _table(table: List[Row]) -> str:
    heads = "".join(f'<th class="{name}">{name}</th>' for name in ("figure", "goal", *COLUMNS)) + "<th>verdict</th>"
    lines = []
    for row in table:
        _, name, asked, *values, verdict = cells(row)
        note = f'<div class="detail">{html.escape(row.any.detail)}</div>' if row.any.detail else ""
        numbers = "".join(_number(row, column, value) for column, value in zip(COLUMNS, values))
        lines.append(
            f'<tr><td>{html.escape(name)}{note}</td><td class="n">{asked}</td>{numbers}'
            f'<td><span class="verdict {_class(row)}">{verdict}</span></td></tr>'
        )
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(lines)}</tbody></table>"


def _number(row: Row, column: str, value: str) -> str:
    """The detail of a column that is not spelt out shows when the pointer rests on the number."""
    detail = row.figures[column].detail if column in row.figures else ""
    return f'<td class="n {column}" title="{html.escape(detail)}">{html.escape(value)}</td>'


def _class(row: Row) -> str:
    if row.judged:
        return {MET: "met", MISSED: "missed", FAILED: "missed"}[row.judged]
    return "better" if "better" in row.verdict else "plain"


def _series_table(groups: Dict[str, Dict[str, Series]]) -> str:
    first = next(iter(next(iter(groups.values())).values()))
    heads = "".join(f'<th class="n">{x:g}</th>' for x in first.x)
    lines = []
    for title, group in groups.items():
        for column, part in group.items():
            values = "".join(f'<td class="n">{y:.3f}</td>' for y in part.y)
            lines.append(f'<tr><td>{html.escape(title)}, <span class="{column}">{column}</span></td>{values}</tr>')
    return (
        f"<table><thead><tr><th>{html.escape(first.x_name)}</th>{heads}</tr></thead>"
        f"<tbody>{''.join(lines)}</tbody></table>"
    )


def _picture(title: str, png: bytes) -> str:
    data = base64.b64encode(png).decode()
    alt = html.escape(title)
    return f'<figure><figcaption>{alt}</figcaption><img alt="{alt}" src="data:image/png;base64,{data}"></figure>'


STYLE = """
:root { --ink: #1f2933; --soft: #5b6773; --line: #e3e7eb; --new: #0b6e4f; --previous: #c8553d; --baseline: #5c7fb8 }
* { box-sizing: border-box }
body { margin: 0; color: var(--ink); background: #f6f7f9; font: 15px/1.5 system-ui, "Segoe UI", sans-serif }
header, main { max-width: 1180px; margin: 0 auto; padding: 24px }
h1 { margin: 8px 0 0; font-size: 28px }
h2 { margin: 0 0 4px; font-size: 20px }
header ul { margin: 8px 0; padding-left: 18px; color: var(--soft); font-size: 13px }
.sum { margin: 4px 0; font-size: 17px; font-weight: 600 }
nav b { font-weight: 600; color: var(--soft) }
nav a { display: inline-block; margin: 4px 8px 0 0; padding: 3px 10px; border-radius: 12px; background: #fff;
  border: 1px solid var(--line); color: var(--ink); text-decoration: none; font-size: 13px }
section { margin: 0 0 24px; padding: 20px 24px; background: #fff; border: 1px solid var(--line); border-radius: 10px }
section > p { max-width: 80ch; margin: 0 0 12px; color: var(--soft) }
table { width: 100%; border-collapse: collapse; margin: 8px 0 16px; font-variant-numeric: tabular-nums }
th { padding: 6px 8px; border-bottom: 2px solid var(--line); text-align: left; font-size: 12px; color: var(--soft) }
th.previous, th.new, th.baseline, th.goal, th.n { text-align: right }
td { padding: 6px 8px; border-bottom: 1px solid var(--line); vertical-align: top }
td.n { text-align: right; white-space: nowrap }
td.new { font-weight: 650 }
.new { color: var(--new) } .previous { color: var(--previous) } .baseline { color: var(--baseline) }
.detail { color: var(--soft); font-size: 12px; max-width: 62ch }
.verdict { display: inline-block; padding: 1px 9px; border-radius: 10px; font-size: 12px; white-space: nowrap }
.met { background: #dff3e8; color: #0a5c42 } .missed { background: #fbe3df; color: #9c2118 }
.better { background: #e6f0fb; color: #1f4f86 } .plain { color: var(--soft); padding-left: 0 }
figure { margin: 14px 0 0 } figcaption { font-size: 13px; font-weight: 600 }
img { max-width: 100%; height: auto }
.side { display: grid; grid-template-columns: repeat(auto-fit, minmax(420px, 1fr)); gap: 12px }
.time { margin: 12px 0 0; font-size: 11px; text-align: right; color: #a3adb7; max-width: none }
@media print { section { break-inside: avoid } nav { display: none } }
"""
