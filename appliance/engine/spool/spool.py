"""The loop: looks at the folder, sends out errands, waits."""

from __future__ import annotations

import contextlib
import logging
import math
import threading
import time
from pathlib import Path
from typing import Callable, Dict, List, Optional

from ...errors import OutputError, SonicError
from ..client import EngineClient
from ..service.notify import Notifier
from . import landing
from .errand import Errand, Outcome, SpoolOptions
from .inputs import Stillness, Task, find_tasks
from .records import Records
from .watch import FolderWatch

log = logging.getLogger(__name__)

AT_ONCE = 4
"""Jobs in the engine at the same time: it never waits for the next, and others' jobs get their turn."""

LOOK_AGAIN_S = 30.0
"""How often the folder is looked at though nothing seemed to happen."""
LOOK_SOON_S = 0.5
"""And while something is under way."""

LEAVE_S = 1.0
"""How long the end of the process waits for errands to leave by themselves."""

RETURN_S = 5.0
"""How often to see whether a folder that went away is back."""

FIRST_DELAY_S = 1.0
LONGEST_DELAY_S = 60.0


def watch_folder(folder: Path, connect: Callable[[], EngineClient], options: SpoolOptions, notifier: Notifier) -> None:
    """Serve a folder until interrupted. Should it go away, by a stick pulled out, its return is waited for.

    Raises what `Records` raises if it cannot be served to begin with.
    """
    longest_wait = min(LOOK_AGAIN_S, (notifier.watchdog_seconds or math.inf) / 2)
    began = False
    lost: Optional[Exception] = None
    while True:
        try:
            with contextlib.closing(Spool(folder, connect, options)) as spool:
                if not began:
                    notifier.ready("watching")
                log.info("Watching the folder.")
                began, lost = True, None
                spool.run(notifier, longest_wait)
        except (OutputError, OSError) as error:
            if not began:
                raise
            if lost is None:
                log.warning("Waiting for the folder: %s", _trouble(error))
            lost = error
            notifier.alive()
            notifier.status("the folder is away")
            time.sleep(min(RETURN_S, longest_wait))


class Spool:
    """One watched folder. Being killed at any moment loses nothing. What is logged names no file."""

    def __init__(self, folder: Path, connect: Callable[[], EngineClient], options: SpoolOptions) -> None:
        """``connect``: a new client of the engine, for one thread. Raises what `Records` raises."""
        self._folder, self._connect, self._options = folder, connect, options
        self._records = Records(folder)
        self._running: Dict[str, _Running] = {}
        self._tried: Dict[str, float] = {}
        self._delay = _Delay()
        self._stillness = Stillness()
        self._waiting = 0
        self.made = 0
        self.refused = 0

    def close(self) -> None:
        """End within `LEAVE_S`; what is under way goes on at the next start."""
        for running in self._running.values():
            running.errand.leave()
        deadline = time.monotonic() + LEAVE_S
        for running in self._running.values():
            running.thread.join(max(deadline - time.monotonic(), 0.0))
        self._records.close()

    def run(self, notifier: Notifier, longest_wait: float) -> None:
        """Serve the folder. ``longest_wait``: s between two signs of life. Raises `OutputError` when it is gone."""
        with FolderWatch(self._folder) as watch:
            while True:
                self.look()
                notifier.alive()
                notifier.status(f"{self._waiting} waiting, {len(self._running)} in the engine, {self.made} made")
                busy = self._waiting or self._running
                watch.wait(min(LOOK_SOON_S if busy else LOOK_AGAIN_S, longest_wait))

    def look(self) -> None:
        """One look at the folder and what follows from it; does not wait for anything."""
        now = time.monotonic()
        self._reap(now)
        if not self._records.in_place():
            raise OutputError(message="The spool folder is gone.", action="Bring it back; nothing is lost.")
        tasks = find_tasks(self._folder)
        names = {task.name for task in tasks}
        for name, running in self._running.items():
            if all(task.name != name or task.signature != running.errand.task.signature for task in tasks):
                running.errand.withdraw()
        self._stillness.keep(tasks)
        todo = [task for task in tasks if not self._at_rest(task)] + self._left_behind(names)
        self._tried = {name: when for name, when in self._tried.items() if name in names}
        self._waiting = sum(1 for task in todo if task.name not in self._running)
        # What was tried longest ago comes first, so that nothing hopeless keeps the others waiting.
        for task in sorted(todo, key=lambda task: self._tried.get(task.name, 0.0)):
            if len(self._running) >= AT_ONCE or now < self._delay.until:
                break
            if task.name not in self._running and self._ready(task, now):
                self._tried[task.name] = now
                errand = Errand(task, self._folder, self._records, self._options)
                self._running[task.name] = _Running(errand, self._connect)

    def _ready(self, task: Task, now: float) -> bool:
        return not task.files or self._stillness.reached(task, self._folder, now)

    def _at_rest(self, task: Task) -> bool:
        """Whether there is nothing to be done, as far as can be told without reading any file."""
        record = self._records.get(task.name)
        if record.signature != task.signature or record.job is not None or task.name in self._running:
            return False
        if record.failed:
            return landing.error_path(self._folder, task.name).is_file()
        made = record.video_content is not None and record.video_content == record.content
        kept = self._options.keep_inputs or record.kept
        return made and kept and landing.video_path(self._folder, task.name).is_file()

    def _left_behind(self, names: set) -> List[Task]:
        """Errands whose inputs are gone while their job still is in the engine; forgets what is of no use any more."""
        found = []
        for record in self._records.all():
            if record.name in names or record.name in self._running:
                continue
            if record.job is not None or record.spent:
                found.append(Task(record.name, (), (), False))
            elif not landing.video_path(self._folder, record.name).exists():
                self._records.forget(record.name)
        return found

    def _reap(self, now: float) -> None:
        for name, running in list(self._running.items()):
            if running.thread.is_alive():
                continue
            del self._running[name]
            if isinstance(running.error, (SonicError, OSError)):
                self._delay.begin(running.error, now)
                continue
            if running.error is not None:
                raise running.error
            self._delay.end()
            self.made += running.outcome is Outcome.MADE
            self.refused += running.outcome is Outcome.REFUSED
            if running.outcome is not Outcome.AGAIN:
                log.info("%d videos made, %d refused since the start", self.made, self.refused)


class _Running:
    """An errand in its thread."""

    def __init__(self, errand: Errand, connect: Callable[[], EngineClient]) -> None:
        self.errand = errand
        self.outcome: Optional[Outcome] = None
        self.error: Optional[Exception] = None
        self._connect = connect
        # A daemon: the process must be able to end in the middle of a long upload.
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            with self._connect() as engine:
                self.outcome = self.errand.run(engine)
        except Exception as error:
            self.error = error


class _Delay:
    """After trouble that is not the inputs' fault: waits that grow, and one line instead of many."""

    def __init__(self) -> None:
        self.until = 0.0
        self._next = FIRST_DELAY_S
        self._said = ""

    def begin(self, error: Exception, now: float) -> None:
        if now < self.until:
            return  # several met with the same trouble
        self.until = now + self._next
        self._next = min(2 * self._next, LONGEST_DELAY_S)
        trouble = _trouble(error)
        if trouble != self._said:
            self._said = trouble
            log.warning("Waiting; nothing is lost. %s", trouble)

    def end(self) -> None:
        self.until, self._next = 0.0, FIRST_DELAY_S
        if self._said:
            self._said = ""
            log.info("Going on.")


def _trouble(error: Exception) -> str:
    """In words without the names of files."""
    return error.message if isinstance(error, SonicError) else str(getattr(error, "strerror", error))
