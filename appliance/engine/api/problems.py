"""Errors as problem documents (RFC 9457): the same words and codes as everywhere else in the appliance."""

from __future__ import annotations

import logging
from typing import Any, Dict, Optional, Sequence, Type

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from ... import errors
from ...errors import RequestInvalid, SonicError

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 5
"""What a client is told to wait when the engine cannot take its request now."""

STATUS: Dict[Type[SonicError], int] = {
    SonicError: 500,
    errors.UsageError: 422,
    errors.PhotoError: 422,
    errors.SpeechError: 422,
    errors.RequestInvalid: 400,
    errors.JobNotFound: 404,
    errors.VideoNotReady: 409,
    errors.IdempotencyConflict: 409,
    errors.LinkUnavailable: 409,
    errors.ConsentMissing: 403,
    errors.Unauthorised: 401,
    errors.TooManyRequests: 429,
    errors.UploadTooLarge: 413,
    errors.QueueFull: 503,
    errors.EngineUnavailable: 503,
    errors.StorageFull: 507,
    errors.DiskFull: 507,
}
"""A class that is not named has its nearest ancestor's status."""

REASONS = {
    404: "There is nothing under this address.",
    405: "This address does not know that method.",
    408: "The request came too slowly.",
    415: "The request is not of the type this address takes.",
}

logger = logging.getLogger("appliance.engine.api")


class Refused(RequestInvalid):
    """A request that is wrong as HTTP, with the status that says how."""

    def __init__(self, status: int, message: Optional[str] = None, headers: Optional[Dict[str, str]] = None) -> None:
        super().__init__(message=message or REASONS.get(status))
        self.status = status
        self.headers = headers or {}


def status_of(error: SonicError) -> int:
    if isinstance(error, Refused):
        return error.status
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def problem(error: SonicError, status: Optional[int] = None) -> JSONResponse:
    """The answer to a request that failed like this. ``status``: other than usual for the error."""
    status = status or status_of(error)
    headers = dict(getattr(error, "headers", {}))
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if status in (429, 503):
        headers["Retry-After"] = str(RETRY_SECONDS)
    body = {
        "type": f"urn:sonic:error:{error.code}",
        "title": type(error).message,
        "status": status,
        "detail": f"{error.message} {error.action}",
        "code": error.code,
        "action": error.action,
    }
    return JSONResponse(body, status, headers, MEDIA_TYPE)


def install(app: FastAPI, routes: Sequence[Any]) -> None:
    """Let every error of the app, its framework's own included, leave as a problem document.

    ``routes``: whose methods are named to whoever used another.
    """

    async def known(request: Request, error: Any) -> JSONResponse:
        if status_of(error) == 500:
            logger.error("%s: %s", error.code, error.detail)
        return problem(error)

    async def invalid(request: Request, error: Any) -> JSONResponse:
        # What was sent is not repeated: it may be personal.
        places = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        return problem(Refused(422, f"The request is not valid: {places}."))

    async def http(request: Request, error: Any) -> JSONResponse:
        headers = dict(error.headers or {})
        allowed = {
            method for route in routes if route.path_regex.match(request.url.path) for method in route.methods
        }
        if error.status_code == 405 and allowed:
            headers["Allow"] = ", ".join(sorted(allowed))
        return problem(Refused(error.status_code, headers=headers))

    async def unknown(request: Request, error: Any) -> JSONResponse:
        return problem(SonicError())  # The server logs the trace.

    app.add_exception_handler(SonicError, known)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(Exception, unknown)
