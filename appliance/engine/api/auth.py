"""The door of the optional TCP listener: a bearer token (RFC 6750), and a limit on requests from one address."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
import secrets
import stat
import time
from collections import OrderedDict
from pathlib import Path
from typing import Any, Callable, Optional, Tuple

from ...errors import SettingsInvalid, TooManyRequests, Unauthorised
from .links import PREFIX
from .problems import problem

TOKEN_BYTES = 32
SALT_BYTES = 16
SCRYPT = {"n": 2**14, "r": 8, "p": 1}
"""16 MB and some 50 ms a try (RFC 7914)."""
SCHEME = "scrypt"

MOST_PEERS = 4096
"""Addresses whose requests are counted; the one heard of longest ago is forgotten first."""


def new_token() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)


def write_token(path: Path, token: str) -> None:
    """Keep the hash of a token in a file for this user alone. Raises `SettingsInvalid`."""
    salt = secrets.token_bytes(SALT_BYTES)
    line = f"{SCHEME}${salt.hex()}${_digest(token, salt).hex()}\n"
    part = path.with_name(f".{path.name}.part-{secrets.token_hex(8)}")
    try:
        handle = os.open(str(part), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(handle, "w", encoding="ascii") as file:
            file.write(line)
            file.flush()
            os.fsync(handle)
        os.replace(str(part), str(path))
    except OSError as error:
        message = f"The token file {path} cannot be written: {error.strerror}."
        raise SettingsInvalid(message=message, action="Check the folder and its permissions.") from error


class TokenCheck:
    """Compares tokens with the hash in a file, in constant time.

    The slow hash is worked out until the right token was seen once; from then on a fast one, under a key that is never
    written down, tells it from others. Raises `SettingsInvalid` for a file that cannot be used or that others may read.
    """

    def __init__(self, path: Path) -> None:
        self._salt, self._expected = _read_token(path)
        self._key = secrets.token_bytes(32)
        self._seen: Optional[bytes] = None

    async def accepts(self, token: str) -> bool:
        fast = hmac.new(self._key, token.encode("utf-8", "surrogateescape"), hashlib.sha256).digest()
        if self._seen is not None:
            return hmac.compare_digest(fast, self._seen)
        loop = asyncio.get_event_loop()
        slow = await loop.run_in_executor(None, _digest, token, self._salt)
        right = hmac.compare_digest(slow, self._expected)
        if right:
            self._seen = fast
        return right


class RateLimit:
    """A bucket of ``per_minute`` requests an address, refilled evenly."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._capacity, self._clock = float(per_minute), clock
        self._buckets: OrderedDict[str, Tuple[float, float]] = OrderedDict()

    def admits(self, address: str) -> bool:
        now = self._clock()
        level, since = self._buckets.pop(address, (self._capacity, now))
        level = min(self._capacity, level + (now - since) * self._capacity / 60)
        admitted = level >= 1
        self._buckets[address] = (level - admitted, now)
        if len(self._buckets) > MOST_PEERS:
            self._buckets.popitem(last=False)
        return admitted


class TokenGate:
    """An ASGI app that lets only holders of the token, or of a link, through to another one."""

    def __init__(self, app: Any, check: TokenCheck, limit: RateLimit) -> None:
        self._app, self._check, self._limit = app, check, limit

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        address = scope["client"][0] if scope.get("client") else ""
        if not self._limit.admits(address):
            await problem(TooManyRequests())(scope, receive, send)
        elif not _is_link(scope) and not await self._check.accepts(_bearer(scope["headers"])):
            await problem(Unauthorised())(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _is_link(scope: Any) -> bool:
    """Its secret is checked where it leads."""
    return str(scope.get("path", "")).startswith(PREFIX) and scope.get("method") == "GET"


def _bearer(headers: Any) -> str:
    values = [value for name, value in headers if name == b"authorization"]
    scheme, _, token = values[0].decode("latin-1").partition(" ") if len(values) == 1 else ("", "", "")
    return token.strip() if scheme.lower() == "bearer" else ""


def _digest(token: str, salt: bytes) -> bytes:
    return hashlib.scrypt(token.encode("utf-8", "surrogateescape"), salt=salt, **SCRYPT)


def _read_token(path: Path) -> Tuple[bytes, bytes]:
    action = "Make a new token with `appliance serve --new-token`."
    try:
        mode = path.stat().st_mode
        scheme, salt, digest = path.read_text(encoding="ascii").strip().split("$")
        if scheme != SCHEME:
            raise ValueError(scheme)
        found = bytes.fromhex(salt), bytes.fromhex(digest)
    except OSError as error:
        raise SettingsInvalid(
            message=f"The token file {path} cannot be read: {error.strerror}.", action=action
        ) from error
    except ValueError:
        raise SettingsInvalid(message=f"The token file {path} is damaged.", action=action) from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SettingsInvalid(message=f"Others may use the token file {path}.", action=f"Run `chmod 600 {path}`.")
    return found
