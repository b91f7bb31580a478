"""The API as HTTP: what goes in, what comes out, and how it says no."""

from __future__ import annotations

import json
from typing import Any, Dict, Iterator, Tuple

import httpx
import pytest
from engine import toy_worker
from engine.services import Service, patiently, running_service

from appliance.engine.job import State
from appliance.engine.storage.folders import Folders

NOBODY = "0" * 32


@pytest.fixture()
def http(shared: Service) -> Iterator[httpx.Client]:
    with shared.http() as client:
        yield client


def form(speech: bytes = b"", **fields: str) -> Dict[str, Any]:
    files = {"photo": ("p.jpg", b"photo"), "speech": ("s.wav", speech or toy_worker.speech())}
    return {"files": files, "data": fields}


def assert_problem(answer: httpx.Response, status: int, code: str) -> Dict[str, Any]:
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    problem: Dict[str, Any] = answer.json()
    assert (problem["status"], problem["code"], problem["type"]) == (status, code, f"urn:sonic:error:{code}")
    assert problem["title"] and problem["action"] and problem["detail"].endswith(problem["action"])
    return problem


def test_a_job_is_taken_and_shown_until_it_is_done(shared: Service, http: httpx.Client) -> None:
    answer = http.post("/v1/jobs", **form(priority="lecture", consent="true", options='{"seed": 7, "smooth": 0}'))
    assert answer.status_code == 201
    job = answer.json()
    assert answer.headers["location"] == f"/v1/jobs/{job['id']}"
    assert (job["priority"], job["consent"], job["options"]) == ("lecture", True, {"seed": 7})
    shared.wait_for(job["id"], State.DONE)
    shown = http.get(answer.headers["location"]).json()
    assert (shown["state"], shown["frames"], shown["segments"], shown["failure"]) == ("done", 10, 2, None)
    assert shown["result"]["frames"] == 10


def test_jobs_are_listed_newest_first_page_by_page(shared: Service, http: httpx.Client) -> None:
    ids = [shared.submit() for _ in range(3)]
    for job_id in ids:
        shared.wait_for(job_id, State.DONE)
    first = http.get("/v1/jobs", params={"limit": 2, "state": "done"}).json()
    second = http.get("/v1/jobs", params={"limit": 1, "before": first["before"]}).json()
    assert [job["id"] for job in first["jobs"] + second["jobs"]] == ids[::-1]
    assert http.get("/v1/jobs", params={"state": "failed"}).json() == {"jobs": [], "before": None}


def test_the_same_key_and_contents_give_the_same_job(http: httpx.Client) -> None:
    key = {"Idempotency-Key": "once"}
    first = http.post("/v1/jobs", headers=key, **form())
    again = http.post("/v1/jobs", headers=key, **form())
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["id"] == first.json()["id"]
    assert_problem(http.post("/v1/jobs", headers=key, **form(options='{"seed": 1}')), 409, "idempotency_conflict")


def test_a_job_is_found_by_its_key(shared: Service, http: httpx.Client) -> None:
    made = http.post("/v1/jobs", headers={"Idempotency-Key": "found-again"}, **form()).json()
    with shared.client() as client:
        found = client.find("found-again")
        assert found is not None and found.job.id == made["id"]
        assert client.find("never-used") is None
        client.delete(made["id"])
        assert client.find("found-again") is None


def test_a_failed_job_says_why_and_has_no_video(shared: Service, http: httpx.Client) -> None:
    job_id = shared.submit(fail=1)
    shared.wait_for(job_id, State.FAILED)
    failure = http.get(f"/v1/jobs/{job_id}").json()["failure"]
    assert failure["code"] == "speech_silent"
    for what in ("video", "stream"):
        problem = assert_problem(http.get(f"/v1/jobs/{job_id}/{what}"), 409, "video_not_ready")
        assert failure["message"] in problem["detail"]


