"""What the list of lectures says of jobs in every state."""

from __future__ import annotations

import dataclasses
from typing import Any, List

import pytest

pytest.importorskip("PyQt5.QtWidgets")

from appliance.capture.picker.media import Media
from appliance.engine.job import Failure, Job, Priority, State
from appliance.engine.view import JobView
from appliance.errors import JobNotFound
from appliance.ui.classroom.archive import Archive, Lecture

JOB = Job("a" * 32, 1, Priority.LECTURE, State.QUEUED, created=100.0)
WHY = Failure("no_face", "There is no face.", "Take another photo.")


class Engine:
    def __init__(self, *jobs: Job) -> None:
        self._jobs = jobs

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def jobs(self, state: Any = None, limit: int = 100) -> List[JobView]:
        return [JobView(job) for job in self._jobs[:limit]]

    def delete(self, job: str) -> None:
        raise JobNotFound()


def archive(*jobs: Job) -> Archive:
    return Archive(lambda: Engine(*jobs), Media("/media"))  # type: ignore[arg-type,return-value]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {"seconds": 0.0, "share": None, "begun": False}),
        ({"state": State.RUNNING}, {"seconds": 0.0, "share": 0.0, "begun": False}),
        (
            {"state": State.RUNNING, "frames": 1000, "frames_done": 250, "segments": 3},
            {"seconds": 40.0, "share": 0.25, "begun": True},
        ),
        # it yields to a visitor: what is ready can be watched
        (
            {"state": State.QUEUED, "frames": 1000, "frames_done": 250, "segments": 3},
            {"seconds": 40.0, "share": 0.25, "begun": True},
        ),
        # the length was underestimated: it is not done for all that
        (
            {"state": State.RUNNING, "frames": 1000, "frames_done": 1004, "segments": 9},
            {"seconds": 40.0, "share": 0.99},
        ),
        ({"state": State.DONE, "finished": 160.0, "result": {"duration": 39.5}}, {"seconds": 39.5, "made": 160.0}),
        (
            {"state": State.FAILED, "finished": 160.0, "failure": WHY, "segments": 1},
            {"made": 160.0, "share": 0.0, "begun": False, "failure": WHY},
        ),
    ],
)
def test_a_job_in_words_of_a_lecture(changes: Any, expected: Any) -> None:
    (lecture,) = archive(dataclasses.replace(JOB, **changes)).lectures()
    assert lecture == Lecture(**{"job": JOB.id, "made": 100.0, "seconds": 0.0, **expected})
    assert lecture.finished is (changes.get("state") is State.DONE)


def test_deleting_what_is_gone_already_is_no_fault() -> None:
    archive().delete("b" * 32)
