"""What the director does while an activity of the flow lasts."""

from __future__ import annotations

import contextlib
import logging
import threading
from abc import ABC, abstractmethod
from typing import Any, Callable, Dict, Iterator, Optional, Type

from ...engine.client import EngineClient
from ...engine.job import Failure
from ...errors import SonicError
from ...faults import told
from ..events import Broken, Event
from ..feeds import Feed
from ..flow import Visit
from ..loop import Loop
from .backroom import Backroom
from .files import VisitFiles
from .parts import Parts

CLOSE_SECONDS = 5.0
"""A thread that takes longer to end is left to itself: it has nobody to speak to."""

log = logging.getLogger(__name__)


class Desk:
    """A work's way to the others, silent as soon as the work is stopped. ``visit``: as it was when the work began."""

    def __init__(
        self,
        parts: Parts,
        loop: Loop,
        files: VisitFiles,
        backroom: Backroom,
        visit: Visit,
        tell: Callable[[Event], None],
        show: Callable[[Feed], None],
    ) -> None:
        self.parts, self.loop, self.files, self.backroom, self.visit = parts, loop, files, backroom, visit
        self._tell, self._show = tell, show
        self._silent = False
        self._newest: Dict[Type[Any], Feed] = {}
        self._lock = threading.Lock()

    def answer(self, event: Event) -> None:
        """Tell the director; from any thread."""
        self.loop.call_soon(lambda: None if self._silent else self._tell(event))

    def feed(self, item: Feed) -> None:
        """Show it; from any thread. Of those of one kind that the loop has no time for, only the newest is shown."""
        with self._lock:
            waiting = type(item) in self._newest
            self._newest[type(item)] = item
        if not waiting:
            self.loop.call_soon(lambda: self._pass_on(type(item)))

    def silence(self) -> None:
        """From the loop's thread: nothing is told any more."""
        self._silent = True

    def _pass_on(self, kind: Type[Any]) -> None:
        with self._lock:
            item = self._newest.pop(kind)
        if not self._silent:
            self._show(item)


class Work(ABC):
    """`start` and `stop` are called once each, in the loop's thread, and return at once."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    @abstractmethod
    def start(self) -> None:
        pass

    def stop(self) -> None:  # noqa: B027 - many have nothing to do
        """Have everything come to its end soon."""

    def close(self) -> None:  # noqa: B027
        """Wait until nothing of it goes on; in the backroom, after `stop`."""


class Errand(Work):
    """A work that is one run through something, in a thread of its own."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.stopped = threading.Event()
        self._thread = threading.Thread(target=self._guarded, name=type(self).__name__.lower(), daemon=True)

    @abstractmethod
    def run(self) -> None:
        """Ends soon after `stopped` is set."""

    @property
    def going_on(self) -> bool:
        return self._thread.is_alive()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.stopped.set()

    def close(self) -> None:
        self._thread.join(CLOSE_SECONDS)

    def _guarded(self) -> None:
        try:
            self.run()
        except Exception as error:
            if not self.stopped.is_set():
                log.error("%s failed\n%s", type(self).__name__, told(error))
                self.desk.answer(Broken(failure_of(error if isinstance(error, SonicError) else SonicError())))


class Conversation(Errand):
    """An errand that speaks with the engine, and is called off in the middle of a word."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._client: Optional[EngineClient] = None

    @contextlib.contextmanager
    def engine(self) -> Iterator[EngineClient]:
        """After `stop` its calls raise `EngineUnavailable`."""
        with self.desk.parts.engine() as client:
            self._client = client
            if self.stopped.is_set():
                client.interrupt()
            yield client

    def stop(self) -> None:
        super().stop()
        if self._client is not None:
            self._client.interrupt()


def failure_of(error: SonicError) -> Failure:
    """What a visitor may know of it."""
    return Failure(error.code, error.message, error.action)
