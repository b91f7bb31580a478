"""The OpenAPI document, held against the running service by a fuzzer."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict

import pytest
from engine.api.test_api_auth import free_port
from engine.services import Service, running_service

from appliance.engine.api.auth import new_token, write_token
from appliance.settings import MakeOptions

ENDPOINTS = {
    "/v1/jobs": {"get", "post", "delete"},
    "/v1/jobs/{job_id}": {"get", "delete"},
    "/v1/jobs/{job_id}/events": {"get"},
    "/v1/jobs/{job_id}/video": {"get", "head"},
    "/v1/jobs/{job_id}/stream": {"get"},
    "/v1/jobs/{job_id}/link": {"post"},
    "/v1/shared/{secret}": {"get"},
    "/v1/health": {"get"},
    "/v1/metrics": {"get"},
}


def test_the_document_describes_every_endpoint_and_knob(shared: Service) -> None:
    with shared.http() as http:
        document: Dict[str, Any] = http.get("/openapi.json").json()
    assert {path: set(methods) for path, methods in document["paths"].items()} == ENDPOINTS
    form = document["paths"]["/v1/jobs"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert set(form["properties"]["options"]["properties"]) == {knob.name for knob in dataclasses.fields(MakeOptions)}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            refusals = {status: answer for status, answer in operation["responses"].items() if status >= "400"}
            for status, answer in refusals.items():
                if (path, status) != ("/v1/health", "503"):
                    assert "application/problem+json" in answer["content"], (path, method, status)
            assert {"401", "403", "405", "429", "500"} <= set(refusals), (path, method)


@pytest.mark.slow
@pytest.mark.skipif(sys.version_info < (3, 9), reason="schemathesis needs CPython 3.9")
def test_a_fuzzer_finds_no_answer_that_the_document_does_not_describe(tmp_path: Path) -> None:
    pytest.importorskip("schemathesis")
    token, port = new_token(), free_port()
    write_token(tmp_path / "token", token)
    network = {"LISTEN_HOST": "127.0.0.1", "LISTEN_PORT": str(port), "LISTEN_TOKEN_FILE": str(tmp_path / "token")}
    small = {"LIMITS_PHOTO_MEGABYTES": "1", "LIMITS_SPEECH_MEGABYTES": "1", "LIMITS_QUEUE_LENGTH": "10000"}
    with running_service(**network, **small, LISTEN_REQUESTS_PER_MINUTE="100000") as service:
        fuzzer = [str(Path(sys.executable).with_name("st")), "run", f"http://127.0.0.1:{port}/openapi.json"]
        limits = ["--seed=1", "--max-examples=20", "--request-timeout=30", "--generation-database=none"]
        access = ["--header", f"Authorization: Bearer {token}"]
        done = subprocess.run(fuzzer + limits + access, cwd=str(tmp_path), capture_output=True, text=True)
        assert done.returncode == 0, done.stdout
        assert service.uploads() == []
        assert "Traceback" not in service.log.read_text()
        with service.client() as client:
            assert client.health().status == "ok"
            client.wipe()
        assert list((service.state / "jobs").iterdir()) == []
