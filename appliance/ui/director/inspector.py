"""Asks the process `inspection` whether a photo or a recording can be used, and outlives it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Optional, Sequence

from ...engine.job import Failure
from ...errors import PhotoUnreadable, SpeechUnreadable
from ...models import ModelStore
from ...settings import Settings
from .work import failure_of

COMMAND = (sys.executable, "-m", "appliance.ui.director.inspection")
INSPECTION_SECONDS = 60
"""For one file, with the start of the process; a slow board needs several."""


class Inspector:
    """One process, started when it is needed; it should end with the visit, for it has seen the visitor.

    Any thread may call, one at a time may `inspect`.
    """

    def __init__(
        self,
        settings: Settings,
        store: ModelStore,
        seconds: int = INSPECTION_SECONDS,
        command: Sequence[str] = COMMAND,
    ) -> None:
        limits = (str(seconds), str(settings.limits.worker_memory_megabytes))
        self._command = (*command, *limits, str(store.folder), str(store.networks))
        self._seconds, self._longest = seconds, 60 * settings.limits.speech_minutes
        self._process: Optional[_Process] = None
        self._lock = threading.Lock()

    def warm(self) -> None:
        """Have it load its networks while nobody waits for that."""
        with contextlib.suppress(OSError):
            self._current().write("\n")

    def inspect(self, kind: str, path: Path) -> Optional[Failure]:
        """``kind``: "photo" or "speech". What is wrong with it; also that the process died or took too long over it."""
        request = {"kind": kind, "path": str(path), "longest": self._longest}
        killer = threading.Timer(self._seconds, self.end)
        killer.daemon = True
        killer.start()
        try:
            found = json.loads(self._current().ask(json.dumps(request) + "\n"))
            return None if found is None else Failure(**found)
        except (OSError, ValueError, TypeError):
            self.end()
            return failure_of(
                (PhotoUnreadable if kind == "photo" else SpeechUnreadable)("the inspection ended over it")
            )
        finally:
            killer.cancel()

    def end(self) -> None:
        """Whatever it is doing."""
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            process.end()

    def _current(self) -> _Process:
        with self._lock:
            if self._process is not None and self._process.ended:
                self._process.end()
                self._process = None
            if self._process is None:
                self._process = _Process(self._command)
            return self._process


class _Process:
    def __init__(self, command: Sequence[str]) -> None:
        """Raises OSError."""
        self._child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # what decoders say of the files of strangers is not for the log
            universal_newlines=True,
            start_new_session=True,
        )
        self._using = threading.Lock()

    @property
    def ended(self) -> bool:
        return self._child.poll() is not None

    def write(self, text: str) -> None:
        """Raises OSError, ValueError after `end`."""
        assert self._child.stdin is not None
        with self._using:
            self._child.stdin.write(text)
            self._child.stdin.flush()

    def ask(self, text: str) -> str:
        """A line for a line; empty where the process ended over it. Raises as `write`."""
        assert self._child.stdin is not None and self._child.stdout is not None
        with self._using:
            self._child.stdin.write(text)
            self._child.stdin.flush()
            return self._child.stdout.readline()

    def end(self) -> None:
        """With the ffmpeg that it may have started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait()
        assert self._child.stdin is not None and self._child.stdout is not None
        with self._using, contextlib.suppress(OSError):
            self._child.stdout.close()
            self._child.stdin.close()
