"""Talking to the service manager: sd_notify(3) and sd_watchdog_enabled(3), as plain datagrams."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from typing import Callable, Mapping, Optional

log = logging.getLogger(__name__)


class Notifier:
    """Says nothing where no service manager listens."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self.watchdog_seconds: Optional[float] = None
        """How long the manager waits for a sign of life; None where it does not."""
        if environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid()):
            microseconds = environment.get("WATCHDOG_USEC", "")
            self.watchdog_seconds = int(microseconds) / 1e6 if microseconds.isdigit() and int(microseconds) else None

    def ready(self, status: str) -> None:
        self._send(f"READY=1\nSTATUS={status}")

    def status(self, status: str) -> None:
        self._send(f"STATUS={status}")

    def alive(self) -> None:
        self._send("WATCHDOG=1")

    def stopping(self) -> None:
        self._send("STOPPING=1\nSTATUS=stopping")

    def extend(self, seconds: float) -> None:
        """Ask for so much more time to start or to stop."""
        self._send(f"EXTEND_TIMEOUT_USEC={int(seconds * 1e6)}")

    def _send(self, message: str) -> None:
        if not self._address:
            return
        try:
            # A manager that is behind with reading must not make us stand still: a later sign of life will reach it.
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as manager:
                manager.sendto(message.encode(), socket.MSG_DONTWAIT, self._address)
        except OSError as error:
            log.warning("the service manager does not listen: %s", error.strerror)


async def keep_alive(notifier: Notifier, is_fresh: Callable[[float], bool]) -> None:
    """Tell the watchdog that all is well, as long as ``is_fresh`` (`Engine.is_fresh`) says so; until cancelled.

    Half of the watchdog's time is for the worker to give a sign of life, the other half for us to pass it on.
    """
    seconds = notifier.watchdog_seconds
    while seconds is not None:
        if is_fresh(seconds / 2):
            notifier.alive()
        await asyncio.sleep(min(1.0, seconds / 8))
