"""The Range header of RFC 9110, for one range of bytes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Optional


class Unsatisfiable(Exception):
    """The range lies wholly outside of the file."""


@dataclass(frozen=True)
class Span:
    """Bytes ``first`` to ``last`` of a file, both included."""

    first: int
    last: int

    @property
    def length(self) -> int:
        return self.last - self.first + 1


def parse_range(header: Optional[str], size: int) -> Optional[Span]:
    """The part of a file of ``size`` bytes that is asked for; None means all of it.

    What is not understood and several ranges at once are answered with the whole file, as RFC 9110 §14.2 allows.
    Raises `Unsatisfiable`.
    """
    match = re.fullmatch(r"bytes=[ \t]*(\d{0,19})-(\d{0,19})[ \t]*", header or "", re.ASCII | re.IGNORECASE)
    if match is None or match.group(0).strip().endswith("=-"):
        return None
    first, last = match.groups()
    if not first:
        span = Span(max(size - int(last), 0), size - 1)
    else:
        span = Span(int(first), min(int(last), size - 1) if last else size - 1)
        if last and int(last) < int(first):
            return None
    if span.first >= size:
        raise Unsatisfiable()
    return span
