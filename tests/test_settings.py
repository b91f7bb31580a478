"""The knobs: what they accept, and that the documentation shows them as they are."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, Dict

import pytest

from appliance.commands.knobs import options_table
from appliance.errors import UsageError
from appliance.settings import MakeOptions

RANGES = [f for f in dataclasses.fields(MakeOptions) if f.metadata["low"] is not None]
BEYOND = [(f.name, f.metadata["low"] - 1) for f in RANGES] + [
    (f.name, f.metadata["high"] + 1) for f in RANGES if f.metadata["high"] is not None
]


@pytest.mark.parametrize(("name", "value"), BEYOND)
def test_values_beyond_their_range_are_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(UsageError, match="--" + name.replace("_", "-")):
        MakeOptions(**{name: value})


@pytest.mark.parametrize("knob", RANGES, ids=lambda knob: knob.name)
def test_the_ends_of_a_range_belong_to_it(knob: Any) -> None:
    for end in (knob.metadata["low"], knob.metadata["high"]):
        assert getattr(MakeOptions(**{knob.name: end}), knob.name) == end


@pytest.mark.parametrize(
    "values",
    [
        {"smooth": float("nan")},
        {"align_offset": float("inf")},
        {"framing": "portrait"},
        {"runtime": "tensorflow"},
        {"precision": "fp16"},
        {"label": ""},
    ],
    ids=lambda values: next(iter(values.items())),
)
def test_values_that_are_none_of_the_choices_are_refused(values: Dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        MakeOptions(**values)


def test_readme_shows_every_option_as_it_is() -> None:
    readme = Path(__file__).resolve().parent.parent / "README.md"
    assert options_table() in readme.read_text(encoding="utf-8")
