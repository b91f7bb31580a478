"""The running service under fire: hostile files as jobs of the real worker, and requests that are none."""

from __future__ import annotations

import socket
import sys
from collections import Counter
from pathlib import Path
from typing import Dict, Iterator, List, Tuple

import psutil
import pytest
from engine.engines import PATIENCE_SECONDS, files_below
from engine.services import Service, patiently, running_service
from engine.worker.test_fuzz_decoders import SCALE, SEED, codes
from media import ENGLISH, encode
from mutations import Case, damaged, hostile_photos, hostile_speech, photo_seeds, speech_seeds

from appliance.engine.job import State
from appliance.errors import PhotoError, SpeechError
from appliance.models import default_folder

SERVE = (sys.executable, "-m", "appliance", "serve")
JOBS = {"photo": 14 * SCALE, "speech": 8 * SCALE}
"""Damaged files of each kind that go all the way; the decoders see far more of them elsewhere."""
BY_HAND = {"photo": 6, "speech": 12}
"""And one in so many of those made by hand."""


@pytest.fixture()
def real_service() -> Iterator[Service]:
    """With the networks, patient enough for a busy machine, and one minute of speech at most."""
    patience = {"ENGINE_HANG_SECONDS": "60", "LIMITS_SPEECH_MINUTES": "1"}
    with running_service(**patience) as service:
        service.stop()
        service.environment["SONIC_MODELS"] = str(default_folder())
        service.start(command=SERVE)
        yield service


def pairs(folder: Path) -> Iterator[Tuple[str, bytes, bytes]]:
    """Name, photo, recording; one of the two is good."""
    photos, sounds = photo_seeds(), speech_seeds(folder)
    photo = photos["plain.jpg"]
    speech = encode(ENGLISH, folder / "short.wav", "-t", "0.8").read_bytes()
    for case in [*list(hostile_photos())[:: BY_HAND["photo"]], *damaged(photos, JOBS["photo"], SEED + 1)]:
        if case.content:  # an empty part is refused at the door
            yield f"photo, {case.name}", case.content, speech
    for case in [*list(hostile_speech(folder))[:: BY_HAND["speech"]], *damaged(sounds, JOBS["speech"], SEED + 1)]:
        if case.content:
            yield f"recording, {case.name}", photo, case.content


@pytest.mark.slow
@pytest.mark.timeout(900 * SCALE)
def test_hostile_jobs_end_in_words_and_leave_the_service_as_it_was(real_service: Service, tmp_path: Path) -> None:
    service = real_service
    assert service.process is not None
    engine = psutil.Process(service.process.pid)
    photo, speech = tmp_path / "photo", tmp_path / "speech"
    (worker,) = engine.children()
    names: Dict[str, str] = {}
    with service.client() as client:
        for name, photo_bytes, speech_bytes in pairs(tmp_path):
            photo.write_bytes(photo_bytes)
            speech.write_bytes(speech_bytes)
            names[client.submit(photo, speech).job.id] = name
        assert len(names) >= 50
        ends = {names[job_id]: list(client.events(job_id))[-1].job for job_id in names}
        allowed = codes(PhotoError) | codes(SpeechError)
        failures = {name: job.failure for name, job in ends.items() if job.failure is not None}
        assert {name: failure for name, failure in failures.items() if failure.code not in allowed} == {}
        assert {name for name, job in ends.items() if job.crashes} == set()
        for job_id, name in names.items():
            if ends[name].state is State.DONE:
                client.save(job_id, tmp_path / "video.mp4")
                assert (tmp_path / "video.mp4").read_bytes()[4:8] == b"ftyp", name
        seen = Counter(failure.code for failure in failures.values())
        assert len(seen) >= 5 and len(failures) < len(ends), f"too tame: {seen}"

        assert client.health().status == "ok"
        assert engine.children() == [worker]  # the same: no file brought it down
        for _ in patiently():
            if worker.children() == []:
                break
        for job_id in names:
            client.delete(job_id)
    assert files_below(service.state / "jobs") == []
    assert service.uploads() == []
    text = service.log.read_text()
    assert "Traceback" not in text
    assert str(tmp_path) not in text


# --- requests ---------------------------------------------------------------------------------------------------------

BOUNDARY = b"----------------boundary"


def requests() -> Dict[str, bytes]:
    """Good ones of each kind, as they go over the wire."""

    def part(name: bytes, content: bytes, more: bytes = b"") -> bytes:
        head = b'Content-Disposition: form-data; name="' + name + b'"' + more
        return b"--" + BOUNDARY + b"\r\n" + head + b"\r\n\r\n" + content + b"\r\n"

    form = (
        part(b"options", b'{"seed": 3}') + part(b"photo", b"photo", b'; filename="../../etc/passwd"')
        + part(b"speech", b"toy:segments=1\n", b"; filename*=utf-8''%2e%2e%2fx") + b"--" + BOUNDARY + b"--\r\n"
    )  # fmt: skip
    kind = b"Content-Type: multipart/form-data; boundary=" + BOUNDARY + b"\r\n"
    head = b" HTTP/1.1\r\nHost: engine\r\nConnection: close\r\n"
    post = b"POST /v1/jobs" + head + kind
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(form[at : at + 50]), form[at : at + 50]) for at in range(0, len(form), 50))
    return {
        "upload": post + b"Content-Length: %d\r\n\r\n" % len(form) + form,
        "chunked upload": post + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n",
        "list": b"GET /v1/jobs?limit=5&state=done&before=7" + head + b"\r\n",
        "one": b"GET /v1/jobs/0123456789abcdef0123456789abcdef" + head + b"\r\n",
        "video": b"GET /v1/jobs/0123456789abcdef0123456789abcdef/video" + head + b"Range: bytes=0-9,5-\r\n\r\n",
    }


def answer_to(service: Service, request: bytes) -> bytes:
    """What comes back when it is sent and nothing more follows."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(PATIENCE_SECONDS)
        connection.connect(str(service.socket))
        answer = b""
        try:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            while True:
                piece = connection.recv(1 << 16)
                if not piece:
                    return answer
                answer += piece
        except (ConnectionResetError, BrokenPipeError):
            return answer


@pytest.mark.slow
def test_damaged_requests_are_answered_or_cut_off(service: Service) -> None:
    statuses: Counter[bytes] = Counter()
    wrong: List[Tuple[Case, bytes]] = []
    for case in damaged(requests(), 400 * SCALE, SEED):
        answer = answer_to(service, case.content)
        status = answer[:12]
        statuses[status] += 1
        if answer and (not status.startswith(b"HTTP/1.1 ") or status.endswith(b" 500")):
            wrong.append((case, answer))
    assert wrong == []
    assert len(statuses) >= 4, f"too tame: {statuses}"
    with service.client() as client:
        assert client.health().status == "ok"
        client.wipe()
    for _ in patiently():
        if service.uploads() == []:
            break
    assert files_below(service.state / "jobs") == []
    assert "Traceback" not in service.log.read_text()
    assert not (service.state.parent.parent / "etc").exists()
