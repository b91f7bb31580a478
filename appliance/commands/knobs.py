"""Command-line options and documentation of the knobs, made from the fields of `MakeOptions`."""

from __future__ import annotations

import dataclasses
from typing import Any, Callable, Dict, List, Tuple

import click

from ..settings import MakeOptions


def knob_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command one option a knob; their values arrive as keyword arguments named like the fields."""
    for knob in reversed(dataclasses.fields(MakeOptions)):
        command = click.option(flag(knob), type=_click_type(knob), default=knob.default, help=_help(knob))(command)
    return command


def options_table() -> str:
    """The knobs as a Markdown table: what the README shows."""
    rows: List[Tuple[str, ...]] = [("option", "values", "default", "meaning"), ("---",) * 4]
    for knob in dataclasses.fields(MakeOptions):
        default = "–" if knob.default is None else f"{knob.default}"
        rows.append((f"`{flag(knob)}`", _values(knob).replace("|", r"\|"), default, knob.metadata["help"]))
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def flag(knob: dataclasses.Field[Any]) -> str:
    return "--" + knob.name.replace("_", "-")


def _click_type(knob: dataclasses.Field[Any]) -> Any:
    # Ranges are checked by MakeOptions itself, for every front end alike.
    if knob.metadata["choices"]:
        return click.Choice(knob.metadata["choices"])
    return _number(knob) or click.STRING


def _number(knob: dataclasses.Field[Any]) -> Any:
    kinds: Dict[str, Any] = {"int": click.INT, "float": click.FLOAT}
    return next((kind for name, kind in kinds.items() if name in str(knob.type)), None)


def _values(knob: dataclasses.Field[Any]) -> str:
    meta = knob.metadata
    if meta["choices"]:
        return " | ".join(meta["choices"])
    if meta["low"] is None:
        return "text"
    span = f"≥ {meta['low']}" if meta["high"] is None else f"{meta['low']} … {meta['high']}"
    return f"{span} {meta['unit']}".strip()


def _help(knob: dataclasses.Field[Any]) -> str:
    parts = [] if knob.metadata["choices"] else [_values(knob)]
    if knob.default is not None:
        parts.append(f"default: {knob.default}")
    return f"{knob.metadata['help']}  [{'; '.join(parts)}]" if parts else knob.metadata["help"]
