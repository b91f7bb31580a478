"""A terminal in place of the button: space or enter taps it."""

from __future__ import annotations

import os
import select
import sys
import termios
import threading
import tty
from types import TracebackType
from typing import Any, Callable, Optional, Type

KEYS = b" \r\n"


class Keyboard:
    """A context manager; where standard input is no terminal, nothing is ever tapped.

    ``tapped`` is called in a thread of its own.
    """

    def __init__(self, tapped: Callable[[], None], source: Optional[int] = None) -> None:
        """``source``: descriptor of the terminal; default: standard input."""
        self._tapped = tapped
        self._source = _standard_input() if source is None else source
        self.there = self._source >= 0 and os.isatty(self._source)
        self._stop, self._stopped = os.pipe2(os.O_CLOEXEC)
        self._thread = threading.Thread(target=self._run, name="keyboard", daemon=True)

    def __enter__(self) -> Keyboard:
        if self.there:
            self._before = termios.tcgetattr(self._source)
            tty.setcbreak(self._source, termios.TCSANOW)  # Ctrl-C still ends the program
            self._thread.start()
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Any, trace: Optional[TracebackType]) -> None:
        os.close(self._stopped)
        if self.there:
            self._thread.join()
            termios.tcsetattr(self._source, termios.TCSANOW, self._before)
        os.close(self._stop)

    def _run(self) -> None:
        while True:
            ready, _, _ = select.select([self._source, self._stop], [], [])
            if self._stop in ready:
                return
            try:
                typed = os.read(self._source, 64)
            except OSError:
                return  # the terminal was hung up
            if not typed:
                return
            if any(key in KEYS for key in typed):
                self._tapped()


def _standard_input() -> int:
    try:
        return sys.stdin.fileno()
    except (AttributeError, OSError, ValueError):
        return -1
