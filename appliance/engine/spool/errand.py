"""One name's way from its inputs to its result, taken up wherever an earlier run of it ended."""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import (
    EngineUnavailable,
    JobNotFound,
    QueueFull,
    SonicError,
    StorageFull,
    TooManyRequests,
    Unauthorised,
)
from ...files import sha256_of
from ...settings import MakeOptions
from ..job import Failure, Priority, State
from . import landing
from .inputs import DEFAULT, InputFile, OpenInputs, Task, digest
from .records import Record, Records

if TYPE_CHECKING:
    from ..client import EngineClient

LOOK_S = 0.5
"""How often a job is asked for its state."""

WORTH_WAITING = (EngineUnavailable, QueueFull, StorageFull, TooManyRequests, Unauthorised)
"""What says nothing about the inputs and passes, or is put right, without them."""


@dataclass(frozen=True)
class SpoolOptions:
    """``make``: how every video of this folder is made. ``consent``: whoever runs the folder answers for the agreement
    of everybody shown in it. ``keep_inputs``: recordings and photos stay when their video is there."""

    priority: Priority = Priority.NORMAL
    keep_inputs: bool = False
    consent: bool = False
    make: MakeOptions = field(default_factory=MakeOptions)


class Outcome(enum.Enum):
    """How an errand ended. ``AGAIN``: look again, something changed meanwhile."""

    MADE = "made"
    REFUSED = "refused"
    AGAIN = "again"


class Errand:
    """Runs in a thread of its own; `withdraw` and `leave` may be called from another."""

    def __init__(self, task: Task, folder: Path, records: Records, options: SpoolOptions) -> None:
        self.task = task
        self._folder, self._records, self._options = folder, records, options
        self._enough = threading.Event()
        self._withdrawn = False

    def withdraw(self) -> None:
        """Its inputs are no longer what they were: wipe the job and end."""
        self._withdrawn = True
        self._enough.set()

    def leave(self) -> None:
        """End, and leave everything to the next run."""
        self._enough.set()

    def run(self, engine: EngineClient) -> Outcome:
        """Raises `WORTH_WAITING` and other errors of the engine, and OSError where the folder cannot be written to."""
        self._engine = engine
        record = self._records.get(self.task.name)
        if record.job is not None and (record.signature != self.task.signature or self._settled(record)):
            self._wipe(record)
            return Outcome.AGAIN
        if not self.task.recordings:
            self._remove_spent(record)
            return Outcome.AGAIN
        if record.job is None:
            try:
                record = self._submit(record)
            except WORTH_WAITING:
                raise
            except SonicError as error:
                return self._refuse(record, _failure(error))
        if record.job is None:
            return self._finish(record) if self._settled(record) else Outcome.AGAIN
        try:
            return self._follow(record, record.job)
        except JobNotFound:  # wiped by somebody, or lost with the engine's whole disk; the inputs are still there
            self._records.put(dataclasses.replace(record, job=None))
            return Outcome.AGAIN

    def _settled(self, record: Record) -> bool:
        """Whether there is a result for the record's content."""
        made = record.video_content is not None and record.video_content == record.content
        return record.failed or (made and landing.is_made(record, self._folder))

    def _submit(self, record: Record) -> Record:
        """The record with its job; without one where there is nothing to be made, or the inputs changed meanwhile."""
        with OpenInputs(self.task, self._folder) as inputs:
            content = inputs.content()
            record = dataclasses.replace(
                record, signature=self.task.signature, content=content, failed=False, kept=False
            )  # fmt: skip
            if self._settled(record):
                return self._records.put(record)
            landing.check_place(record, self._folder)
            view = self._engine.submit(
                inputs.photo,
                inputs.speech,
                self._options.make,
                priority=self._options.priority,
                consent=self._options.consent,
                key=self._key(content, inputs.photo_content()),
            )
            record = self._records.put(dataclasses.replace(record, job=view.job.id))
            landing.remove_error(self._folder, self.task.name)
            return record if inputs.unchanged() else self._wipe(record)

    def _key(self, content: str, photo: str) -> str:
        options = {**dataclasses.asdict(self._options.make), "consent": self._options.consent}
        return digest(repr((str(self._folder), self.task.name, content, photo, sorted(options.items()))))

    def _follow(self, record: Record, job_id: str) -> Outcome:
        while not self._enough.is_set():
            job = self._engine.job(job_id).job
            if job.state is State.FAILED:
                return self._refuse(record, job.failure or _failure(SonicError()))
            if job.state is State.DONE:
                return self._fetch(record, job_id)
            self._enough.wait(LOOK_S)
        if self._withdrawn:
            self._wipe(record)
        return Outcome.AGAIN

    def _fetch(self, record: Record, job_id: str) -> Outcome:
        temporary = self._records.temporary(self.task.name)
        self._engine.save(job_id, temporary)
        # First the record: were there no time for it afterwards, our own video would be taken for another's.
        earlier = record.video if landing.is_made(record, self._folder) else record.earlier
        record = dataclasses.replace(
            record, video=sha256_of(temporary), video_content=record.content, earlier=earlier
        )  # fmt: skip
        self._records.put(record)
        try:
            landing.place_video(temporary, record, self._folder)
        except landing.NameTaken as error:
            return self._refuse(record, _failure(error))
        return self._finish(record)

    def _finish(self, record: Record) -> Outcome:
        """The video is safely there: leave nothing in the engine, and the inputs only if they are to be kept."""
        if record.job is not None:
            record = self._wipe(record)
        landing.remove_error(self._folder, self.task.name)
        if not self._options.keep_inputs:
            own = self.task.own_photo and self.task.name.lower() != DEFAULT
            spent = [list(dataclasses.astuple(photo)) for photo in self.task.photos if own]
            record = self._records.put(dataclasses.replace(record, spent=spent))
            try:
                for recording in self.task.recordings:
                    self._remove(recording)
                self._remove_spent(record)
            except PermissionError:  # another user's, in a folder that lets only owners remove their files
                self._records.put(dataclasses.replace(record, spent=[], kept=True))
        return Outcome.MADE

    def _remove_spent(self, record: Record) -> None:
        """The photo goes after the recording: the other way round, a recording without photo could be left over."""
        for photo in record.spent:
            self._remove(InputFile(*photo))
        self._records.put(dataclasses.replace(record, spent=[]))

    def _remove(self, file: InputFile) -> None:
        path = self._folder / file.name
        with contextlib.suppress(FileNotFoundError):
            status = path.lstat()
            if (status.st_size, status.st_mtime_ns) == (file.size, file.modified):
                path.unlink()

    def _refuse(self, record: Record, failure: Failure) -> Outcome:
        landing.write_error(failure, self._records, self.task.name, self._folder)
        record = self._records.put(dataclasses.replace(record, signature=self.task.signature, failed=True))
        if record.job is not None:
            self._wipe(record)
        return Outcome.REFUSED

    def _wipe(self, record: Record) -> Record:
        """The record without its job, which leaves the engine."""
        assert record.job is not None
        try:
            self._engine.delete(record.job)
        except JobNotFound:
            pass
        return self._records.put(dataclasses.replace(record, job=None))


def _failure(error: SonicError) -> Failure:
    return Failure(error.code, error.message, error.action)
