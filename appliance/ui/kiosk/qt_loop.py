"""The front end's loop on Qt's."""

from __future__ import annotations

import contextlib
from typing import Callable, Optional, Set

from PyQt5.QtCore import QObject, Qt, QTimer, pyqtSignal

from ..loop import Loop, Timer


class QtLoop(Loop):
    """Lives in the thread that makes it, which is Qt's main thread."""

    def __init__(self) -> None:
        self._post = _Post()

    def call_soon(self, call: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):  # Qt has ended and taken the object with it
            self._post.letter.emit(call)

    def call_later(self, seconds: float, call: Callable[[], None]) -> Timer:
        return _QtTimer(self._post, seconds, call)


class _Post(QObject):
    """A queued signal is the one thing that may be sent to Qt from a foreign thread."""

    letter = pyqtSignal(object)

    def __init__(self) -> None:
        super().__init__()
        self.timers: Set[Timer] = set()
        """Those that wait; nobody else need keep them."""
        self.letter.connect(self._deliver, Qt.QueuedConnection)

    def _deliver(self, call: Callable[[], None]) -> None:
        call()


class _QtTimer(Timer):
    def __init__(self, post: _Post, seconds: float, call: Callable[[], None]) -> None:
        self._call = call
        self._post = post
        self._timer: Optional[QTimer] = QTimer(post)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._fire)
        self._timer.start(max(0, round(1000 * seconds)))
        post.timers.add(self)

    def cancel(self) -> None:
        if self._timer is not None:
            with contextlib.suppress(RuntimeError):
                self._timer.stop()
                self._timer.deleteLater()
            self._timer = None
            self._post.timers.discard(self)

    def _fire(self) -> None:
        self.cancel()
        self._call()
