"""What the screens say, in all languages of the flow.

One module a room of the house, each with `TEXTS`: key → (Chinese, English). Values are put in by name: ``{seconds}``.
No text depends on a number being one or many.
"""

from __future__ import annotations

from typing import Dict, Tuple

from ...engine.job import Failure
from ..flow import LANGUAGES
from . import classroom, failures, guidance, staff, visit

__all__ = ["ROOMS", "TEXTS", "explain", "tr"]

ROOMS = (visit, guidance, failures, staff, classroom)
TEXTS: Dict[str, Tuple[str, ...]] = {key: texts for room in ROOMS for key, texts in room.TEXTS.items()}


def tr(key: str, language: str, **values: object) -> str:
    """The text in ``language``, a member of `flow.LANGUAGES`. Raises KeyError for a text that nobody wrote."""
    return TEXTS[key][LANGUAGES.index(language)].format(**values)


def explain(failure: Failure, language: str) -> Tuple[str, str]:
    """What happened and what to do, in words for a visitor. A failure that has none is one of the appliance's own."""
    code = failure.code if f"error.{failure.code}" in TEXTS else "internal"
    return tr(f"error.{code}", language), tr(f"error.{code}.action", language)
