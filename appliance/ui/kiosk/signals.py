"""Signals while Qt waits: Python's own handlers run only when its interpreter does, which may be never."""

from __future__ import annotations

import signal
import socket
from typing import Callable

from PyQt5.QtCore import QObject, QSocketNotifier

ENDING = (signal.SIGTERM, signal.SIGINT)


class EndSignals(QObject):
    """Calls ``end`` in Qt's loop when the process is asked to end, also in the loop of a dialogue. Until `close`."""

    def __init__(self, end: Callable[[], None]) -> None:
        super().__init__()
        self._end = end
        self._reader, self._writer = socket.socketpair()
        for side in (self._reader, self._writer):
            side.setblocking(False)
        self._notifier = QSocketNotifier(self._reader.fileno(), QSocketNotifier.Read, self)
        self._notifier.activated.connect(self._arrived)
        self._former_fd = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        # A signal without a Python handler would not wake anybody.
        self._former = {number: signal.signal(number, lambda *_: None) for number in ENDING}

    def close(self) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._former_fd)
        self._notifier.setEnabled(False)
        self._reader.close()
        self._writer.close()

    def _arrived(self, *_: object) -> None:
        try:
            numbers = self._reader.recv(4096)
        except BlockingIOError:
            return
        if any(number in ENDING for number in numbers):
            self._end()
