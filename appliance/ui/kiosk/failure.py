"""Errors of this process as the visit carries them."""

from __future__ import annotations

from ...engine.job import Failure
from ...errors import SonicError


def failure_of(error: SonicError) -> Failure:
    return Failure(error.code, error.message, error.action)
