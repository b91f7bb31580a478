"""The parts of the OpenAPI document that cannot be derived from the code: the upload form and the problems."""

from __future__ import annotations

from typing import Any, Dict, Sequence, Type

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from ...errors import (
    EngineError,
    EngineUnavailable,
    RequestInvalid,
    SonicError,
    StorageFull,
    TooManyRequests,
    Unauthorised,
)
from . import problems
from .models import PriorityName, Problem
from .options import options_schema

DESCRIPTION = """\
Photo and recording in, talking-head video out. Spoken over a Unix socket, to those whom the system lets in. Where the
settings open a TCP port, every request there needs `Authorization: Bearer TOKEN` and counts against a limit.
"""
SUBMIT_SIZES = "Sizes are limited by the settings; the parts may come in any order."

EVERYWHERE: Sequence[Type[SonicError]] = (EngineError, StorageFull, Unauthorised, TooManyRequests, EngineUnavailable)


def problem_responses(*kinds: Type[SonicError], statuses: Sequence[int] = ()) -> Dict[Any, Dict[str, Any]]:
    """The ``responses`` of an endpoint that may fail like these, or like everything may."""
    codes: Dict[int, Dict[str, Any]] = {403: {Unauthorised.code: None}, 500: {SonicError.code: None}}
    for kind in (*EVERYWHERE, *kinds):
        codes.setdefault(problems.STATUS.get(kind) or problems.status_of(kind()), {})[kind.code] = None
    for status in (400, 405, *statuses):
        codes.setdefault(status, {})[RequestInvalid.code] = None
    return {status: _response(sorted(names)) for status, names in sorted(codes.items())}


def _response(codes: Sequence[str]) -> Dict[str, Any]:
    of_these = {"type": "object", "properties": {"code": {"enum": list(codes)}}}
    schema = {"allOf": [{"$ref": "#/components/schemas/Problem"}, of_these]}
    return {
        "description": ", ".join(f"`{code}`" for code in codes),
        "content": {problems.MEDIA_TYPE: {"schema": schema}},
    }


def submit_body() -> Dict[str, Any]:
    """The multipart form of a new job."""
    file = {"type": "string", "format": "binary", "minLength": 1}
    properties = {
        "photo": {**file, "description": "JPEG, PNG, WebP or BMP"},
        "speech": {**file, "description": "WAV, FLAC, MP3, M4A, OGG, Opus or an MP4 with sound"},
        "options": options_schema(),
        "priority": {"type": "string", "enum": [name.value for name in PriorityName], "default": "normal"},
        "consent": {"type": "boolean", "default": False, "description": "the person shown has agreed"},
    }
    schema = {
        "type": "object",
        "properties": properties,
        "required": ["photo", "speech"],
        "additionalProperties": False,
    }
    media = {"schema": schema, "encoding": {"options": {"contentType": "application/json"}}}
    return {"requestBody": {"required": True, "description": SUBMIT_SIZES, "content": {"multipart/form-data": media}}}


def binary(media_type: str, description: str, headers: Sequence[str] = ()) -> Dict[str, Any]:
    """A response that is not JSON."""
    response: Dict[str, Any] = {
        "description": description,
        "content": {media_type: {"schema": {"type": "string"}}},
    }
    if headers:
        response["headers"] = {name: {"schema": {"type": "string"}} for name in headers}
    return response


def event_stream(media_type: str, description: str) -> Dict[str, Any]:
    """Server-sent events; the schema is that of each."""
    job = {"$ref": "#/components/schemas/JobModel"}
    fields = {
        "event": {"enum": ["state", "progress", "deleted"]},
        "id": {"type": "string"},
        "data": {"type": "string", "contentMediaType": "application/json", "contentSchema": job},
    }
    schema = {"type": "object", "properties": fields, "required": ["event", "id", "data"]}
    return {"description": description, "content": {media_type: {"schema": schema}}}


def install(app: FastAPI) -> None:
    """Serve the document with the schema of problems in it."""

    def document() -> Dict[str, Any]:
        if app.openapi_schema is None:
            schema = get_openapi(title=app.title, version=app.version, description=DESCRIPTION, routes=app.routes)
            schema["components"]["schemas"]["Problem"] = Problem.model_json_schema()
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]
