"""Uploads as they go wrong: cut off, too slow, damaged, without end. None of them leaves anything behind."""

from __future__ import annotations

import asyncio
import os
import random
import socket
from pathlib import Path
from typing import Any, AsyncIterator, Dict, Iterator, List

import pytest
from engine import toy_worker
from engine.engines import run
from engine.services import Service, patiently

from appliance.engine.api import upload
from appliance.engine.api.problems import Refused
from appliance.engine.api.upload import Form, boundary_of, receive
from appliance.engine.job import State
from appliance.errors import EngineUnavailable, SonicError, UploadTooLarge

BOUNDARY = b"between"
LIMITS = {"photo": 1000, "speech": 5000, "options": 100}


def body(*parts: bytes, end: bytes = b"--between--\r\n") -> bytes:
    return b"".join(b"--between\r\n" + part + b"\r\n" for part in parts) + end


def part(name: str, content: bytes, more: bytes = b"") -> bytes:
    return b'Content-Disposition: form-data; name="' + name.encode() + b'"' + more + b"\r\n\r\n" + content


def form_in(folder: Path) -> Form:
    return Form(BOUNDARY, {"photo": folder / "photo", "speech": folder / "speech"}, LIMITS)


def read(form: Form, content: bytes, step: int) -> None:
    try:
        for start in range(0, len(content), step):
            form.feed(content[start : start + step])
        form.finish()
    finally:
        form.close()


@pytest.mark.parametrize("step", [1, 7, 64, 100_000])
def test_parts_arrive_as_they_were_sent_however_they_are_cut(step: int, tmp_path: Path) -> None:
    photo, speech = os.urandom(900), os.urandom(3000)
    speech = b"\r\n--betwee" + speech + b"\r\n--"
    form = form_in(tmp_path)
    read(form, body(part("options", b'{"seed": 1}'), part("speech", speech), part("photo", photo)), step)
    assert form.fields == {"options": '{"seed": 1}'}
    assert (tmp_path / "photo").read_bytes() == photo
    assert (tmp_path / "speech").read_bytes() == speech
    assert (tmp_path / "photo").stat().st_mode & 0o777 == 0o600


DAMAGED: Dict[str, bytes] = {
    "nothing": b"",
    "no boundary": b"hello" * 100,
    "another boundary": body(part("photo", b"x")).replace(b"between", b"beside"),
    "cut off": body(part("photo", b"x"), part("speech", b"y"))[:-20],
    "no end": body(part("photo", b"x"), part("speech", b"y"), end=b""),
    "no disposition": body(b"Content-Type: image/jpeg\r\n\r\nx"),
    "attachment": body(b'Content-Disposition: attachment; name="photo"\r\n\r\nx'),
    "no name": body(b"Content-Disposition: form-data\r\n\r\nx"),
    "path for a name": body(part("../photo", b"x")),
    "endless header": body(part("photo", b"x", b"; filename=" + b"a" * 10_000)),
    "many headers": body(b"X: y\r\n" * 5000 + part("photo", b"x")),
    "part twice": body(part("photo", b"x"), part("photo", b"y"), part("speech", b"y")),
    "empty part": body(part("photo", b""), part("speech", b"y")),
    "part missing": body(part("speech", b"y")),
    "no text": body(part("options", b"\xff\xfe"), part("photo", b"x"), part("speech", b"y")),
}


@pytest.mark.parametrize("case", DAMAGED)
@pytest.mark.parametrize("step", [1, 100_000])
def test_a_damaged_form_is_refused(case: str, step: int, tmp_path: Path) -> None:
    with pytest.raises(Refused):
        read(form_in(tmp_path), DAMAGED[case], step)


@pytest.mark.parametrize("name, size", [("photo", 1001), ("speech", 5001), ("options", 101)])
def test_no_part_is_longer_than_its_limit(name: str, size: int, tmp_path: Path) -> None:
    with pytest.raises(UploadTooLarge):
        read(form_in(tmp_path), body(part(name, b"x" * size)), 64)
    assert all(path.stat().st_size <= size for path in tmp_path.iterdir())


@pytest.mark.parametrize("around", [b"\r\n" * 100_000, b"x" * 200_000])
@pytest.mark.parametrize("place", ["before", "after"])
def test_what_stands_around_the_parts_counts_too(around: bytes, place: str, tmp_path: Path) -> None:
    whole = body(part("photo", b"x"), part("speech", b"y"))
    with pytest.raises(SonicError):
        read(form_in(tmp_path), around + whole if place == "before" else whole + around, 1000)


def test_mutated_forms_are_read_or_refused_but_break_nothing(tmp_path: Path) -> None:
    chance = random.Random(1)
    whole = body(part("photo", b"x" * 50), part("options", b"{}"), part("speech", b"y" * 50))
    for number in range(300):
        content = bytearray(whole)
        for _ in range(chance.randint(1, 8)):
            content[chance.randrange(len(content))] = chance.randrange(256)
        folder = tmp_path / str(number)
        folder.mkdir()
        try:
            read(form_in(folder), bytes(content), chance.choice((1, 13, 1000)))
        except SonicError:
            pass
        assert {path.name for path in folder.iterdir()} <= {"photo", "speech"}


