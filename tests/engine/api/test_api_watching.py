"""Following a job over the API: its events, its video while it is made, and the finished file in parts."""

from __future__ import annotations

import contextlib
import json
import time
from typing import Any, Dict, Iterator, List, Tuple

import httpx
import pytest
from engine import toy_worker
from engine.services import Service, patiently, running_service

from appliance.engine.job import State
from appliance.engine.storage.folders import Folders

VIDEO = toy_worker.video(toy_worker.speech(wide=1 << 16))
"""What the toy makes of the job in `done`: large enough to come in several pieces."""


@pytest.fixture()
def http(shared: Service) -> Iterator[httpx.Client]:
    with shared.http() as client:
        yield client


@pytest.fixture(scope="module")
def done(shared: Service) -> str:
    job_id = shared.submit(wide=1 << 16)
    shared.wait_for(job_id, State.DONE)
    return job_id


def sent_events(http: httpx.Client, path: str, **headers: str) -> Iterator[Dict[str, Any]]:
    with http.stream("GET", path, headers=headers) as answer:
        assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, "text/event-stream")
        event: Dict[str, Any] = {}
        for line in answer.iter_lines():
            name, _, value = line.rstrip("\n").partition(": ")
            if name == "data":
                event[name] = json.loads(value)
            elif name in ("event", "id", "retry"):
                event[name] = value
            elif not name and "data" in event:
                yield event
                event = {}


# --- events -----------------------------------------------------------------------------------------------------------


def test_events_tell_of_place_stage_frames_and_end(shared: Service, http: httpx.Client) -> None:
    first = shared.submit(segments=2, gate=1)
    job_id = shared.submit(segments=3, delay=0.03)
    seen: List[Dict[str, Any]] = []
    for event in sent_events(http, f"/v1/jobs/{job_id}/events"):
        seen.append(event)
        if len(seen) == 1:
            assert (event["data"]["state"], event["data"]["position"]) == ("queued", 1)
            assert int(event["retry"]) > 0
            shared.open_gate(first)
    states = [event["data"]["state"] for event in seen]
    assert states == sorted(states, key=["queued", "running", "done"].index)
    frames = [
        event["data"]["progress"]["done"] for event in seen if (event["data"]["progress"] or {}).get("stage") == "video"
    ]
    assert frames == sorted(frames) and len(frames) > 1
    assert {event["event"] for event in seen} == {"state", "progress"}
    assert (seen[-1]["id"], seen[-1]["data"]["state"]) == ("last", "done")
    assert len({event["id"] for event in seen}) == len(seen)


def test_a_browser_that_has_seen_the_end_is_not_told_again(http: httpx.Client, done: str) -> None:
    assert [event["id"] for event in sent_events(http, f"/v1/jobs/{done}/events")] == ["last"]
    assert http.get(f"/v1/jobs/{done}/events", headers={"Last-Event-ID": "last"}).status_code == 204


def test_events_of_a_job_that_is_deleted_end(shared: Service, http: httpx.Client) -> None:
    job_id = shared.submit(segments=2, gate=1)
    names = []
    for event in sent_events(http, f"/v1/jobs/{job_id}/events"):
        if not names:
            with shared.client() as other:
                other.delete(job_id)
        names.append(event["event"])
    assert names[-1] == "deleted"


# --- stream -----------------------------------------------------------------------------------------------------------


def test_a_video_is_watched_while_it_is_made(shared: Service, http: httpx.Client) -> None:
    speech: Dict[str, float] = {"segments": 4, "gate": 2}
    job_id = shared.submit(**speech)
    whole = toy_worker.video(toy_worker.speech(**speech))
    got = b""
    with http.stream("GET", f"/v1/jobs/{job_id}/stream") as answer:
        assert (answer.status_code, answer.headers["content-type"]) == (200, "video/mp4")
        for piece in answer.iter_raw():
            got += piece
            if len(got) == len(whole) - 2 * 64:  # two segments are held back by the gate
                assert http.get(f"/v1/jobs/{job_id}").json()["state"] == "running"
                shared.open_gate(job_id)
    assert got == whole


def test_a_watcher_from_before_the_end_gets_the_segments_to_the_end(shared: Service) -> None:
    """Segments of a finished job are kept for whoever is still watching, and only so long."""
    speech: Dict[str, float] = {"segments": 20, "wide": 1 << 18, "gate": 1}
    job_id = shared.submit(**speech)
    segments = Folders(shared.state).job(job_id).segments
    with shared.http() as http, http.stream("GET", f"/v1/jobs/{job_id}/stream") as answer:
        pieces = answer.iter_raw()
        got = next(pieces)
        shared.open_gate(job_id)
        shared.wait_for(job_id, State.DONE)
        assert segments.exists()
        got += b"".join(pieces)
    assert got == toy_worker.video(toy_worker.speech(**speech))
    for _ in patiently():
        if not segments.exists():
            break


def test_the_stream_of_a_finished_job_is_its_video(http: httpx.Client, done: str) -> None:
    assert http.get(f"/v1/jobs/{done}/stream").content == VIDEO


