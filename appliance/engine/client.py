"""The engine as its front ends see it: typed calls over its Unix socket, or over the network with a token."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import json
import os
import socket as socketlib
import time
import uuid
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Callable, Dict, Iterator, List, Optional, Tuple, Type, TypeVar

import httpx

from ..errors import (
    DiskFull,
    EngineError,
    EngineUnavailable,
    JobNotFound,
    OutputError,
    PhotoNotFound,
    SonicError,
    SpeechNotFound,
)
from ..settings import MakeOptions
from .job import Failure, Job, Priority, State
from .view import Health, JobView, LiveProgress

PATIENCE_SECONDS = 60.0
"""How long the engine may be away in the middle of a call, to be started again, before the call fails."""
FIRST_WAIT_SECONDS = 0.1
LONGEST_WAIT_SECONDS = 2.0

CONNECT_SECONDS = 10.0
TIMEOUT = httpx.Timeout(30.0, connect=CONNECT_SECONDS)
UPLOAD_TIMEOUT = httpx.Timeout(300.0, connect=CONNECT_SECONDS)
EVENTS_TIMEOUT = httpx.Timeout(60.0, connect=CONNECT_SECONDS)
"""The engine says every 15 s that it is still there."""
STREAM_TIMEOUT = httpx.Timeout(60.0, connect=CONNECT_SECONDS, read=None)
"""The first segment comes when the job's turn comes."""

T = TypeVar("T")