@pytest.mark.parametrize(
    "header, status",
    [
        ("", 415), ("application/json", 415), ("multipart/mixed; boundary=x", 415), ("multipart/form-data", 400),
        ('multipart/form-data; boundary=""', 400), ("multipart/form-data; boundary=" + "x" * 71, 400),
    ],
)  # fmt: skip
def test_the_type_of_a_form_is_checked(header: str, status: int) -> None:
    with pytest.raises(Refused) as refused:
        boundary_of(header)
    assert refused.value.status == status


def test_an_upload_that_stands_still_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def stream() -> AsyncIterator[bytes]:
        yield b"--between\r\n"
        await asyncio.sleep(1000)

    async def test() -> None:
        with pytest.raises(Refused) as refused:
            await receive(stream(), form_in(tmp_path), asyncio.Event())
        assert refused.value.status == 408

    monkeypatch.setattr(upload, "IDLE_SECONDS", 0.05)
    run(test())


def test_an_upload_that_trickles_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def stream() -> AsyncIterator[bytes]:
        yield b"--between\r\n" + part("speech", b"")
        while True:
            await asyncio.sleep(0.01)
            yield b"x"

    async def test() -> None:
        form = form_in(tmp_path)
        with pytest.raises(Refused) as refused:
            await receive(stream(), form, asyncio.Event())
        assert refused.value.status == 408
        form.close()

    monkeypatch.setattr(upload, "GRACE_SECONDS", 0.1)
    run(test())


def test_an_upload_ends_when_the_engine_stops(tmp_path: Path) -> None:
    async def test() -> None:
        closing = asyncio.Event()

        async def stream() -> AsyncIterator[bytes]:
            yield b"--between\r\n"
            closing.set()
            await asyncio.sleep(1000)

        with pytest.raises(EngineUnavailable):
            await receive(stream(), form_in(tmp_path), closing)

    run(test())


# --- over a socket ----------------------------------------------------------------------------------------------------


def connected(service: Service) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(60)
    connection.connect(str(service.socket))
    return connection


def head(*lines: str) -> bytes:
    fixed = ["POST /v1/jobs HTTP/1.1", "Host: engine", "Content-Type: multipart/form-data; boundary=between"]
    return "\r\n".join([*fixed, *lines, "", ""]).encode()


def answered(connection: socket.socket) -> bytes:
    """The first bytes of an answer, which hold its status."""
    return connection.recv(65536)


def test_an_upload_that_is_wiped_meanwhile_is_refused(shared: Service) -> None:
    with connected(shared) as connection:
        connection.sendall(head("Content-Length: 600000") + b"--between\r\n" + part("photo", b"x" * 300_000))
        for _ in patiently():
            if shared.uploads():
                break
        with shared.client() as client:
            client.wipe()
        connection.sendall(b"\r\n--between\r\n" + part("speech", b"y" * 299_000))
        assert answered(connection).startswith(b"HTTP/1.1 400 ")


def test_a_lost_connection_leaves_nothing(shared: Service) -> None:
    with connected(shared) as connection:
        connection.sendall(head("Content-Length: 500000") + b"--between\r\n" + part("photo", b"x" * 300_000))
        for _ in patiently():
            if shared.uploads():
                break
    for _ in patiently():
        if not shared.uploads() and not list((shared.state / "incoming").iterdir()):
            break


def chunks(content: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(content), size):
        piece = content[start : start + size]
        yield f"{len(piece):x}\r\n".encode() + piece + b"\r\n"


def test_a_chunked_upload_without_a_length_is_taken(shared: Service) -> None:
    content = body(part("photo", b"photo"), part("speech", toy_worker.speech()))
    with connected(shared) as connection:
        connection.sendall(head("Transfer-Encoding: chunked") + b"".join(chunks(content, 10)) + b"0\r\n\r\n")
        assert answered(connection).startswith(b"HTTP/1.1 201 ")
    with shared.client() as client:
        newest = client.jobs(limit=1)[0].job.id
    shared.wait_for(newest, State.DONE)


def test_a_chunked_upload_is_refused_where_it_passes_the_limit(shared: Service) -> None:
    with connected(shared) as connection:
        first = b"--between\r\n" + part("photo", b"")
        connection.sendall(head("Transfer-Encoding: chunked") + next(chunks(first, 1000)))
        more = b"".join(chunks(b"x" * 100_000, 100_000))
        sent: List[bytes] = []
        connection.settimeout(0.05)
        reply: Any = b""
        while not reply and len(sent) < 100:
            connection.sendall(more)
            sent.append(more)
            try:
                reply = connection.recv(65536)
            except socket.timeout:
                pass
        assert reply.startswith(b"HTTP/1.1 413 ")
        assert len(sent) < 30
    for _ in patiently():
        if not shared.uploads():
            break


def test_an_announced_length_beyond_the_limits_is_refused_at_once(shared: Service) -> None:
    with connected(shared) as connection:
        connection.sendall(head("Content-Length: 999999999999"))
        assert answered(connection).startswith(b"HTTP/1.1 413 ")
    assert shared.uploads() == []
