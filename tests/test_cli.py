"""The command line as its users meet it: a process with arguments, output and an exit code."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import REPOSITORY, appliance, events

from appliance.commands.knobs import flag
from appliance.models import THIRD_PARTY, ModelStore
from appliance.settings import MakeOptions


def test_help_shows_every_knob_and_the_exit_codes() -> None:
    done = appliance("make", "--help", COLUMNS="300")
    assert done.returncode == 0
    for knob in dataclasses.fields(MakeOptions):
        assert flag(knob) in done.stdout
        assert knob.metadata["help"] in " ".join(done.stdout.split())
    assert "384 … 1024 px; default: 512" in done.stdout
    assert "130  interrupted" in done.stdout


def test_help_does_not_wait_for_heavy_imports() -> None:
    heavy = {"cv2", "onnxruntime", "scipy", "PIL", "soxr"}
    check = f"import sys, appliance.cli; print(sorted({heavy} & set(sys.modules)))"
    assert subprocess.check_output([sys.executable, "-c", check], cwd=str(REPOSITORY), text=True).strip() == "[]"


WRONG_USAGE = {
    "no output": ["p.png", "s.wav"],
    "no speech": ["p.png", "-o", "o.mp4"],
    "unknown option": ["p.png", "s.wav", "-o", "o.mp4", "--colour=red"],
    "no number": ["p.png", "s.wav", "-o", "o.mp4", "--seed=one"],
    "out of range": ["p.png", "s.wav", "-o", "o.mp4", "--min-resolution=300"],
    "not a number": ["p.png", "s.wav", "-o", "o.mp4", "--smooth=nan"],
    "no such choice": ["p.png", "s.wav", "-o", "o.mp4", "--framing=tall"],
}


@pytest.mark.parametrize("case", WRONG_USAGE)
def test_wrong_usage(case: str, tmp_path: Path) -> None:
    people = appliance("make", *WRONG_USAGE[case])
    assert (people.returncode, people.stdout) == (2, "")
    assert "Traceback" not in people.stderr
    machine = appliance("make", "--json", *WRONG_USAGE[case])
    assert machine.returncode == 2
    (error,) = events(machine.stdout)
    assert error["code"] == "usage"
    assert "make --help" in error["action"]
    assert error["message"].split(".")[0] in " ".join(people.stderr.split())


def test_without_models_it_says_how_to_get_them(tmp_path: Path) -> None:
    done = appliance("make", "p.png", "s.wav", "-o", tmp_path / "o.mp4", SONIC_MODELS=str(tmp_path / "none"))
    assert done.returncode == 5
    assert "appliance models fetch" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_detail_only_when_asked_for(tmp_path: Path) -> None:
    arguments = ["make", "p.png", "s.wav", "-o", str(tmp_path / "o.mp4")]
    nowhere = {"SONIC_MODELS": str(tmp_path / "none")}
    assert "No such file" not in appliance(*arguments, **nowhere).stderr
    assert "No such file" in appliance(*arguments, "--verbose", **nowhere).stderr


def test_few_inference_steps_are_warned_about(tmp_path: Path) -> None:
    arguments = ["make", "p.png", "s.wav", "-o", tmp_path / "no" / "o.mp4", "--inference-steps"]
    assert "coarse" in appliance(*arguments, 9).stderr
    assert "coarse" not in appliance(*arguments, 10).stderr
    first = events(appliance(*arguments, 9, "--json").stdout)[0]
    assert (first["event"], "coarse" in first["message"]) == ("warning", True)


@pytest.mark.parametrize("target", ["no/o.mp4", "."])
def test_output_that_cannot_be_written_is_refused_before_any_work(tmp_path: Path, target: str) -> None:
    done = appliance("make", "--json", "p.png", "s.wav", "-o", tmp_path / target)
    assert done.returncode == 6
    assert [event["event"] for event in events(done.stdout)] == ["error"]


def test_models_are_fetched_from_a_folder_and_listed(store: ModelStore, tmp_path: Path) -> None:
    here = {"SONIC_MODELS": str(tmp_path / "models")}
    assert appliance("models", "fetch", "--from", store.folder, **here).returncode == 0
    listed = events(appliance("models", "list", "--json", **here).stdout)
    states = {line["name"]: line["state"] for line in listed if line["path"].startswith(str(tmp_path))}
    assert states == {item.name: "ok" for item in THIRD_PARTY}
    (tmp_path / "models" / "face_detector.tflite").write_bytes(b"")
    assert "corrupt" in appliance("models", "list", **here).stdout


def test_fetching_from_a_folder_that_is_not_there(tmp_path: Path) -> None:
    done = appliance("models", "fetch", "--from", tmp_path / "none", "--json", SONIC_MODELS=str(tmp_path / "models"))
    assert done.returncode == 5
    assert events(done.stdout)[-1]["code"] == "model_missing"


def test_version_and_entry_point_agree() -> None:
    from appliance import __version__

    assert appliance("--version").stdout.split()[-1] == __version__
    assert f"version = {__version__}" in (REPOSITORY / "setup.cfg").read_text(encoding="utf-8")
