"""What the engine keeps in writing: the store of jobs, the guard of their space, the audit trail; in one thread."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Callable, List

from ...errors import EngineUnavailable, OutputError, SonicError
from ...settings import Settings
from .audit import AuditTrail
from .folders import Folders
from .guard import Guard, Removal
from .recovery import recover
from .store import Store

log = logging.getLogger(__name__)


class Records:
    """``store``, ``guard`` and ``audit`` are there after `open`, and only for use through `call`."""

    store: Store
    guard: Guard
    audit: AuditTrail

    def __init__(self, settings: Settings) -> None:
        self.folders = Folders(settings.engine.state)
        self._settings = settings
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="records")

    async def open(self) -> List[Removal]:
        """See `recover`. Raises `OutputError` where the state folder cannot be used, and what `Store` raises."""
        removals: List[Removal] = await self.call(self._open)
        return removals

    async def close(self) -> None:
        await self.call(self.store.close)
        self._thread.shutdown()

    async def call(self, call: Callable[..., Any], *values: Any) -> Any:
        """Call it in the records' thread. Raises `EngineUnavailable` after `close`."""
        try:
            running = asyncio.get_event_loop().run_in_executor(self._thread, call, *values)
        except RuntimeError as error:
            raise EngineUnavailable(str(error)) from error
        return await running

    async def note(self, event: str, **facts: Any) -> None:
        """A line in the audit trail. Where it cannot be written, what it tells of has happened all the same."""
        try:
            await self.call(partial(self.audit.append, event, **facts))
        except SonicError as error:
            log.error("the audit trail cannot be written: %s", error.detail)

    def _open(self) -> List[Removal]:
        try:
            self.folders.create()
        except OSError as error:
            raise OutputError(str(error), message="The state folder of the engine cannot be used.") from error
        self.audit = AuditTrail(self.folders.audit)
        self.store = Store(self.folders.database)
        self.guard = Guard(self._settings, self.folders, self.store)
        return recover(self.folders, self.store)
