"""`MakeOptions` as JSON: its schema for the OpenAPI document, and the reading of what a client sent."""

from __future__ import annotations

import dataclasses
import json
import sys
from typing import Any, Dict

from ...errors import UsageError
from ...settings import MakeOptions

JSON_TYPES = {"int": "integer", "float": "number", "str": "string"}


def options_schema() -> Dict[str, Any]:
    """JSON Schema of an object with any of the knobs."""
    return {
        "type": "object",
        "title": "MakeOptions",
        "properties": {knob.name: _schema(knob) for knob in dataclasses.fields(MakeOptions)},
        "additionalProperties": False,
    }


def read_options(text: str) -> MakeOptions:
    """Raises `UsageError` for anything that `options_schema` does not admit."""
    try:
        given = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise UsageError(message="The options are not valid JSON.", action="See /openapi.json.") from None
    if not isinstance(given, dict):
        raise UsageError(message="The options must be a JSON object.", action="See /openapi.json.")
    knobs = {knob.name: knob for knob in dataclasses.fields(MakeOptions)}
    values = {}
    for name, value in given.items():
        if name not in knobs:
            raise UsageError(message="There is an option that is not known.", action="See /openapi.json.")
        values[name] = _checked(knobs[name], value)
    return MakeOptions(**values)


def changed_options(options: MakeOptions) -> Dict[str, Any]:
    """The fields that differ from their default."""
    values = dataclasses.asdict(options)
    return {knob.name: values[knob.name] for knob in dataclasses.fields(options) if values[knob.name] != knob.default}


def _schema(knob: dataclasses.Field[Any]) -> Dict[str, Any]:
    meta, kind = knob.metadata, _kind(knob)
    schema: Dict[str, Any] = {"type": kind, "default": knob.default, "description": meta["help"]}
    if knob.default is None:
        schema["type"] = [kind, "null"]
    if meta["choices"]:
        schema["enum"] = list(meta["choices"]) + ([None] if knob.default is None else [])
    elif kind == "string":
        schema["pattern"] = "^[ !#-&(-\\[\\]-~]+$"
    for key, bound in (("minimum", meta["low"]), ("maximum", meta["high"])):
        if bound is not None:
            schema[key] = bound
    return schema


def _kind(knob: dataclasses.Field[Any]) -> str:
    return next(kind for name, kind in JSON_TYPES.items() if name in str(knob.type))


def _checked(knob: dataclasses.Field[Any], value: Any) -> Any:
    """The value in the type of its knob; ranges are for `MakeOptions`."""
    kind = _kind(knob)
    if value is None and knob.default is None:
        return None
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind == "integer" and number and value == value // 1:  # JSON Schema holds 1.0 for an integer.
        return int(value)
    if kind == "number" and number and abs(value) <= sys.float_info.max:
        return float(value)
    if kind == "string" and isinstance(value, str):
        return value
    raise UsageError(message=f"The option {knob.name} is not a valid {kind}.", action="See /openapi.json.")


def _refuse_constant(name: str) -> None:
    raise ValueError(name)
