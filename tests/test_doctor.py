"""`appliance doctor`: what it finds, and that its exit code can be relied on."""

from __future__ import annotations

import json
import os
import socket
import stat
import threading
from pathlib import Path
from typing import Dict

import pytest
from helpers import appliance

from appliance.engine.storage.audit import AuditTrail, verify
from appliance.errors import AuditBroken
from appliance.models import THIRD_PARTY, ModelStore


def test_a_machine_that_can_make_videos(store: ModelStore) -> None:
    done = appliance("doctor", "--json")
    assert done.returncode == 0, done.stdout
    found = json.loads(done.stdout)
    assert found["problems"] == []
    run_times = {line["name"]: line for line in found["sections"]["Run times"]}
    assert run_times["onnx"]["available"] is True
    assert run_times["acl"]["available"] is False
    assert run_times["choice"]["value"].startswith("onnx:")
    models = {line["name"]: line for line in found["sections"]["Models"]}
    for item in THIRD_PARTY:
        assert models[item.name]["state"] == "ok"
        assert item.sha256 in models[item.name]["value"]
    assert all("ffmpeg version" in line["value"] for line in found["sections"]["ffmpeg"])


def test_people_see_the_same(store: ModelStore) -> None:
    shown = appliance("doctor", COLUMNS="200").stdout
    wanted = (
        *("Python", "cores usable", "onnx", "face_detector.tflite", "ffmpeg", "NPU", "MB free"),
        "can work here",
    )
    assert [words for words in wanted if words not in shown] == []


def test_without_models(tmp_path: Path) -> None:
    done = appliance("doctor", "--json", SONIC_MODELS=str(tmp_path))
    assert done.returncode == 5
    (problem,) = json.loads(done.stdout)["problems"]
    assert problem["code"] == "model_missing"
    assert "models fetch" in problem["action"]


def test_ffmpeg_without_h264_is_passed_over(store: ModelStore, tmp_path: Path) -> None:
    poor = tmp_path / "ffmpeg"
    poor.write_text("#!/bin/sh\necho ' V..... mpeg4'\n")
    poor.chmod(poor.stat().st_mode | stat.S_IXUSR)
    done = appliance("doctor", "--json", PATH=f"{tmp_path}{os.pathsep}/bin")
    assert str(poor) not in json.dumps(json.loads(done.stdout)["sections"]["ffmpeg"])


def test_files_are_read_by_the_systems_ffmpeg_and_videos_made_by_the_one_that_starts_fast(tmp_path: Path) -> None:
    systems = tmp_path / "ffmpeg"
    systems.write_text("#!/bin/sh\necho ' V..... libx264 '\n")
    systems.chmod(systems.stat().st_mode | stat.S_IXUSR)
    done = appliance("doctor", "--json", PATH=f"{tmp_path}{os.pathsep}/bin")
    reads, makes = (line["value"] for line in json.loads(done.stdout)["sections"]["ffmpeg"])
    assert reads.startswith(str(systems)) and makes.endswith("imageio-ffmpeg's")


def test_npu_is_explained(store: ModelStore) -> None:
    if Path("/dev/davinci0").exists():
        pytest.skip("this machine has an NPU")
    acl = next(
        s for s in json.loads(appliance("doctor", "--json").stdout)["sections"]["Run times"] if s["name"] == "acl"
    )
    assert "acl" in acl["value"]


# --- the engine -------------------------------------------------------------------------------------------------------


STRANGER = "something is there, but it does not answer as an engine does"


def engine_lines(**environment: str) -> Dict[str, str]:
    """What doctor says of the engine, where nothing of it is a problem."""
    done = appliance("doctor", "--json", **environment)
    assert done.returncode == 0, done.stdout
    return {line["name"]: line["value"] for line in json.loads(done.stdout)["sections"]["Engine"]}


def answer_once(listener: socket.socket, answer: bytes) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(4096)
        connection.sendall(answer)


