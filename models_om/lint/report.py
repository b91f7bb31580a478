"""Findings for a person at a terminal, and for another program."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from typing import List

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .finding import ERROR, NOTE, SEVERITIES, WARNING, Finding

STYLES = {ERROR: "bold red", WARNING: "yellow", NOTE: "dim"}


def show(name: str, findings: List[Finding], console: Console) -> None:
    """One table for each severity, and the verdict."""
    for severity in SEVERITIES:
        rows = [finding for finding in findings if finding.severity == severity]
        if not rows:
            continue
        style = STYLES[severity]
        table = Table(title=Text(f"{name}: {_count(len(rows), severity)}", style=style), title_justify="left")
        for column, share in (("node", 2), ("rule", 2), ("why", 6), ("do", 5)):
            table.add_column(column, ratio=share, overflow="fold")
        for row in rows:
            why = Text(row.why).append(f"\n{row.source}", style="dim")
            table.add_row(Text(row.node), Text(row.rule), why, Text(row.fix))
        console.print(table)
    good = not any(finding.severity == ERROR for finding in findings)
    style = "bold green" if good else STYLES[ERROR]
    console.print(Text(f"{name}: {verdict(findings)}", style=style))


def verdict(findings: List[Finding]) -> str:
    """One sentence."""
    counts = Counter(finding.severity for finding in findings)
    told = ", ".join(_count(counts[severity], severity) for severity in SEVERITIES if counts[severity])
    if counts[ERROR]:
        return f"not fit for Ascend 310: {told}."
    return f"nothing keeps it from Ascend 310{f' ({told})' if told else ''}."


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' if number != 1 else ''}"


def line(name: str, finding: Finding) -> str:
    """A finding as one line of JSON, with the ``file`` it was found in."""
    return json.dumps({"file": name, **asdict(finding)}, ensure_ascii=False)
