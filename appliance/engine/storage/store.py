"""The jobs, in one SQLite file that survives kill -9 and power cuts.

Every change is one transaction: when a method has returned, the change is on the disk. A database that is damaged or
gone costs no finished video: see `rebuild`.

The SQL stays within SQLite 3.22, the one of Ubuntu 18.04.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import sqlite3
import time
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

from ...errors import EngineError, EngineUnavailable, IdempotencyConflict, JobNotFound, StorageFull
from ..job import Failure, Job, Priority, State
from .clock import Reading, elapsed, read_clock
from .rebuild import Found, found_jobs, move_aside
from .spare import Spare

log = logging.getLogger(__name__)

VERSION = 1
BUSY_SECONDS = 10.0

_VERSION_1 = """
CREATE TABLE jobs (
    sequence    INTEGER PRIMARY KEY AUTOINCREMENT,
    id          TEXT NOT NULL UNIQUE,
    priority    INTEGER NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed')),
    created     REAL NOT NULL,
    started     REAL,
    finished    REAL,
    lived       REAL,
    options     TEXT NOT NULL,
    consent     INTEGER NOT NULL,
    frames      INTEGER,
    frames_done INTEGER NOT NULL DEFAULT 0,
    segments    INTEGER NOT NULL DEFAULT 0,
    crashes     INTEGER NOT NULL DEFAULT 0,
    reserved    INTEGER NOT NULL DEFAULT 0,
    failure     TEXT,
    result      TEXT
);
CREATE INDEX queue ON jobs (state, priority, sequence);
CREATE TABLE keys (
    key         TEXT PRIMARY KEY,
    job         TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    fingerprint TEXT NOT NULL
);
CREATE INDEX keys_of_job ON keys (job);
CREATE TABLE clock (
    one         INTEGER PRIMARY KEY CHECK (one = 1),
    lived       REAL NOT NULL,
    wall        REAL NOT NULL,
    steady      REAL NOT NULL,
    boot        TEXT NOT NULL
);
"""
"""`jobs.lived`: reading of the clock of `clock` when the job was finished."""

_MIGRATIONS = (_VERSION_1,)
"""Entry n brings a database of version n to n + 1."""

_COLUMNS = (
    "id, sequence, priority, state, created, options, consent, started, finished, frames, frames_done, segments, "
    "crashes, reserved, failure, result"
)


class Store:
    """Jobs and idempotency keys. For one thread at a time.

    ``path``: the database, made with the job folders beside it in mind (`Folders`). ``clock`` is for tests.
    Raises `StorageFull` when the disk takes no more, `EngineUnavailable` after `close`, and `EngineError` where the
    file cannot be used at all.
    """

    def __init__(self, path: Path, clock: Callable[[], Reading] = read_clock) -> None:
        self._path = Path(path)
        self._clock = clock
        self._spare = Spare(self._path.with_name("spare"))
        self._spare.settle()
        try:
            self._database = _open(self._path)
        except sqlite3.DatabaseError as error:
            if not _damaged(error):
                raise _refusal(error) from error
            aside = move_aside(self._path)
            log.error("the database of the jobs is damaged (%s) and now lies in %s", error, aside.name)
            self._database = _open(self._path)
        self._migrate()

    def close(self) -> None:
        self._database.close()

    # --- new jobs -----------------------------------------------------------------------------------------------------

    def add(
        self,
        job_id: str,
        priority: Priority,
        options: Dict[str, Any],
        consent: bool,
        reserved: int,
        key: Optional[str],
        fingerprint: str,
    ) -> Tuple[Job, bool]:
        """Put a job into the queue; True with it.

        Where the idempotency key is known, nothing is added: the job it belongs to, and False. Raises
        `IdempotencyConflict` if that job's fingerprint differs.
        """
        with self._transaction():
            known = self._find(key) if key is not None else None
            if known is not None:
                if known[1] != fingerprint:
                    raise IdempotencyConflict(f"job {known[0].id}")
                return known[0], False
            self._database.execute(
                "INSERT INTO jobs (id, priority, state, created, options, consent, reserved) "
                "VALUES (?, ?, 'queued', ?, ?, ?, ?)",
                (job_id, int(priority), time.time(), _dumps(options), int(consent), reserved),
            )
            if key is not None:
                self._database.execute("INSERT INTO keys VALUES (?, ?, ?)", (_hashed(key), job_id, fingerprint))
            return self._get(job_id), True

    def find_key(self, key: str) -> Optional[Tuple[Job, str]]:
        """The job of an idempotency key, with its fingerprint. A key is known as long as its job."""
        with self._reading():
            return self._find(key)

    # --- questions ----------------------------------------------------------------------------------------------------

    def get(self, job_id: str) -> Job:
        """Raises `JobNotFound`."""
        with self._reading():
            return self._get(job_id)

    def list(self, state: Optional[State] = None, limit: int = 100, before: Optional[int] = None) -> List[Job]:
        """Newest first; ``before``: only those of a smaller sequence number, for the next page."""
        conditions, values = ["1"], []  # type: List[str], List[Any]
        if state is not None:
            conditions.append("state = ?")
            values.append(state.value)
        if before is not None:
            conditions.append("sequence < ?")
            values.append(before)
        return self._jobs(f"WHERE {' AND '.join(conditions)} ORDER BY sequence DESC LIMIT ?", *values, limit)

    def next(self) -> Optional[Job]:
        """The queued job that is to be made first."""
        jobs = self._jobs("WHERE state = 'queued' ORDER BY priority, sequence LIMIT 1")
        return jobs[0] if jobs else None

    def position(self, job_id: str) -> int:
        """How many jobs are served before a waiting one; 0 for any other job. Raises `JobNotFound`."""
        job = self.get(job_id)
        if job.state is not State.QUEUED:
            return 0
        return self._number(
            "SELECT count(*) FROM jobs WHERE state IN ('queued', 'running') "
            "AND (priority < ? OR (priority = ? AND (sequence < ? OR state = 'running')))",
            int(job.priority), int(job.priority), job.sequence,
        )  # fmt: skip

    def counts(self) -> Dict[State, int]:
        """How many jobs are in each state."""
        with self._reading():
            rows = dict(self._database.execute("SELECT state, count(*) FROM jobs GROUP BY state").fetchall())
        return {state: rows.get(state.value, 0) for state in State}

    def queue_by_priority(self) -> Dict[Priority, int]:
        """How many jobs of each priority wait."""
        query = "SELECT priority, count(*) FROM jobs WHERE state = 'queued' GROUP BY priority"
        with self._reading():
            rows = dict(self._database.execute(query).fetchall())
        return {priority: rows.get(int(priority), 0) for priority in Priority}

    def reserved(self) -> int:
        """Bytes of disk promised to queued and running jobs."""
        return self._number("SELECT coalesce(sum(reserved), 0) FROM jobs WHERE state IN ('queued', 'running')")

    def finished(self) -> List[Tuple[Job, float]]:
        """Done and failed jobs, the one finished first in front, each with the seconds since then that count."""
        self._spare.settle()
        with self._transaction():
            lived = self._tick()
            rows = self._database.execute(
                f"SELECT {_COLUMNS}, lived FROM jobs WHERE state IN ('done', 'failed') ORDER BY lived, sequence"
            ).fetchall()
        return [(_job(row[:-1]), lived - row[-1]) for row in rows]

    # --- the life of a job --------------------------------------------------------------------------------------------

    def started(self, job_id: str) -> None:
        """Queued → running."""
        self._change(job_id, State.QUEUED, "state = 'running', started = coalesce(started, ?)", time.time())

    def segment(self, job_id: str, segments: int, frames_done: int, frames: Optional[int], reserved: int) -> None:
        """So many segments are finished. A new one shows that the job gets on: its crashes are forgiven."""
        self._change(
            job_id,
            State.RUNNING,
            "crashes = CASE WHEN segments < ? THEN 0 ELSE crashes END, "
            "segments = ?, frames_done = ?, frames = ?, reserved = ?",
            segments, segments, frames_done, frames, reserved,
        )  # fmt: skip

    def stopped(self, job_id: str) -> None:
        """Running → queued, at its old place."""
        self._change(job_id, State.RUNNING, "state = 'queued'")

    def crashed(self, job_id: str) -> Job:
        """The worker died at it: running → queued, with one crash more."""
        self._change(job_id, State.RUNNING, "state = 'queued', crashes = crashes + 1")
        return self.get(job_id)

    def done(self, job_id: str, result: Dict[str, Any]) -> None:
        """Running → done."""
        self._finish(job_id, (State.RUNNING,), State.DONE, "result", _dumps(result))

    def failed(self, job_id: str, failure: Failure) -> None:
        """Queued or running → failed."""
        self._finish(job_id, (State.QUEUED, State.RUNNING), State.FAILED, "failure", _dumps(vars(failure)))

    def delete(self, job_id: str) -> None:
        """Forget a job and its idempotency keys. Raises `JobNotFound`."""
        with self._transaction():
            if self._database.execute("DELETE FROM jobs WHERE id = ?", (job_id,)).rowcount == 0:
                raise JobNotFound(job_id)

    def recover(self) -> List[Job]:
        """At start: what was running when the last engine ended is queued again, at its old place. These jobs."""
        with self._transaction():
            ids = [row[0] for row in self._database.execute("SELECT id FROM jobs WHERE state = 'running'")]
            self._database.execute("UPDATE jobs SET state = 'queued' WHERE state = 'running'")
            return [self._get(job_id) for job_id in ids]

    # --- inside -------------------------------------------------------------------------------------------------------

    def _migrate(self) -> None:
        if self._number("PRAGMA user_version") == VERSION:
            return  # without a write, for which there may be no space
        with self._transaction():
            version = self._number("PRAGMA user_version")
            if version > VERSION:
                raise EngineError(
                    f"database version {version}, this program's {VERSION}",
                    message="The jobs were written by a newer version of the appliance.",
                    action="Install that version again; the jobs are untouched.",
                )
            for script in _MIGRATIONS[version:]:
                for statement in script.split(";"):
                    self._database.execute(statement)
            self._database.execute(f"PRAGMA user_version = {VERSION}")
            if version == 0:
                self._adopt(found_jobs(self._path))

    def _adopt(self, found: List[Found]) -> None:
        """Jobs whose folders outlived their database. Their age starts anew."""
        lived = self._tick()
        for item in found:
            state = State.FAILED if item.failure else State.DONE
            failure = _dumps(vars(item.failure)) if item.failure else None
            self._database.execute(
                "INSERT INTO jobs (id, priority, state, created, finished, lived, options, consent, failure) "
                "VALUES (?, ?, ?, ?, ?, ?, '{}', 0, ?)",
                (item.job_id, int(Priority.NORMAL), state.value, item.modified, item.modified, lived, failure),
            )
        if found:
            log.warning("%d jobs were found without a database and taken in", len(found))

    def _tick(self) -> float:
        """Move the clock forward to now; its reading in seconds."""
        now = self._clock()
        row = self._database.execute("SELECT lived, wall, steady, boot FROM clock").fetchone()
        lived: float = row[0] + elapsed(Reading(*row[1:]), now) if row else 0.0
        self._database.execute(
            "INSERT OR REPLACE INTO clock VALUES (1, ?, ?, ?, ?)", (lived, now.wall, now.steady, now.boot)
        )
        return lived

    def _change(self, job_id: str, state: State, what: str, *values: Any) -> None:
        with self._transaction():
            self._update(job_id, (state,), what, *values)

    def _finish(self, job_id: str, before: Tuple[State, ...], after: State, column: str, value: str) -> None:
        with self._transaction():
            what = f"state = ?, finished = ?, lived = ?, reserved = 0, {column} = ?"
            self._update(job_id, before, what, after.value, time.time(), self._tick(), value)

    def _update(self, job_id: str, states: Tuple[State, ...], what: str, *values: Any) -> None:
        """Raises `JobNotFound`, and `EngineError` for a job in another state."""
        job = self._get(job_id)
        if job.state not in states:
            raise EngineError(f"job {job_id} is {job.state.value}, which {what!r} does not follow")
        self._database.execute(f"UPDATE jobs SET {what} WHERE id = ?", (*values, job_id))

    def _get(self, job_id: str) -> Job:
        row = self._database.execute(f"SELECT {_COLUMNS} FROM jobs WHERE id = ?", (job_id,)).fetchone()
        if row is None:
            raise JobNotFound(job_id)
        return _job(row)

    def _find(self, key: str) -> Optional[Tuple[Job, str]]:
        row = self._database.execute("SELECT job, fingerprint FROM keys WHERE key = ?", (_hashed(key),)).fetchone()
        return (self._get(row[0]), row[1]) if row else None

    def _jobs(self, condition: str, *values: Any) -> List[Job]:
        with self._reading():
            rows = self._database.execute(f"SELECT {_COLUMNS} FROM jobs {condition}", values).fetchall()
        return [_job(row) for row in rows]

    def _number(self, query: str, *values: Any) -> int:
        with self._reading():
            number: int = self._database.execute(query, values).fetchone()[0]
        return number

    @contextlib.contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _refusal(error) from error

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        """All or nothing; on the disk when it ends."""
        with self._reading():
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise


def _open(path: Path) -> sqlite3.Connection:
    """A connection to a whole database, new or old. Raises what sqlite3 raises."""
    # SQLite gives its companion files (-wal, -shm) the mode of the database.
    try:
        os.close(os.open(str(path), os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise _refusal(error) from error
    database = sqlite3.connect(str(path), timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("PRAGMA foreign_keys = ON")
        database.execute("PRAGMA secure_delete = ON")  # a deleted job leaves nothing behind in the file
        (verdict,) = database.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)
    except BaseException:
        database.close()
        raise
    return database


def _damaged(error: sqlite3.DatabaseError) -> bool:
    """Its subclasses stand for everything else: no permission, disk full, locked."""
    return type(error) is sqlite3.DatabaseError


def _refusal(error: Exception) -> EngineError:
    if "full" in str(error):
        return StorageFull(str(error))
    if "closed" in str(error):
        return EngineUnavailable(str(error))
    return EngineError(
        f"{type(error).__name__}: {error}",
        message="The record of the jobs cannot be read or written.",
        action="Check the state folder, its permissions and the disk; the log says what was wrong.",
    )


def _job(row: Tuple[Any, ...]) -> Job:
    values = dict(zip(_COLUMNS.split(", "), row))
    for column in ("options", "failure", "result"):
        values[column] = json.loads(values[column]) if values[column] is not None else None
    values.update(priority=Priority(values["priority"]), state=State(values["state"]), consent=bool(values["consent"]))
    values["failure"] = Failure(**values["failure"]) if values["failure"] else None
    return Job(**values)


def _hashed(key: str) -> str:
    """A key is chosen by the client and may say something about a person."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def _dumps(value: Dict[str, Any]) -> str:
    return json.dumps(value, sort_keys=True)
