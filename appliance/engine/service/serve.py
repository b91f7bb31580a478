"""The service: the engine and its API in one process, until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import logging
import signal
import socket
from typing import Any, Iterator, List, Optional, Sequence

import uvicorn

from ...settings import Settings
from ..api.app import create_app
from ..api.auth import RateLimit, TokenCheck, TokenGate
from ..api.peers import group_number, guarded_protocol
from ..engine import Engine
from .log import configure_logging
from .notify import Notifier, keep_alive
from .sockets import engine_socket, tcp_socket

STOP_SECONDS = 4.5
"""From the signal to the end of the process there may be 5 s."""
LAST_ANSWERS_SECONDS = 2
"""What is still being answered then is cut."""
STATUS_SECONDS = 2.0
KEEP_ALIVE_SECONDS = 15
"""Longer than our clients keep a connection, so that none of them finds it closed."""

logger = logging.getLogger(__name__)


def serve(settings: Settings, worker_command: Optional[Sequence[str]] = None) -> None:
    """Run the engine until SIGTERM or SIGINT. Raises `SettingsInvalid`, `EngineError` where it cannot start.

    ``worker_command``: see `Engine`.
    """
    faulthandler.enable()
    configure_logging()
    _log_servers()
    asyncio.run(_serve(settings, worker_command))


async def _serve(settings: Settings, worker_command: Optional[Sequence[str]]) -> None:
    group = group_number(settings.engine.group)
    stop, closing = asyncio.Event(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_event_loop().add_signal_handler(number, stop.set)
    notifier = Notifier()
    with contextlib.ExitStack() as sockets:
        local = sockets.enter_context(engine_socket(settings.engine.socket, group))
        engine = Engine(settings, worker_command)
        app = create_app(engine, settings.limits, closing, networked=bool(settings.listen.host))
        servers = [_Server(app, guarded_protocol(group), local)]
        if settings.listen.host:
            check = TokenCheck(settings.listen.token_file)
            gate = TokenGate(app, check, RateLimit(settings.listen.requests_per_minute))
            port = sockets.enter_context(tcp_socket(settings.listen.host, settings.listen.port))
            servers.append(_Server(gate, guarded_protocol(None), port))
        await engine.start()
        running = [asyncio.ensure_future(server.serve_socket()) for server in servers]
        beside: List[asyncio.Future[Any]] = []
        try:
            for server in servers:
                await server.listening.wait()
            notifier.ready(_status(engine))
            beside = [
                asyncio.ensure_future(keep_alive(notifier, engine.is_fresh)),
                asyncio.ensure_future(_tell_status(notifier, engine)),
            ]
            stopped = asyncio.ensure_future(stop.wait())
            await asyncio.wait([stopped, *running], return_when=asyncio.FIRST_COMPLETED)
            stopped.cancel()
        finally:
            notifier.stopping()
            for task in beside:
                task.cancel()
            closing.set()
            for server in servers:
                server.should_exit = True
            await _end([engine.stop(), *running])


async def _end(last: List[Any]) -> None:
    """Wait for what has to end, but not for ever: jobs are safe at any time."""
    tasks = [asyncio.ensure_future(one) for one in last]
    done, late = await asyncio.wait(tasks, timeout=STOP_SECONDS)
    if late:
        logger.error("the engine did not end in time; it is cut off")
    for task in done:
        task.result()


async def _tell_status(notifier: Notifier, engine: Engine) -> None:
    told = ""
    while True:
        status = _status(engine)
        if status != told:
            notifier.status(status)
            told = status
        await asyncio.sleep(STATUS_SECONDS)


def _status(engine: Engine) -> str:
    health = engine.health()
    return f"{health.status}, worker {health.worker}" + (f": {health.message}" if health.message else "")


class _Server(uvicorn.Server):
    """Uvicorn on a socket of ours; signals and logging are our own."""

    def __init__(self, app: Any, protocol: Any, listener: socket.socket) -> None:
        config = uvicorn.Config(
            app, http=protocol, ws="none", lifespan="off", log_config=None, access_log=False, proxy_headers=False,
            server_header=False, date_header=False, timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=LAST_ANSWERS_SECONDS,
        )  # fmt: skip
        super().__init__(config)
        self.listening = asyncio.Event()
        self._listener = listener

    async def serve_socket(self) -> None:
        await self.serve(sockets=[self._listener])

    async def startup(self, sockets: Optional[List[socket.socket]] = None) -> None:
        await super().startup(sockets=sockets)
        self.listening.set()

    def install_signal_handlers(self) -> None:
        """Of releases before 0.29."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _log_servers() -> None:
    """Faults of the servers belong into the same log; what clients send wrong does not."""

    class NotCut(logging.Filter):
        def filter(self, record: logging.LogRecord) -> bool:
            # A stream that cannot be completed is cut on purpose.
            return "without completing response" not in record.getMessage()

    for name in ("uvicorn.error", "asyncio"):
        server = logging.getLogger(name)
        server.handlers = logging.getLogger("appliance").handlers
        server.setLevel(logging.ERROR)
        server.propagate = False
        server.addFilter(NotCut())
