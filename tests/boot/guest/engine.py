"""The engine as a stranger would speak to it: HTTP over its Unix socket, with the standard library alone."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import time
from pathlib import Path
from typing import Any, Dict, Iterable, Tuple

from machine import ENGINE_SOCKET, wait

Job = Dict[str, Any]
FINAL = ("done", "failed")
TIMEOUT_S = 900
"""A client waits while the engine starts, however slow the machine."""


class UnixConnection(http.client.HTTPConnection):
    def __init__(self) -> None:
        super().__init__("engine", timeout=TIMEOUT_S)

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(ENGINE_SOCKET))


def request(method: str, path: str, body: bytes = b"", kind: str = "") -> Tuple[int, bytes]:
    """Status and body of an answer."""
    with contextlib.closing(UnixConnection()) as connection:
        connection.request(method, path, body or None, {"Content-Type": kind} if kind else {})
        answer = connection.getresponse()
        return answer.status, answer.read()


def get(path: str) -> Any:
    status, body = request("GET", path)
    if status != 200:
        raise RuntimeError(f"GET {path}: {status} {body[:500]!r}")
    return json.loads(body)


def submit(photo: Path, speech: Path, options: Dict[str, Any]) -> Job:
    """A new job, as multipart/form-data (RFC 7578)."""
    boundary = "boot-test-boundary"
    parts = [
        ('name="photo"; filename="photo"', "application/octet-stream", photo.read_bytes()),
        ('name="speech"; filename="speech"', "application/octet-stream", speech.read_bytes()),
        ('name="options"', "application/json", json.dumps(options).encode()),
    ]
    body = b""
    for name, kind, content in parts:
        body += f"--{boundary}\r\nContent-Disposition: form-data; {name}\r\nContent-Type: {kind}\r\n\r\n".encode()
        body += content + b"\r\n"
    body += f"--{boundary}--\r\n".encode()
    status, answer = request("POST", "/v1/jobs", body, f"multipart/form-data; boundary={boundary}")
    if status not in (200, 201, 202):
        raise RuntimeError(f"POST /v1/jobs: {status} {answer[:500]!r}")
    return json.loads(answer)


def job(job_id: str) -> Job:
    return get(f"/v1/jobs/{job_id}")


def changes(job_id: str, seconds: float, every: float = 0.1) -> Iterable[Job]:
    """The job again and again, until its end. The engine may restart meanwhile."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with contextlib.suppress(OSError, http.client.HTTPException):
            seen = job(job_id)
            yield seen
            if seen["state"] in FINAL:
                return
        time.sleep(every)
    raise TimeoutError(f"the job did not end within {seconds} s")


def at_segment(job_id: str, segments: int, seconds: float) -> Job:
    """The job as soon as it has so many finished segments and still runs."""
    for seen in changes(job_id, seconds):
        if seen["state"] == "running" and seen["segments"] >= segments:
            return seen
    raise RuntimeError(f"the job ended before segment {segments} was seen; give it a longer recording")


def wait_for_networks(seconds: float) -> None:
    """Until the engine's worker has loaded its networks."""

    def loaded() -> bool:
        return json.loads(request("GET", "/v1/health")[1])["worker"] in ("ready", "busy")

    wait("the networks", loaded, seconds, every=0.5)


def video(job_id: str) -> bytes:
    status, body = request("GET", f"/v1/jobs/{job_id}/video")
    if status != 200:
        raise RuntimeError(f"GET video: {status} {body[:500]!r}")
    return body
