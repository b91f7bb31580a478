"""Which jobs of visitors the engine may still hold: remembered until they are deleted, through restarts of both."""

from __future__ import annotations

import json
import logging
import threading
import time
from pathlib import Path
from typing import Any, Callable, Dict, Optional

from ...engine.client import EngineClient
from ...errors import EngineUnavailable, JobNotFound, SonicError
from ...files import write_atomically

UNHEARD_SECONDS = 60.0
"""So long after a connection was cut the engine may still accept the job, for it may have all of it."""

log = logging.getLogger(__name__)


class Ledger:
    """Key → number of every job that was put in and is not known to be gone. Every method from any thread.

    What the file holds when the program starts is of visits that are over, and is deleted unless `keep` is said.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path, self._clock = path, clock
        self._lock = threading.Lock()
        found = _read(path)
        self._jobs: Dict[str, Optional[str]] = found["jobs"]
        self._everything: bool = found["everything"]
        """All jobs are to be deleted, whoever put them in."""
        self._unwanted: Dict[str, Optional[float]] = dict.fromkeys(self._jobs)
        """Key → since when the engine has said that it knows no such job; None where it has not."""

    @property
    def settled(self) -> bool:
        """Whether nothing is to be deleted."""
        return not self._unwanted and not self._everything

    def enter(self, key: str, job: Optional[str] = None) -> None:
        """Before the job is put in, and again when its number is known. Raises OSError."""
        with self._lock:
            self._jobs[key] = job
            self._write()

    def keep(self, key: str) -> None:
        """This one's visit goes on."""
        with self._lock:
            self._unwanted.pop(key, None)

    def drop(self, key: str) -> None:
        """It is to be deleted. What `enter` has written is enough to remember that by."""
        with self._lock:
            self._jobs.setdefault(key, None)
            self._unwanted[key] = None

    def release(self, key: str) -> None:
        """It stays with the engine. Raises OSError."""
        with self._lock:
            self._forget(key)

    def drop_everything(self) -> None:
        """All jobs of the engine. Raises OSError."""
        with self._lock:
            self._everything = True
            self._write()

    def settle(self, client: EngineClient) -> None:
        """Delete what is to be deleted, as far as the engine can be reached. Raises OSError."""
        with self._lock:
            everything, due = self._everything, {key: self._jobs.get(key) for key in self._unwanted}
        try:
            if everything:
                client.wipe()
                with self._lock:
                    self._everything = False
                    self._write()
            for key, job in due.items():
                if self._is_gone(client, key, job):
                    with self._lock:
                        self._forget(key)
        except EngineUnavailable:
            pass  # it is asked again
        except SonicError as error:
            log.error("a job could not be deleted: %s %s", error.code, error.detail)

    def _is_gone(self, client: EngineClient, key: str, job: Optional[str]) -> bool:
        if job is None:
            found = client.find(key)
            if found is None:
                return self._unheard_long_enough(key)
            job = found.job.id
        try:
            client.delete(job)
        except JobNotFound:
            pass
        return True

    def _unheard_long_enough(self, key: str) -> bool:
        now = self._clock()
        with self._lock:
            since = self._unwanted.get(key)
            if since is None:
                self._unwanted[key] = since = now
        return now - since >= UNHEARD_SECONDS

    def _forget(self, key: str) -> None:
        self._unwanted.pop(key, None)
        if key in self._jobs:
            del self._jobs[key]
            self._write()

    def _write(self) -> None:
        content = {"jobs": self._jobs, "everything": self._everything}
        write_atomically(self._path, json.dumps(content).encode(), mode=0o600)


def _read(path: Path) -> Dict[str, Any]:
    try:
        found = json.loads(path.read_text())
        jobs = {str(key): job if isinstance(job, str) else None for key, job in found["jobs"].items()}
        return {"jobs": jobs, "everything": bool(found["everything"])}
    except FileNotFoundError:
        pass
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        log.error("the list of jobs to be deleted cannot be read: %s", type(error).__name__)
    return {"jobs": {}, "everything": False}
