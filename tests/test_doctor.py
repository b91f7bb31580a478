"""`appliance doctor`: what it finds, and that its exit code can be relied on."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from helpers import appliance

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
    assert "ffmpeg version" in found["sections"]["ffmpeg"][0]["value"]


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
    choice = json.loads(done.stdout)["sections"]["ffmpeg"][0]["value"]
    assert str(poor) not in choice


def test_npu_is_explained(store: ModelStore) -> None:
    if Path("/dev/davinci0").exists():
        pytest.skip("this machine has an NPU")
    acl = next(
        s for s in json.loads(appliance("doctor", "--json").stdout)["sections"]["Run times"] if s["name"] == "acl"
    )
    assert "acl" in acl["value"]
