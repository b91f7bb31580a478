"""A lecture heard for its chapters, beside everything else."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Callable, List, Optional

from ...models import ModelStore

COMMAND = (sys.executable, "-m", "appliance.ui.classroom.hearing_process")
STOP_SECONDS = 1.0

log = logging.getLogger(__name__)


class Hearing:
    """Tells all chapters found so far whenever there is a new one, in a thread of its own; a process does the work."""

    def __init__(self, path: Path, folder: Path, store: ModelStore, found: Callable[[List[float]], None]) -> None:
        """``folder``: of private files. ``found``: told starts in seconds; not after `stop`."""
        self._command = [*COMMAND, *map(str, (path, folder, store.folder, store.networks))]
        self._found = found
        self._lock = threading.Lock()
        self._stopped = False
        self._process: Optional[subprocess.Popen[bytes]] = None
        self._thread = threading.Thread(target=self._run, name="chapters", daemon=True)
        self._thread.start()

    def stop(self, wait: bool = True) -> None:
        """Within 1 s no process is left. Harmless afterwards and twice."""
        with self._lock:
            self._stopped = True
            if self._process is not None and self._process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._process.pid, signal.SIGKILL)  # with its decoder
        if wait and threading.current_thread() is not self._thread:
            self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        with self._lock:
            if self._stopped:
                return
            try:
                process = self._process = self._begun()
            except OSError as error:
                log.warning("a lecture has no chapters: %s", error.strerror)
                return
        with process:
            assert process.stdout is not None
            for line in process.stdout:
                self._tell(line)
        if process.returncode and not self._stopped:
            log.warning("a lecture has no chapters, or not all: status %d", process.returncode)

    def _begun(self) -> subprocess.Popen[bytes]:
        """Its standard input is the sign that we are alive."""
        return subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )

    def _tell(self, line: bytes) -> None:
        try:
            starts = [float(start) for start in json.loads(line)]
        except (ValueError, TypeError):
            return  # cut off with the program
        if not self._stopped:
            self._found(starts)
