"""One thing that was looked at."""

from __future__ import annotations

from dataclasses import dataclass

OK, WARNING, PROBLEM = "ok", "warning", "problem"
"""A warning: it works, or may work, but not as well as it should. A problem: it does not work, or will stop."""


@dataclass(frozen=True)
class Finding:
    """``value``: what is there; ``meaning``: what that means; ``action``: what to do, empty where all is well."""

    name: str
    state: str
    value: str
    meaning: str
    action: str = ""
