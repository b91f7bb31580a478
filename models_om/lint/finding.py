"""What a rule says of a node, and the list of all rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Dict, Iterator, List

from .graph import Graph

ERROR, WARNING, NOTE = "error", "warning", "note"
SEVERITIES = (ERROR, WARNING, NOTE)
"""Refused or computed wrongly; slow, or right only under a condition that is named; worth knowing."""

# Where the facts come from. The sources are those of the generation that runs on Ascend 310, CANN 5.1 and 6.0.
PARSER = "ONNX parser plug-ins of CANN 5.1/6.0"
KERNELS = "operator tables of Ascend 310 in CANN 5.1/6.0"
FUSION = "fusion passes of CANN 5.1/6.0"
LIST_504 = "list of ONNX operators of CANN 5.0.4"
ATC = "flags of ATC"
ACL = "AscendCL documentation"
HALF = "IEEE 754 binary16, in which the AI Core computes"
CUBE = "fractal sizes of the cube unit: 16×16 in fp16, 16×32 in INT8"
AMCT = "graph passes and kernels of AMCT"
OM = "header of the .om file"


@dataclass(frozen=True)
class Finding:
    """``node``: a node, or what else of the graph it is about. ``why`` it matters, and ``source`` of that knowledge."""

    node: str
    rule: str
    severity: str
    why: str
    fix: str
    source: str


@dataclass(frozen=True)
class Complaint:
    """A finding before the rule has signed it."""

    node: str
    severity: str
    why: str
    fix: str


Check = Callable[[Graph], Iterator[Complaint]]


@dataclass(frozen=True)
class Rule:
    name: str
    source: str
    check: Check


RULES: Dict[str, Rule] = {}
"""By name, in the order in which they are applied."""


def rule(name: str, source: str) -> Callable[[Check], Check]:
    """Register a function that yields the complaints of one rule."""

    def register(check: Check) -> Check:
        RULES[name] = Rule(name, source, check)
        return check

    return register


def lint(graph: Graph) -> List[Finding]:
    """All findings on a graph, errors first, otherwise in the order of the rules."""
    from . import rules  # noqa: F401  (registers them)

    found = [
        Finding(complaint.node, entry.name, complaint.severity, complaint.why, complaint.fix, entry.source)
        for entry in RULES.values()
        for complaint in entry.check(graph)
    ]
    return sorted(found, key=lambda finding: SEVERITIES.index(finding.severity))