@pytest.fixture()
def state(tmp_path: Path) -> Path:
    """A state folder with an audit trail of three lines."""
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    for event in ("started", "submitted", "done"):
        AuditTrail(folder / "audit.jsonl").append(event)
    return folder


def test_an_engine_that_never_ran_is_no_problem(store: ModelStore, tmp_path: Path) -> None:
    found = engine_lines(SONIC_ENGINE_STATE=f"{tmp_path}/state", SONIC_ENGINE_SOCKET=f"{tmp_path}/engine.sock")
    assert found["state folder"] == f"{tmp_path}/state, not there yet"
    assert found["socket"] == f"{tmp_path}/engine.sock, no engine is running"
    assert found["consent"] == "not asked for"
    assert found["listens"] == "on the socket alone, no network"
    assert found["retention"].startswith("7 days, failed jobs 1; oldest first where less than 1,024 MB")


def test_the_settings_in_force_are_shown(store: ModelStore, tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(f'''
        [consent]
        required = true
        [listen]
        host = "192.168.1.20"
        token_file = "{tmp_path}/token"
        [retention]
        days = 0.5
        ''')
    found = engine_lines(SONIC_SETTINGS=str(file))
    assert found["settings"] == str(file)
    assert found["consent"] == "required"
    assert found["listens"].startswith("on 192.168.1.20 port 8008, with a token")
    assert "missing" in found["listens"]
    assert found["retention"].startswith("0.5 days")


def test_a_whole_audit_trail_is_confirmed_with_its_hash(store: ModelStore, state: Path) -> None:
    found = engine_lines(SONIC_ENGINE_STATE=str(state))
    assert found["audit trail"] == f"whole, 3 lines, last hash {verify(state / 'audit.jsonl').hash}"
    assert found["state folder"] == f"{state}, for its user alone"
    state.chmod(0o755)
    assert engine_lines(SONIC_ENGINE_STATE=str(state))["state folder"] == f"{state}, open to others, mode 755"


def test_a_power_cut_is_no_problem(store: ModelStore, state: Path) -> None:
    trail = state / "audit.jsonl"
    trail.write_bytes(trail.read_bytes()[:-20])
    assert "a power cut left the last line to be repaired" in engine_lines(SONIC_ENGINE_STATE=str(state))["audit trail"]


def test_a_changed_audit_trail_is_a_problem(store: ModelStore, state: Path) -> None:
    trail = state / "audit.jsonl"
    trail.write_bytes(trail.read_bytes().replace(b"submitted", b"forgotten"))
    done = appliance("doctor", "--json", SONIC_ENGINE_STATE=str(state))
    assert done.returncode == AuditBroken.exit_code
    (problem,) = json.loads(done.stdout)["problems"]
    assert (problem["code"], problem["action"]) == ("audit_broken", AuditBroken.action)
    assert "line 3" in problem["message"]


def test_settings_that_cannot_be_used_are_a_problem(store: ModelStore, tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("[limits]\nqueue = 5\n")
    done = appliance("doctor", "--json", SONIC_SETTINGS=str(file))
    assert done.returncode == 2
    (problem,) = json.loads(done.stdout)["problems"]
    assert problem["code"] == "settings_invalid"
    assert f"{file}, line 2" in problem["message"]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b'HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{"status":"ok"}', "answers: ok"),
        (b"SSH-2.0-OpenSSH\r\n", STRANGER),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]", STRANGER),
        (b"", STRANGER),
    ],
    ids=["an engine", "another service", "another API", "nothing"],
)  # fmt: skip
def test_whether_an_engine_answers(store: ModelStore, tmp_path: Path, answer: bytes, said: str) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        listener.listen(1)
        engine = threading.Thread(target=answer_once, args=(listener, answer), daemon=True)
        engine.start()
        found = engine_lines(SONIC_ENGINE_SOCKET=str(tmp_path / "s"))
        engine.join(timeout=60)
    assert found["socket"] == f"{tmp_path / 's'}, {said}"
    assert engine_lines(SONIC_ENGINE_SOCKET=str(tmp_path / "s"))["socket"].endswith(", no engine is running")
