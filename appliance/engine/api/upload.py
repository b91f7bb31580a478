"""A multipart upload, written to disk while it comes in and refused as soon as it breaks a limit."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import threading
from pathlib import Path
from typing import Any, AsyncIterator, Dict, List, Optional

from starlette.requests import ClientDisconnect

from ...errors import EngineUnavailable, SonicError, StorageFull, UploadTooLarge
from .problems import Refused

try:
    from python_multipart.multipart import MultipartParser, parse_options_header
except ImportError:  # Its name before release 0.0.13.
    from multipart.multipart import MultipartParser, parse_options_header  # type: ignore[no-redef]

HEADER_BYTES = 4096
"""Of one part, all lines together."""
FRAME_BYTES = 64 * 1024
"""Boundaries and headers of all parts, and what stands around them."""
FEED_BYTES = 256 * 1024
"""Written in one step, beside the event loop."""

IDLE_SECONDS = 20.0
"""Without a byte, and the upload is over."""
GRACE_SECONDS = 60.0
LEAST_RATE = 16 * 1024
"""Bytes a second that an upload must reach after the grace, on the average."""

# Old releases warn of every single byte behind the last boundary.
logging.getLogger(MultipartParser.__module__).setLevel(logging.CRITICAL)


class Form:
    """The parts of one body: files go to disk as they are, fields are kept as text.

    ``files``: where each file part goes. ``limits``: bytes that each part may have; the parts named here are all there
    may be. Every call may raise `Refused`, `UploadTooLarge`, `StorageFull`. `feed` may run in another thread; `close`
    waits for it.
    """

    def __init__(self, boundary: bytes, files: Dict[str, Path], limits: Dict[str, int]) -> None:
        self.fields: Dict[str, str] = {}
        self._files, self._limits = files, limits
        self._sizes: Dict[str, int] = {}
        self._room = sum(limits.values()) + FRAME_BYTES
        self._lock = threading.Lock()
        self._out: Optional[int] = None
        self._text = b""
        self._part = ""
        self._header_name = self._header_value = b""
        self._disposition = b""
        self._header_bytes = 0
        self._ended = self._closed = False
        self._parser = MultipartParser(boundary, self._callbacks())

    def feed(self, data: bytes) -> None:
        with self._lock:
            self._room -= len(data)
            if self._room < 0:
                raise UploadTooLarge()
            if self._ended or self._closed:
                return
            try:
                self._parser.write(data)
            except FileNotFoundError:
                raise Refused(400, "The upload was wiped.") from None
            except OSError as error:
                if error.errno in (errno.ENOSPC, errno.EDQUOT):
                    raise StorageFull(str(error.strerror)) from error
                raise
            except ValueError:
                raise _malformed() from None

    def finish(self) -> None:
        """After the last byte: is everything there?"""
        if not self._ended:
            raise _malformed()
        for name in self._files:
            if not self._sizes.get(name):
                raise Refused(422, f"The part `{name}` is missing or empty.")

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._close_file()

    def _callbacks(self) -> Any:
        return {
            "on_part_begin": self._part_begins,
            "on_header_field": self._header_field,
            "on_header_value": self._header_content,
            "on_header_end": self._header_ends,
            "on_headers_finished": self._headers_end,
            "on_part_data": self._data,
            "on_part_end": self._part_ends,
            "on_end": self._end,
        }

    def _part_begins(self) -> None:
        self._header_name = self._header_value = self._disposition = b""
        self._header_bytes = 0

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._count_header(end - start)
        self._header_name += data[start:end]

    def _header_content(self, data: bytes, start: int, end: int) -> None:
        self._count_header(end - start)
        self._header_value += data[start:end]

    def _count_header(self, size: int) -> None:
        self._header_bytes += size
        if self._header_bytes > HEADER_BYTES:
            raise _malformed()

    def _header_ends(self) -> None:
        if self._header_name.strip().lower() == b"content-disposition":
            self._disposition = self._header_value
        self._header_name = self._header_value = b""

    def _headers_end(self) -> None:
        kind, parameters = parse_options_header(self._disposition)
        name = parameters.get(b"name", b"").decode("ascii", "replace")
        if kind != b"form-data" or name not in self._limits:
            raise Refused(422, "There is a part that is not known.")
        if name in self._sizes:
            raise Refused(422, f"The part `{name}` is there twice.")
        self._part, self._sizes[name], self._text = name, 0, b""
        if name in self._files:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            self._out = os.open(str(self._files[name]), flags, 0o600)

    def _data(self, data: bytes, start: int, end: int) -> None:
        self._sizes[self._part] += end - start
        if self._sizes[self._part] > self._limits[self._part]:
            raise UploadTooLarge(message=f"The {self._part} is larger than this appliance accepts.")
        if self._out is None:
            self._text += data[start:end]
            return
        rest = memoryview(data)[start:end]
        while rest:
            rest = rest[os.write(self._out, rest) :]

    def _part_ends(self) -> None:
        if self._out is not None:
            self._close_file()
            return
        try:
            self.fields[self._part] = self._text.decode("utf-8")
        except UnicodeDecodeError:
            raise Refused(422, f"The part `{self._part}` is not text.") from None

    def _end(self) -> None:
        self._ended = True

    def _close_file(self) -> None:
        if self._out is not None:
            os.close(self._out)
            self._out = None


async def receive(stream: AsyncIterator[bytes], form: Form, closing: asyncio.Event) -> None:
    """Feed a request's body to the form. Raises what `Form` raises, and `EngineUnavailable` once ``closing`` is set."""
    loop = asyncio.get_event_loop()
    began, received = loop.time(), 0
    waiting: List[bytes] = []
    pending = 0
    async for chunk in _in_time(stream, closing):
        received += len(chunk)
        if loop.time() - began > GRACE_SECONDS + received / LEAST_RATE:
            raise Refused(408)
        waiting.append(chunk)
        pending += len(chunk)
        if pending >= FEED_BYTES:
            await loop.run_in_executor(None, form.feed, b"".join(waiting))
            waiting, pending = [], 0
    await loop.run_in_executor(None, _last, form, b"".join(waiting))


def _last(form: Form, data: bytes) -> None:
    form.feed(data)
    form.finish()


async def _in_time(stream: AsyncIterator[bytes], closing: asyncio.Event) -> AsyncIterator[bytes]:
    stop = asyncio.ensure_future(closing.wait())
    chunk: Optional[asyncio.Future[bytes]] = None
    try:
        while True:
            chunk = asyncio.ensure_future(stream.__anext__())
            await asyncio.wait([chunk, stop], timeout=IDLE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if closing.is_set():
                raise EngineUnavailable()
            if not chunk.done():
                raise Refused(408)
            try:
                yield chunk.result()
            except StopAsyncIteration:
                return
            except ClientDisconnect:
                raise Refused(400, "The connection was lost.") from None
    finally:
        for task in (stop, chunk):
            if task is not None:
                task.cancel()


def boundary_of(content_type: str) -> bytes:
    """What separates the parts of a multipart form. Raises `Refused` where it is none."""
    kind, parameters = parse_options_header(content_type)
    if kind != b"multipart/form-data":
        raise Refused(415)
    boundary = parameters.get(b"boundary", b"")
    if not 1 <= len(boundary) <= 70:  # RFC 2046 §5.1.1
        raise _malformed()
    return boundary


def _malformed() -> SonicError:
    return Refused(400, "The form is damaged or cut off.")