def test_a_deleted_job_leaves_neither_record_nor_files(shared: Service, http: httpx.Client) -> None:
    job_id = shared.submit(segments=3, gate=1)
    shared.wait_for(job_id, State.RUNNING)
    assert http.delete(f"/v1/jobs/{job_id}").status_code == 204
    assert_problem(http.get(f"/v1/jobs/{job_id}"), 404, "job_not_found")
    assert_problem(http.delete(f"/v1/jobs/{job_id}"), 404, "job_not_found")
    assert not Folders(shared.state).job(job_id).path.exists()


def test_wiping_removes_every_job() -> None:
    with running_service() as service, service.http() as http:
        ids = [service.submit(segments=3, gate=1), service.submit()]
        assert http.delete("/v1/jobs").json() == {"deleted": 2}
        assert http.get("/v1/jobs").json()["jobs"] == []
        assert not any(Folders(service.state).job(job_id).path.exists() for job_id in ids)


@pytest.mark.parametrize("days, kept", [("0", 0), ("7", 1)])
def test_wiping_what_is_expired_goes_by_the_settings(days: str, kept: int) -> None:
    with running_service(RETENTION_DAYS=days) as service, service.http() as http:
        service.wait_for(service.submit(), State.DONE)
        assert http.delete("/v1/jobs", params={"expired": "true"}).json() == {"deleted": 1 - kept}
        assert len(http.get("/v1/jobs").json()["jobs"]) == kept


def test_consent_is_asked_for_where_the_settings_say_so() -> None:
    with running_service(CONSENT_REQUIRED="true") as service, service.http() as http:
        assert_problem(http.post("/v1/jobs", **form()), 403, "consent_missing")
        assert_problem(http.post("/v1/jobs", **form(consent="false")), 403, "consent_missing")
        assert http.post("/v1/jobs", **form(consent="true")).status_code == 201
        assert service.uploads() == []


def test_a_full_queue_says_when_to_come_back() -> None:
    with running_service(LIMITS_QUEUE_LENGTH="1") as service, service.http() as http:
        service.wait_for(service.submit(segments=2, gate=0), State.RUNNING)
        service.submit()
        answer = http.post("/v1/jobs", **form())
        assert_problem(answer, 503, "queue_full")
        assert int(answer.headers["retry-after"]) > 0


