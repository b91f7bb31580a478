"""Faults of the program as the log may tell of them: where and what, without anything that a visitor brought along."""

from __future__ import annotations

import traceback
from types import TracebackType
from typing import Optional, Type

from .errors import SonicError

_ABOUT_CODE = (
    ArithmeticError, AssertionError, AttributeError, ImportError, IndexError, MemoryError, NameError, RuntimeError,
    TypeError,
)  # fmt: skip
"""Their messages speak of the program; those of others may quote a file name or a text of the visitor."""


def described(kind: Type[BaseException], error: Optional[BaseException], trace: Optional[TracebackType]) -> str:
    """For the log, several lines; of an exception that is not about the program itself, its type alone."""
    lines = ["".join(traceback.format_tb(trace)).rstrip(), _named(kind, error)]
    cause = error.__cause__ or error.__context__ if error is not None else None
    if cause is not None and cause is not error:
        lines.append(f"after {_named(type(cause), cause)}")
    return "\n".join(line for line in lines if line)


def _named(kind: Type[BaseException], error: Optional[BaseException]) -> str:
    if isinstance(error, SonicError):
        return f"{kind.__name__}: {error.code}"
    if isinstance(error, OSError):
        return f"{kind.__name__}: {error.strerror}"
    return f"{kind.__name__}: {error}" if isinstance(error, _ABOUT_CODE) else kind.__name__


def told(error: BaseException) -> str:
    """`described`, of an exception that was caught."""
    return described(type(error), error, error.__traceback__)
