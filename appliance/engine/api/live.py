"""Answers whose body comes in pieces, some of them much later, and which free everything however they end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any, AsyncIterator, Callable, Dict, Optional, TypeVar

from fastapi import Response

from ...errors import EngineUnavailable, SonicError

STALL_SECONDS = 300.0
"""A reader that takes nothing for so long is gone."""

T = TypeVar("T")

logger = logging.getLogger("appliance.engine.api")


class LiveResponse(Response):
    """Sends ``pieces`` as they come; ends early when the reader has gone or ``closing`` is set.

    The status goes out with the first piece: what ``pieces`` raises before it becomes an ordinary error. Afterwards an
    error or an early end cuts the connection, so that half a body never looks like a whole one; but an ``open_ended``
    body is whole at any time. ``length``: bytes, where it is known. ``pieces`` is closed and ``on_end`` is called in
    every case.
    """

    def __init__(
        self,
        pieces: AsyncIterator[bytes],
        closing: asyncio.Event,
        media_type: str,
        status_code: int = 200,
        headers: Optional[Dict[str, str]] = None,
        length: Optional[int] = None,
        open_ended: bool = False,
        on_end: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(status_code=status_code, headers=headers, media_type=media_type)
        if length is None:
            del self.headers["content-length"]
        else:
            self.headers["content-length"] = str(length)
        self._pieces, self._closing, self._open_ended, self._on_end = pieces, closing, open_ended, on_end
        self._started = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        pump = asyncio.ensure_future(self._pump(send))
        ends = [asyncio.ensure_future(_disconnected(receive)), asyncio.ensure_future(self._closing.wait())]
        try:
            await asyncio.wait([pump, *ends], return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped = not pump.done()
            for task in (pump, *ends):
                task.cancel()
            await asyncio.wait([pump, *ends])
            await _close(self._pieces)
            self._on_end()
        error = None if stopped else pump.exception()
        if not self._started:
            raise error or EngineUnavailable()  # Nobody hears it, or the engine is stopping.
        if error is not None and not isinstance(error, (SonicError, asyncio.TimeoutError)):
            logger.error("an answer was cut off", exc_info=error)
        if self._open_ended or not (stopped or error):
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _pump(self, send: Any) -> None:
        async for piece in self._pieces:
            if not self._started:
                await self._start(send)
            message = {"type": "http.response.body", "body": piece, "more_body": True}
            await asyncio.wait_for(send(message), STALL_SECONDS)
        if not self._started:
            await self._start(send)

    async def _start(self, send: Any) -> None:
        self._started = True
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})


async def _disconnected(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _close(source: Any) -> None:
    if hasattr(source, "aclose"):
        await source.aclose()


@contextlib.asynccontextmanager
async def closing_iterator(source: AsyncIterator[T]) -> AsyncIterator[AsyncIterator[T]]:
    """`contextlib.aclosing`, which came with CPython 3.10."""
    try:
        yield source
    finally:
        await _close(source)


async def with_pauses(source: AsyncIterator[T], seconds: float) -> AsyncIterator[Optional[T]]:
    """The items of ``source``, and None whenever nothing came for so long."""
    waiting: Optional[asyncio.Future[T]] = None
    try:
        while True:
            if waiting is None:
                waiting = asyncio.ensure_future(source.__anext__())
            done, _ = await asyncio.wait([waiting], timeout=seconds)
            if not done:
                yield None
                continue
            try:
                item = waiting.result()
            except StopAsyncIteration:
                return
            finally:
                waiting = None
            yield item
    finally:
        if waiting is not None:
            waiting.cancel()
            await asyncio.wait([waiting])
        await _close(source)