WRONG: Dict[str, Tuple[str, str, Dict[str, Any], int, str]] = {
    "unknown path": ("GET", "/nowhere", {}, 404, "request_invalid"),
    "path traversal": ("GET", "/v1/jobs/..%2F..%2Fetc%2Fpasswd/video", {}, 404, "request_invalid"),
    "method": ("PUT", "/v1/jobs", {}, 405, "request_invalid"),
    "no such job": ("GET", f"/v1/jobs/{NOBODY}", {}, 404, "job_not_found"),
    "no such video": ("GET", f"/v1/jobs/{NOBODY}/video", {}, 404, "job_not_found"),
    "no such stream": ("GET", f"/v1/jobs/{NOBODY}/stream", {}, 404, "job_not_found"),
    "no such events": ("GET", f"/v1/jobs/{NOBODY}/events", {}, 404, "job_not_found"),
    "number of a job": ("GET", "/v1/jobs/42", {}, 422, "request_invalid"),
    "upper case": ("GET", f"/v1/jobs/{'A' * 32}", {}, 422, "request_invalid"),
    "line break": ("GET", f"/v1/jobs/{NOBODY}%0A", {}, 422, "request_invalid"),
    "state": ("GET", "/v1/jobs", {"params": {"state": "lost"}}, 422, "request_invalid"),
    "limit": ("GET", "/v1/jobs", {"params": {"limit": "100000"}}, 422, "request_invalid"),
    "no form": ("POST", "/v1/jobs", {"json": {}}, 415, "request_invalid"),
    "no boundary": (
        "POST", "/v1/jobs", {"content": b"x", "headers": {"Content-Type": "multipart/form-data"}}, 400,
        "request_invalid",
    ),
    "no speech": ("POST", "/v1/jobs", {"files": {"photo": b"x"}}, 422, "request_invalid"),
    "empty photo": ("POST", "/v1/jobs", {"files": {"photo": b"", "speech": b"x"}}, 422, "request_invalid"),
    "unknown part": ("POST", "/v1/jobs", {"files": {"photo": b"x", "more": b"x"}}, 422, "request_invalid"),
    "part twice": ("POST", "/v1/jobs", {"files": [("photo", b"x"), ("photo", b"x")]}, 422, "request_invalid"),
    "priority": ("POST", "/v1/jobs", form(priority="first"), 422, "request_invalid"),
    "consent": ("POST", "/v1/jobs", form(consent="maybe"), 422, "request_invalid"),
    "options no JSON": ("POST", "/v1/jobs", form(options="seed"), 422, "usage"),
    "options no object": ("POST", "/v1/jobs", form(options="[1]"), 422, "usage"),
    "options nested": ("POST", "/v1/jobs", form(options="[" * 9000), 422, "usage"),
    "options NaN": ("POST", "/v1/jobs", form(options='{"smooth": NaN}'), 422, "usage"),
    "options unknown": ("POST", "/v1/jobs", form(options='{"colour": "red"}'), 422, "usage"),
    "options type": ("POST", "/v1/jobs", form(options='{"seed": true}'), 422, "usage"),
    "options text for number": ("POST", "/v1/jobs", form(options='{"smooth": "0.5"}'), 422, "usage"),
    "options range": ("POST", "/v1/jobs", form(options='{"min_resolution": 300}'), 422, "usage"),
    "options huge": ("POST", "/v1/jobs", form(options='{"smooth": 1' + "0" * 400 + "}"), 422, "usage"),
    "options injection": ("POST", "/v1/jobs", form(options='{"producer": "a\\"b"}'), 422, "usage"),
    "options too long": ("POST", "/v1/jobs", form(options=" " * 20_000), 413, "upload_too_large"),
    "photo too large": ("POST", "/v1/jobs", {"files": {"photo": b"x" * 1_100_000}}, 413, "upload_too_large"),
    "all too large": (
        "POST", "/v1/jobs", {"files": {"photo": b"x" * 3_000_000, "speech": b"x"}}, 413, "upload_too_large",
    ),
    "key": ("POST", "/v1/jobs", {**form(), "headers": {"Idempotency-Key": "k" * 200}}, 422, "request_invalid"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_refused_in_words(case: str, shared: Service, http: httpx.Client) -> None:
    method, path, request, status, code = WRONG[case]
    before = len(http.get("/v1/jobs").json()["jobs"])
    problem = assert_problem(http.request(method, path, **request), status, code)
    assert "p.jpg" not in json.dumps(problem)
    assert len(http.get("/v1/jobs").json()["jobs"]) == before
    for _ in patiently():
        if not shared.uploads():
            break


def test_names_of_visitors_files_are_neither_kept_nor_logged(shared: Service, http: httpx.Client) -> None:
    files = {"photo": ("maria.jpg", b"photo"), "speech": ("../../maria.wav", toy_worker.speech())}
    job_id = http.post("/v1/jobs", files=files).json()["id"]
    shared.wait_for(job_id, State.DONE)
    assert "maria" not in shared.log.read_text()
    assert not any("maria" in str(path) or b"maria" in path.read_bytes() for path in shared.state.rglob("*.*"))


def test_health_and_metrics_tell_of_jobs(shared: Service, http: httpx.Client) -> None:
    shared.wait_for(shared.submit(), State.DONE)
    shared.wait_for(shared.submit(fail=0), State.FAILED)
    health = http.get("/v1/health")
    assert (health.status_code, health.json()["status"], health.json()["worker"]) == (200, "ok", "ready")
    assert health.json()["free_bytes"] > 0
    text = http.get("/v1/metrics").text
    values = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    done, failed = (float(values[f'sonic_jobs{{state="{state}"}}']) for state in ("done", "failed"))
    assert done >= 1 and failed >= 1
    assert float(values["sonic_jobs_done_total"]) >= 1
    assert float(values['sonic_stage_ms_per_frame{stage="video"}']) >= 0
    assert float(values["sonic_disk_free_bytes"]) > 0
    assert 'sonic_queue{priority="visitor"}' in values