@pytest.mark.parametrize("end", ["fails", "is deleted"])
def test_a_stream_that_cannot_be_completed_is_cut(shared: Service, http: httpx.Client, end: str) -> None:
    job_id = shared.submit(segments=3, gate=1, **({"fail": 1} if end == "fails" else {}))
    with http.stream("GET", f"/v1/jobs/{job_id}/stream") as answer, pytest.raises(httpx.RemoteProtocolError):
        for _ in answer.iter_raw():
            if end == "fails":
                shared.open_gate(job_id)
            else:
                with shared.client() as other, contextlib.suppress(Exception):
                    other.delete(job_id)


def test_watchers_who_leave_hold_nothing(shared: Service) -> None:
    job_id = shared.submit(segments=3, gate=1, wide=1 << 18)
    for what in ("events", "stream"):
        with shared.http() as http, http.stream("GET", f"/v1/jobs/{job_id}/{what}") as answer:
            next(answer.iter_raw())
    shared.open_gate(job_id)
    shared.wait_for(job_id, State.DONE)
    segments = Folders(shared.state).job(job_id).segments
    for _ in patiently():
        if not segments.exists():
            break


# --- video ------------------------------------------------------------------------------------------------------------

SIZE = len(VIDEO)
RANGES: Dict[str, Tuple[str, int, int]] = {
    "first bytes": ("bytes=0-99", 0, 99),
    "one byte": ("bytes=5-5", 5, 5),
    "from the middle": ("bytes=1000-", 1000, SIZE - 1),
    "beyond the end": (f"bytes=1000-{10 * SIZE}", 1000, SIZE - 1),
    "last bytes": ("bytes=-100", SIZE - 100, SIZE - 1),
    "more last bytes than there are": (f"bytes=-{2 * SIZE}", 0, SIZE - 1),
    "all": ("bytes=0-", 0, SIZE - 1),
}


@pytest.mark.parametrize("case", RANGES)
def test_a_part_of_the_video(case: str, http: httpx.Client, done: str) -> None:
    header, first, last = RANGES[case]
    answer = http.get(f"/v1/jobs/{done}/video", headers={"Range": header})
    assert (answer.status_code, answer.headers["content-range"]) == (206, f"bytes {first}-{last}/{SIZE}")
    assert answer.headers["content-length"] == str(last - first + 1)
    assert answer.content == VIDEO[first : last + 1]


@pytest.mark.parametrize(
    "header", ["", "bytes=9-5", "bytes=0-1,5-6", "lines=0-5", "bytes=-", "bytes=a-b", "bytes=0-1²"]
)
def test_what_is_no_single_range_gives_the_whole_video(header: str, http: httpx.Client, done: str) -> None:
    answer = http.get(f"/v1/jobs/{done}/video", headers=[(b"Range", header.encode("utf-8"))])
    assert (answer.status_code, answer.headers["content-type"]) == (200, "video/mp4")
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.content == VIDEO


@pytest.mark.parametrize("header", [f"bytes={SIZE}-", f"bytes={SIZE + 5}-{SIZE + 9}", "bytes=-0"])
def test_a_range_outside_of_the_video(header: str, http: httpx.Client, done: str) -> None:
    answer = http.get(f"/v1/jobs/{done}/video", headers={"Range": header})
    assert (answer.status_code, answer.headers["content-range"]) == (416, f"bytes */{SIZE}")
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_range_of_another_video_is_not_mixed_with_this_one(http: httpx.Client, done: str) -> None:
    tag = http.head(f"/v1/jobs/{done}/video").headers["etag"]
    for condition, status in ((tag, 206), ('"another"', 200), ("Sat, 01 Jan 2000 00:00:00 GMT", 200)):
        headers = {"Range": "bytes=0-9", "If-Range": condition}
        assert http.get(f"/v1/jobs/{done}/video", headers=headers).status_code == status


def test_head_tells_the_size_alone(http: httpx.Client, done: str) -> None:
    answer = http.head(f"/v1/jobs/{done}/video")
    assert (answer.status_code, answer.headers["content-length"], answer.content) == (200, str(SIZE), b"")


def test_a_video_that_is_deleted_while_it_is_fetched_arrives_whole(shared: Service, http: httpx.Client) -> None:
    job_id = shared.submit(segments=30, wide=1 << 20)
    shared.wait_for(job_id, State.DONE)
    with http.stream("GET", f"/v1/jobs/{job_id}/video") as answer:
        pieces = answer.iter_raw()
        got = next(pieces)
        with shared.client() as other:
            other.delete(job_id)
        got += b"".join(pieces)
    assert got == toy_worker.video(toy_worker.speech(segments=30, wide=1 << 20))


def test_what_is_open_when_the_engine_stops_ends_at_once() -> None:
    with running_service() as service, service.http() as http:
        job_id = service.submit(segments=2, gate=1)
        with contextlib.ExitStack() as stack:
            events = stack.enter_context(http.stream("GET", f"/v1/jobs/{job_id}/events")).iter_raw()
            stream = stack.enter_context(http.stream("GET", f"/v1/jobs/{job_id}/stream")).iter_raw()
            next(events), next(stream)
            began = time.monotonic()
            assert service.stop() == 0
            assert time.monotonic() - began < 5
            for _ in events:
                pass
            with pytest.raises(httpx.RemoteProtocolError):
                for _ in stream:
                    pass
        assert "Traceback" not in service.log.read_text()