class EngineClient:
    """Calls raise the errors of `appliance.errors` that the engine answers with, and `EngineUnavailable` if none does.

    A call that finds no engine fails at once. If the connection is lost in the middle, because the engine is started
    again, the call is repeated until ``patience`` seconds have passed. A context manager; one thread at a time, but any
    may `interrupt`.
    """

    def __init__(
        self, socket: Optional[Path] = None, url: str = "", token: str = "", patience: float = PATIENCE_SECONDS
    ) -> None:
        """``socket``: of the engine on this machine. Else ``url`` and ``token`` of one that listens elsewhere."""
        self._patience = patience
        self._socket = socket
        self._interrupted = False
        self._sockets: List[socketlib.socket] = []
        """Of the open connections, and some that were closed."""
        transport = httpx.HTTPTransport(uds=str(socket)) if socket is not None else None
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        base = "http://engine" if socket is not None else url
        self._http = httpx.Client(transport=transport, base_url=base, headers=headers, timeout=TIMEOUT, trust_env=False)

    def __enter__(self) -> EngineClient:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Any, trace: Optional[TracebackType]) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def interrupt(self) -> None:
        """End at once, from any thread, what is going on: that call and all later ones raise `EngineUnavailable`."""
        self._interrupted = True
        for connection in list(self._sockets):
            _cut(connection)

    # --- jobs ---------------------------------------------------------------------------------------------------------

    def submit(
        self,
        photo: Path,
        speech: Path,
        options: Optional[MakeOptions] = None,
        priority: Priority = Priority.NORMAL,
        consent: bool = False,
        key: Optional[str] = None,
    ) -> JobView:
        """Put a job into the queue. The files are sent without their names.

        ``key``: the same key with the same contents gives the same job; by default every call makes a new one. Raises
        `PhotoNotFound`, `SpeechNotFound`, `QueueFull`, `StorageFull`, `UploadTooLarge`, `ConsentMissing`, `UsageError`,
        `IdempotencyConflict`.
        """
        fields = {
            "options": json.dumps(_changed(options or MakeOptions())),
            "priority": priority.name.lower(),
            "consent": "true" if consent else "false",
        }
        headers = {"Idempotency-Key": key or uuid.uuid4().hex}

        def send() -> JobView:
            with _opened(photo, PhotoNotFound()) as photo_file, _opened(speech, SpeechNotFound()) as speech_file:
                files = {"photo": ("photo", photo_file), "speech": ("speech", speech_file)}
                answer = self._call(
                    "POST", "/v1/jobs", data=fields, files=files, headers=headers, timeout=UPLOAD_TIMEOUT
                )
                return _view(answer.json())

        return self._lasting(send)

    def jobs(self, state: Optional[State] = None, limit: int = 100, before: Optional[int] = None) -> List[JobView]:
        """Newest first; ``before``: only jobs of a smaller sequence number, for the next page."""
        wanted: Dict[str, Any] = {"state": state and state.value, "limit": limit, "before": before}
        query = {name: value for name, value in wanted.items() if value is not None}
        answer = self._lasting(lambda: self._call("GET", "/v1/jobs", params=query))
        return [_view(job) for job in answer.json()["jobs"]]

    def find(self, key: str) -> Optional[JobView]:
        """The job that was submitted with this idempotency key, also by a call whose answer was never heard."""
        found = self._lasting(lambda: self._call("GET", "/v1/jobs", params={"key": key})).json()["jobs"]
        return _view(found[0]) if found else None

    def job(self, job_id: str) -> JobView:
        """Raises `JobNotFound`."""
        return _view(self._lasting(lambda: self._call("GET", _path(job_id))).json())

    def events(self, job_id: str) -> Iterator[JobView]:
        """The job now and whenever something changes; ends after the state done or failed. Raises `JobNotFound`."""
        path = _path(job_id, "/events")
        patience = _Patience(self._patience)
        while True:
            try:
                with self._opened("GET", path, timeout=EVENTS_TIMEOUT) as answer:
                    for name, data in _server_sent(answer.iter_lines()):
                        patience.begin()
                        if name == "deleted":
                            raise JobNotFound(job_id)
                        view = _view(data)
                        yield view
                        if view.job.state in (State.DONE, State.FAILED):
                            return
                lost = EngineUnavailable("the events ended early")
            except EngineUnavailable as error:
                lost = error
            patience.wait(lost)

    def save(self, job_id: str, path: Path) -> None:
        """Write the finished video to ``path``, which appears only when it is whole.

        Raises `JobNotFound`, `VideoNotReady`, `OutputError`, `DiskFull`.
        """
        path = Path(path)
        part = path.with_name(f".{path.name}.part-{uuid.uuid4().hex}")
        try:
            with open(str(part), "xb") as file:
                self._download(_path(job_id, "/video"), file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(str(part), str(path))
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            raise (DiskFull if full else OutputError)(str(error.strerror)) from error
        finally:
            with contextlib.suppress(OSError):
                part.unlink()

    def stream(self, job_id: str) -> Iterator[bytes]:
        """The video while it is made: a fragmented MP4 in pieces, the first as soon as one can be watched.

        Raises `JobNotFound`, `VideoNotReady`; `EngineUnavailable` when it stops before its end.
        """
        with self._opened("GET", _path(job_id, "/stream"), timeout=STREAM_TIMEOUT) as answer:
            yield from answer.iter_raw()

    def link(self, job_id: str) -> Tuple[str, float]:
        """Where another device in the local network finds the finished video: the part behind the appliance's address,
        and how many seconds it leads there. Raises `JobNotFound`, `VideoNotReady`, `LinkUnavailable`."""
        answer = self._lasting(lambda: self._call("POST", _path(job_id, "/link"))).json()
        return answer["path"], answer["seconds"]

    def delete(self, job_id: str) -> None:
        """Cancel the job if it is being made, and remove everything of it. Raises `JobNotFound`."""
        self._lasting(lambda: self._call("DELETE", _path(job_id)), gone_is_done=True)

    def wipe(self, expired: bool = False) -> int:
        """Delete all jobs, or only those that have been kept long enough; how many there were."""
        query = {"expired": "true"} if expired else {}
        deleted: int = self._lasting(lambda: self._call("DELETE", "/v1/jobs", params=query)).json()["deleted"]
        return deleted

    def health(self) -> Health:
        """How the engine is, also when it is not well."""
        with self._opened("GET", "/v1/health", accepted=(200, 503)) as answer:
            answer.read()
            if "status" not in _json(answer) or not isinstance(_json(answer)["status"], str):
                raise _error(answer)
            return Health(**_known(Health, answer.json()))

    # --- inside -------------------------------------------------------------------------------------------------------

    def _call(self, method: str, path: str, **request: Any) -> httpx.Response:
        with self._opened(method, path, **request) as answer:
            answer.read()
            return answer

    @contextlib.contextmanager
    def _opened(self, method: str, path: str, accepted: Any = (), **request: Any) -> Iterator[httpx.Response]:
        """An answer whose body is still to come. Raises what the engine answers, `EngineUnavailable` without answer."""
        if self._interrupted:
            raise _Interrupted("interrupted")
        try:
            with self._http.stream(method, path, extensions={"trace": self._trace}, **request) as answer:
                if answer.status_code >= 400 and answer.status_code not in accepted:
                    answer.read()
                    raise _error(answer)
                yield answer
        except httpx.HTTPError as error:
            kind = _Absent if isinstance(error, httpx.ConnectError) else EngineUnavailable
            raise kind(f"{type(error).__name__}: {error}") from error

    def _trace(self, event: str, info: Dict[str, Any]) -> None:
        """Told by httpcore of every step; remembers the sockets, for only the end of one wakes who waits for it."""
        if event == "connection.connect_unix_socket.started":
            self._knock()
        if event.startswith("connection.connect_") and event.endswith(".complete"):
            opened = info["return_value"].get_extra_info("socket")
            self._sockets = [known for known in self._sockets if known.fileno() >= 0] + [opened]
            if self._interrupted:
                _cut(opened)

    def _knock(self) -> None:
        """Is anybody there? httpx does not say who was refused by the file's mode, and leaves the socket open."""
        with socketlib.socket(socketlib.AF_UNIX, socketlib.SOCK_STREAM) as probe:
            probe.settimeout(CONNECT_SECONDS)
            try:
                probe.connect(str(self._socket))
            except PermissionError as error:
                raise _Absent(
                    str(error),
                    message="Your user may not speak to the engine.",
                    action="Ask whoever runs this appliance to put you into the group that may.",
                ) from error
            except OSError as error:
                raise _Absent(str(error)) from error

    def _lasting(self, call: Callable[[], T], gone_is_done: bool = False) -> Any:
        """The call, repeated while the engine is being started again."""
        patience = _Patience(self._patience, begun=False)
        while True:
            try:
                return call()
            except JobNotFound:
                if gone_is_done and patience.begun:
                    return None  # by the call whose answer was lost
                raise
            except EngineUnavailable as error:
                patience.wait(error)

    def _download(self, path: str, file: BinaryIO) -> None:
        """The whole of what lies under an address; after a lost connection only what is missing."""
        patience, tag = _Patience(self._patience), ""
        while True:
            headers = {"Range": f"bytes={file.tell()}-", "If-Range": tag} if tag and file.tell() else {}
            try:
                with self._opened("GET", path, headers=headers) as answer:
                    if answer.status_code != 206:
                        file.seek(0)
                        file.truncate()
                    tag = answer.headers.get("etag", "")
                    for piece in answer.iter_raw():
                        patience.begin()
                        file.write(piece)
                return
            except EngineUnavailable as error:
                patience.wait(error)


class _Absent(EngineUnavailable):
    """Nobody listens at the address, or not to us."""


class _Interrupted(EngineUnavailable):
    """Whoever called wants to hear no more."""


class _Patience:
    """How long to go on without the engine: not at all before the first contact, then ``seconds`` from each loss on."""

    def __init__(self, seconds: float, begun: bool = False) -> None:
        self._seconds = seconds
        self.begun = begun
        self._deadline = 0.0
        self._pause = FIRST_WAIT_SECONDS

    def begin(self) -> None:
        """The engine is there."""
        self.begun, self._deadline, self._pause = True, 0.0, FIRST_WAIT_SECONDS

    def wait(self, error: EngineUnavailable) -> None:
        """Before the next attempt. Raises ``error`` when there shall be none."""
        if isinstance(error, _Interrupted) or (isinstance(error, _Absent) and not self.begun):
            raise error
        self.begun = True
        now = time.monotonic()
        self._deadline = self._deadline or now + self._seconds
        if now + self._pause > self._deadline:
            raise error
        time.sleep(self._pause)
        self._pause = min(2 * self._pause, LONGEST_WAIT_SECONDS)


def _cut(connection: socketlib.socket) -> None:
    with contextlib.suppress(OSError):  # it is closed already
        connection.shutdown(socketlib.SHUT_RDWR)


def _path(job_id: str, rest: str = "") -> str:
    """Raises `JobNotFound` for what cannot be the number of a job."""
    if len(job_id) != 32 or set(job_id) - set("0123456789abcdef"):
        raise JobNotFound(message="That is not the number of a job: it has 32 digits from 0 to f.")
    return f"/v1/jobs/{job_id}{rest}"


def _opened(path: Path, missing: SonicError) -> BinaryIO:
    try:
        return open(str(path), "rb")
    except OSError as error:
        raise missing from error


def _changed(options: MakeOptions) -> Dict[str, Any]:
    fields = dataclasses.fields(options)
    return {knob.name: getattr(options, knob.name) for knob in fields if getattr(options, knob.name) != knob.default}


def _server_sent(lines: Iterator[str]) -> Iterator[Any]:
    """(event name, data) of a stream of server-sent events, as far as the engine uses the format."""
    name, data = "", ""
    for line in lines:
        field, _, value = line.rstrip("\r\n").partition(":")
        if field == "event":
            name = value.strip()
        elif field == "data":
            data += value.strip()
        elif not line and data:
            yield name, json.loads(data)
            name, data = "", ""


def _view(data: Dict[str, Any]) -> JobView:
    job = {**_known(Job, data), "state": State(data["state"]), "priority": Priority[data["priority"].upper()]}
    if data.get("failure"):
        job["failure"] = Failure(**_known(Failure, data["failure"]))
    progress = LiveProgress(**_known(LiveProgress, data["progress"])) if data.get("progress") else None
    return JobView(Job(**job), data.get("position"), progress)


def _known(kind: Any, data: Dict[str, Any]) -> Dict[str, Any]:
    """What a newer engine says beyond is left out."""
    names = {field.name for field in dataclasses.fields(kind)}
    return {name: value for name, value in data.items() if name in names}


def _json(answer: httpx.Response) -> Dict[str, Any]:
    try:
        data = answer.json()
    except ValueError:
        data = None
    return data if isinstance(data, dict) else {}


def _error(answer: httpx.Response) -> SonicError:
    """The error that a problem document tells of."""
    data = _json(answer)
    code, action, detail = (str(data.get(name, "")) for name in ("code", "action", "detail"))
    message = detail[: -len(action)] if action and detail.endswith(action) else detail
    return error_of(Failure(code, message.strip(), action), f"HTTP status {answer.status_code}")


def error_of(failure: Failure, detail: str = "") -> SonicError:
    """The error of `appliance.errors` that is meant; `EngineError` for one that this program does not know."""
    kind = _kinds(SonicError).get(failure.code, EngineError)
    return kind(detail or failure.code, message=failure.message or None, action=failure.action or None)


def _kinds(root: Type[SonicError]) -> Dict[str, Type[SonicError]]:
    found = {root.code: root}
    for kind in root.__subclasses__():
        if kind.__module__ == root.__module__:
            found.update(_kinds(kind))
    return found
