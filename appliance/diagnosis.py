"""What this machine has for the appliance's work. Reads, never changes anything; no finding is an exception."""

from __future__ import annotations

import http.client
import json
import os
import platform
import shutil
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict, List

from .board import PROBLEM, Finding, examine_board
from .engine.storage.audit import verify
from .engine.storage.folders import Folders
from .errors import NpuError, SonicError
from .models import THIRD_PARTY, ModelStore
from .pipeline.ffmpeg import find_encoder, find_ffmpeg
from .pipeline.runtime.acl import device_nodes
from .pipeline.runtime.select import choose, load_network, statuses, usable_cores
from .settings import ListenSettings, RetentionSettings
from .settings_file import file_in_force, load_settings

LITTLE_SPACE = 1 << 30
"""Bytes; an hour of video with its temporary files needs about as much."""

ANSWER_SECONDS = 2.0
"""How long the engine may take to say that it is there."""


@dataclass(frozen=True)
class Problem:
    """Something for which `make` could not work, or the engine should not be trusted."""

    code: str
    message: str
    action: str
    exit_code: int


@dataclass(frozen=True)
class Diagnosis:
    """``sections``: title → lines of {"name", "value", ...}, for people and machines alike."""

    sections: Dict[str, List[Dict[str, Any]]]
    problems: List[Problem]


def examine(ascend: bool = False) -> Diagnosis:
    """Look at everything that `appliance make` depends on, and at the devices that a kiosk would use.

    ``ascend``: look at the board too, and try every network.
    """
    store = ModelStore()
    problems: List[Problem] = []

    def note(error: SonicError) -> str:
        problem = Problem(error.code, error.message, error.action, error.exit_code)
        if problem not in problems:
            problems.append(problem)
        return error.message

    def attempt(look: Callable[[], str]) -> str:
        try:
            return look()
        except SonicError as error:
            return note(error)

    sections = {
        "Machine": _machine(),
        "Run times": [
            *(_line(s.name, f"{'yes' if s.available else 'no'}: {s.reason}", **_facts(s)) for s in statuses(store)),
            _line("choice", attempt(lambda: choose("auto", None, store).reason)),
            _line("networks", attempt(lambda: _loaded(store))),
        ],
        "Models": [_line("folder", str(store.folder), state=attempt(lambda: _whole(store))), *_model_lines(store)],
        "ffmpeg": [
            _line("reads files", attempt(lambda: _ffmpeg(find_ffmpeg()))),
            _line("makes videos", attempt(lambda: _ffmpeg(find_encoder()))),
        ],
        "Devices": [
            _line("cameras", _listed(Path("/dev").glob("video[0-9]*"))),
            _line("ALSA", _alsa()),
            _line("NPU", ", ".join(device_nodes()) or "none"),
        ],
        "Engine": _engine(note),
        "Space": [_space("here", Path.cwd()), _space("models", store.folder)],
    }
    if ascend:
        board = examine_board(store)
        sections.update({title: [_finding_line(item) for item in items] for title, items in board.items()})
        wrong = (item for items in board.values() for item in items if item.state == PROBLEM)
        problems += [_board_problem(item) for item in wrong]
    return Diagnosis(sections, problems)


def _finding_line(finding: Finding) -> Dict[str, Any]:
    more = f". {finding.meaning} {finding.action}" if finding.action else ""
    facts = {"state": finding.state, "found": finding.value, "meaning": finding.meaning, "action": finding.action}
    return _line(finding.name, f"{finding.state}: {finding.value}{more}", **facts)


def _board_problem(finding: Finding) -> Problem:
    message = f"{finding.name}: {finding.value}. {finding.meaning}"
    return Problem(NpuError.code, message, finding.action, NpuError.exit_code)


def _line(name: str, value: str, **facts: Any) -> Dict[str, Any]:
    return {"name": name, "value": value, **facts}


def _facts(status: Any) -> Dict[str, Any]:
    return {"available": status.available, "precisions": list(status.precisions)}


def _machine() -> List[Dict[str, Any]]:
    memory = _memory()
    return [
        _line("Python", f"{platform.python_implementation()} {platform.python_version()}, {sys.executable}"),
        _line("system", f"{platform.platform()}, {' '.join(platform.libc_ver())}"),
        _line("CPU", f"{_cpu_model()}, {usable_cores()} of {os.cpu_count()} cores usable"),
        _line("memory", f"{memory.get('MemAvailable', 0) >> 20} of {memory.get('MemTotal', 0) >> 20} MB available"),
    ]


def _cpu_model() -> str:
    for line in _text("/proc/cpuinfo").splitlines():
        name, _, value = line.partition(":")
        if name.strip() in ("model name", "Model"):
            return value.strip()
    return platform.machine()


def _memory() -> Dict[str, int]:
    """/proc/meminfo in bytes."""
    fields = (line.split() for line in _text("/proc/meminfo").splitlines())
    return {name.rstrip(":"): int(value) << 10 for name, value, *_ in fields}


