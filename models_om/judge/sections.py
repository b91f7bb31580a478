"""The sections of the judge, run one by one: what goes wrong in one is shown, and the others go on."""

from __future__ import annotations

import importlib
import time
import traceback
from dataclasses import dataclass, field
from typing import Callable, Dict, Iterator, List, Sequence

from .bench import Bench
from .figure import Figure, Finding
from .subjects import Subject
from .table import Row, rows

SECTIONS = ("facegood", "grid", "closures", "silence", "ranking", "steps", "video", "painter", "frames")
"""Modules of this package, in the order of the report."""


@dataclass
class Section:
    """What one section found: ``table``, and ``findings`` by column for the pictures."""

    name: str
    title: str
    about: str
    table: List[Row]
    findings: Dict[str, List[Finding]] = field(default_factory=dict)
    seconds: float = 0.0


def judge_section(
    name: str, subjects: Sequence[Subject], bench: Bench, say: Callable[[str], None] = lambda line: None
) -> Section:
    """One section for all subjects. What goes wrong in it becomes a failed figure; the others go on."""
    started = time.monotonic()
    findings: Dict[str, List[Finding]] = {}
    title, about = name, ""
    for subject in subjects:
        at = time.monotonic()
        try:
            module = importlib.import_module(f"{__package__}.{name}")
            title, about = module.TITLE, module.ABOUT
            findings[subject.name] = collect(module.judge(subject, bench), name)
        except Exception as error:
            findings[subject.name] = [failure(name, error)]
            say(traceback.format_exc())
        say(f"{name}, {subject.name}: {time.monotonic() - at:.0f} s")
    figures = {column: [f for f in found if isinstance(f, Figure)] for column, found in findings.items()}
    return Section(name, title, about, rows(figures), findings, time.monotonic() - started)


def collect(found: Iterator[Finding], section: str) -> List[Finding]:
    """All findings; an error on the way is one more, and what came before it is kept."""
    kept: List[Finding] = []
    try:
        for finding in found:
            kept.append(finding)
    except Exception as error:
        kept.append(failure(section, error))
    return kept


def failure(section: str, error: Exception) -> Figure:
    return Figure(section, "the rest of this section", float("nan"), "", detail=f"{type(error).__name__}: {error}")
