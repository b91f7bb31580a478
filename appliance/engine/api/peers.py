"""Who may speak to the engine over its Unix socket: its own user, root, and the members of one group.

The mode of the socket says the same; but it can be got wrong, and this cannot.
"""

from __future__ import annotations

import grp
import os
import socket
import struct
from dataclasses import dataclass
from typing import Any, FrozenSet, Optional, Tuple

from uvicorn.protocols.http.h11_impl import H11Protocol

from ...errors import SettingsInvalid, Unauthorised
from .problems import problem

HEAD_SECONDS = 20.0
"""For a request line and its headers to arrive."""
DRAIN_SECONDS = 20.0
"""A request that was answered before its end may still be sent so long; meanwhile its sender can hear the answer."""

SO_PEERGROUPS = 59  # asm-generic/socket.h, Linux 4.13


@dataclass(frozen=True)
class Peer:
    """The user and groups of a process at the time it connected."""

    uid: int
    groups: FrozenSet[int]


def peer_of(connection: socket.socket) -> Peer:
    """Who is at the other end of a connected Unix socket, as the kernel knows it."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, uid, gid = struct.unpack("3i", credentials)
    return Peer(uid, frozenset((gid, *_further_groups(connection))))


def _further_groups(connection: socket.socket) -> Tuple[int, ...]:
    try:
        raw = connection.getsockopt(socket.SOL_SOCKET, SO_PEERGROUPS, 4 * 256)
    except OSError:
        return ()  # An older kernel, or a user of more groups than that: the first group alone counts.
    return struct.unpack(f"{len(raw) // 4}I", raw)


def group_number(name: str) -> Optional[int]:
    """None for no name. Raises `SettingsInvalid` for a group that does not exist."""
    if not name:
        return None
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        message = f"engine.group names the group {name}, which does not exist."
        raise SettingsInvalid(message=message, action="Create it, or correct the settings.") from None


def may_speak(peer: Peer, group: Optional[int]) -> bool:
    return peer.uid in (0, os.geteuid()) or (group is not None and group in peer.groups)


def guarded_protocol(group: Optional[int]) -> Any:
    """Uvicorn's HTTP protocol for peers of our own, and with limits on how slow a request may be."""

    class GuardedProtocol(H11Protocol):
        """One connection."""

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            connection = transport.get_extra_info("socket")
            if connection.family == socket.AF_UNIX and not may_speak(peer_of(connection), group):
                self.app = _refuse
            self._patience: Any = None
            self._wait_for_head()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._wait_for_head()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            self._wait_for_head()

        def connection_lost(self, exc: Any) -> None:
            super().connection_lost(exc)
            if self._patience is not None:
                self._patience.cancel()

        def _wait_for_head(self) -> None:
            """Start the clock where the next step is the peer's, and stop it where it is ours."""
            answered = self.cycle is None or self.cycle.response_complete
            if not answered and self._patience is not None:
                self._patience.cancel()
                self._patience = None
            if answered and self._patience is None:
                seconds = HEAD_SECONDS if self.cycle is None else DRAIN_SECONDS
                self._patience = self.loop.call_later(seconds, self.transport.close)

    return GuardedProtocol


async def _refuse(scope: Any, receive: Any, send: Any) -> None:
    error = Unauthorised(
        message="Your user may not speak to the engine.",
        action="Ask whoever runs this appliance to put you into the group that may.",
    )
    await problem(error, 403)(scope, receive, send)