def _whole(store: ModelStore) -> str:
    """Raises for the first model that is missing or damaged."""
    for item in THIRD_PARTY:
        store.path(item.name)
    for name, entry in store.manifest().networks.items():
        for file in entry.files:
            store.network_file(name, file.runtime, file.precision)
    for data in store.manifest().data:
        store.data_file(data.file)
    return "ok"


def _loaded(store: ModelStore) -> str:
    """Raises for the first network that cannot be loaded."""
    names = sorted({"sonic", "sonic_denoiser", *store.manifest().networks})
    for name in names:
        load_network(store, name).close()
    return f"{', '.join(names)}: all can be loaded"


def _model_lines(store: ModelStore) -> List[Dict[str, Any]]:
    return [
        _line(f.name, f"{f.state}, {f.bytes:,} bytes, sha256 {f.sha256 or '?'}", state=f.state, path=str(f.path))
        for f in store.files()
    ]


def _ffmpeg(path: str) -> str:
    said = subprocess.run([path, "-version"], stdin=subprocess.DEVNULL, capture_output=True, text=True).stdout
    version = " ".join(said.split()[:3])
    whose = "the system's" if path == shutil.which("ffmpeg") else "imageio-ffmpeg's"
    return f"{path}, {version}: {whose}"


def _alsa() -> str:
    cards = [line.strip() for line in _text("/proc/asound/cards").splitlines() if "]:" in line]
    return "; ".join(cards) or "none"


def _engine(note: Callable[[SonicError], str]) -> List[Dict[str, Any]]:
    """An engine that does not run is no problem: `make` works without."""
    try:
        settings = load_settings()
    except SonicError as error:
        return [_line("settings", note(error))]
    folders = Folders(settings.engine.state)
    return [
        _line("settings", str(file_in_force() or "defaults, no file")),
        _line("state folder", f"{folders.state}, {_state_folder(folders.state)}"),
        _line("audit trail", _audit(folders, note)),
        _line("socket", f"{settings.engine.socket}, {_answer(settings.engine.socket)}"),
        _line("consent", "required" if settings.consent.required else "not asked for"),
        _line("listens", _listener(settings.listen)),
        _line("retention", _retention(settings.retention)),
    ]


def _state_folder(path: Path) -> str:
    try:
        mode = path.stat().st_mode & 0o777
    except FileNotFoundError:
        return "not there yet"
    except OSError as error:
        return f"not to be seen: {error.strerror}"
    return "for its user alone" if mode & 0o077 == 0 else f"open to others, mode {mode:o}"


def _audit(folders: Folders, note: Callable[[SonicError], str]) -> str:
    """A trail that this user may not read is no problem, a broken one is."""
    if not os.access(str(folders.state), os.R_OK | os.X_OK):
        return "not there, or not to be read by this user"
    try:
        report = verify(folders.audit)
        report.check()
    except SonicError as error:
        return note(error)
    repair = "; a power cut left the last line to be repaired" if report.unfinished else ""
    return f"whole, {report.lines:,} lines, last hash {report.hash}{repair}" if report.lines else "empty"


def _answer(path: Path) -> str:
    """By the standard library alone: the client of the engine is an extra."""
    try:
        with socket.socket(socket.AF_UNIX) as stream:
            stream.settimeout(ANSWER_SECONDS)
            stream.connect(str(path))
            stream.sendall(b"GET /v1/health HTTP/1.1\r\nHost: engine\r\nConnection: close\r\n\r\n")
            response = http.client.HTTPResponse(stream)
            response.begin()
            health = json.loads(response.read())
        return f"answers: {health['status']}"
    except PermissionError:
        return "not open to this user"
    except (FileNotFoundError, ConnectionRefusedError):
        return "no engine is running"
    except (OSError, http.client.HTTPException, ValueError, LookupError, TypeError):
        return "something is there, but it does not answer as an engine does"


def _listener(listen: ListenSettings) -> str:
    if not listen.host:
        return "on the socket alone, no network"
    token = "" if listen.token_file.exists() else f", but {listen.token_file} is missing, so nobody gets in"
    return f"on {listen.host} port {listen.port}, with a token{token}"


def _retention(retention: RetentionSettings) -> str:
    return (
        f"{retention.days:g} days, failed jobs {retention.failed_days:g}; "
        f"oldest first where less than {retention.keep_free_megabytes:,} MB are free"
    )


def _listed(paths: Any) -> str:
    return ", ".join(sorted(str(path) for path in paths)) or "none"


def _space(name: str, folder: Path) -> Dict[str, Any]:
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(str(existing)).free
    little = " (little: an hour of video may not fit)" if free < LITTLE_SPACE else ""
    return _line(name, f"{free >> 20:,} MB free in {existing}{little}", bytes=free)


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
