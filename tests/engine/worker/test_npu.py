"""A worker whose NPU fails: the job ends with a named error, and the next one finds networks that were loaded again."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any, ClassVar, Iterator, List, Optional

from appliance.engine.worker.loop import Orders, Worker
from appliance.engine.worker.messages import Message, decode, encode
from appliance.errors import NpuError, SpeechSilent
from appliance.pipeline.generate import Result

RESULT = Result(
    frames=1, duration=0.04, width=2, height=2, face_number=1, face_count=1, runtime="acl", precision="int8"
)  # fmt: skip


class Maker:
    """Fails as it is told, once, and counts how many of its kind there were."""

    made: ClassVar[List[Maker]] = []

    def __init__(self, failure: Optional[Exception]) -> None:
        self.made.append(self)
        self.closed = False
        self._failure = failure

    def make(self, *_: Any) -> Iterator[Any]:
        if self._failure is not None:
            raise self._failure
        yield RESULT

    def close(self) -> None:
        self.closed = True


def two_jobs(failures: List[Optional[Exception]], folder: Path) -> List[Message]:
    """What a worker tells of two jobs, each on the networks that are loaded then."""
    Maker.made.clear()
    folder.mkdir()
    makes = b"".join(
        encode({"do": "make", "job": job, "folder": str(folder), "options": {}, "longest": None}) for job in "ab"
    )
    report, theirs = os.pipe()
    orders = Orders(io.BytesIO(makes))
    worker = Worker(orders, theirs, lambda runtime, precision: Maker(failures[min(len(Maker.made), 1)]))
    worker._maker_for(("acl", None))
    for job in "ab":
        order = orders.next_job(60)
        assert order is not None and order["job"] == job
        worker._work(order, ("acl", None))
    os.close(theirs)
    with os.fdopen(report, "rb") as told:
        return [decode(line) for line in told]


def test_after_a_fault_of_the_npu_everything_is_loaded_again(tmp_path: Path) -> None:
    told = two_jobs([NpuError("507015"), None], tmp_path / "job")
    assert [(message["tell"], message.get("code")) for message in told if message["tell"] != "progress"] == [
        ("failed", "npu"),
        ("done", None),
    ]
    assert [maker.closed for maker in Maker.made] == [True, False]


def test_after_another_fault_the_networks_stay(tmp_path: Path) -> None:
    told = two_jobs([SpeechSilent(), None], tmp_path / "job")
    assert [message["tell"] for message in told if message["tell"] != "progress"] == ["failed", "failed"]
    assert len(Maker.made) == 1
