"""Links to one video each, for phones in the local network: whoever has one needs no token, for a while."""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from typing import Callable, Tuple

from ...errors import JobNotFound

PREFIX = "/v1/shared/"
LINK_SECONDS = 900.0
MOST_LINKS = 64
"""The oldest ends when there are more."""
SECRET = "^[A-Za-z0-9_-]{22}$"
"""16 random bytes in base64url (RFC 4648)."""


class Links:
    """Kept in memory alone: a restart ends them all, which harms nobody."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._links: OrderedDict[str, Tuple[str, float]] = OrderedDict()

    def make(self, job_id: str) -> str:
        """The secret part of a new link."""
        secret = secrets.token_urlsafe(16)
        self._links[secret] = (job_id, self._clock() + LINK_SECONDS)
        if len(self._links) > MOST_LINKS:
            self._links.popitem(last=False)
        return secret

    def job_of(self, secret: str) -> str:
        """Raises `JobNotFound` for one that never was or is over."""
        job_id, end = self._links.get(secret, ("", 0.0))
        if not job_id or self._clock() >= end:
            raise JobNotFound(message="This link is over.", action="Ask for a new one at the appliance.")
        return job_id
