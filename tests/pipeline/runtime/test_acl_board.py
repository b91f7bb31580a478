"""The whole appliance with its networks on the NPU, played by the double: a video, and what it says of itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List

import numpy as np
import pytest
from boards import install, on_board
from media import ENGLISH, encode

from appliance.demo import write_portrait
from appliance.models import ModelStore
from appliance.pipeline.video import read_video

FRAMES = 35


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory, store: ModelStore) -> Path:
    folder = tmp_path_factory.mktemp("board")
    install(folder)
    write_portrait(folder / "portrait.png")
    encode(ENGLISH, folder / "speech.wav", "-t", str(FRAMES / 25))
    return folder


def make(board: Path, name: str, runtime: str, **npu: Any) -> Dict[str, Any]:
    """The last event of `appliance make`; the video is ``name``.mp4."""
    arguments = [
        "make",
        board / "portrait.png",
        board / "speech.wav",
        "-o",
        board / f"{name}.mp4",
        "--runtime",
        runtime,
    ]
    done, complaints = on_board(board, *arguments, "--min-resolution", 384, "--json", **npu)
    assert done.returncode == 0, done.stdout + done.stderr
    assert complaints == []
    found: Dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def video(board: Path) -> Path:
    """Made on the board, which chooses the NPU by itself."""
    result = make(board, "npu", "auto", profile="cann50")
    assert (result["runtime"], result["precision"], result["frames"]) == ("acl", "int8", FRAMES)
    return board / "npu.mp4"


@pytest.mark.slow
@pytest.mark.py37
def test_a_face_speaks_on_the_npu_as_it_does_on_the_processor(board: Path, video: Path) -> None:
    make(board, "cpu", "onnx")
    ours, theirs = ([frame.astype(int) for frame in read_video(path)] for path in (video, board / "cpu.mp4"))
    assert len(ours) == len(theirs) == FRAMES
    for here, there in zip(ours, theirs):
        assert np.abs(here - there).mean() < 2
        assert np.percentile(np.abs(here - there), 99.9) < 20
    assert max(np.percentile(np.abs(frame - ours[0]), 99.9) for frame in ours) > 40, "nothing moves"


@pytest.mark.slow
def test_in_a_host_with_another_cann_it_is_the_same_file(board: Path, video: Path) -> None:
    make(board, "host", "auto", profile="cann6", run_mode=1)
    assert (board / "host.mp4").read_bytes() == video.read_bytes()


def test_doctor_and_verify_see_the_npu(board: Path) -> None:
    done, complaints = on_board(board, "doctor", "--json")
    assert complaints == []
    lines: List[Dict[str, Any]] = json.loads(done.stdout)["sections"]["Run times"]
    said = {line["name"]: line for line in lines}
    assert (said["acl"]["available"], said["acl"]["precisions"]) == (True, ["fp32", "int8"])
    assert said["choice"]["value"].startswith("acl: first that can run here; int8")
    assert "all can be loaded" in said["networks"]["value"]
    assert done.returncode == 0, done.stdout
    done, complaints = on_board(board, "models", "verify")
    assert (done.returncode, complaints) == (0, []), done.stdout
    assert "sonic_painter on acl, int8" in done.stdout


def test_a_board_of_another_kind_is_told_apart(board: Path) -> None:
    done, _ = on_board(board, "doctor", "--json", soc="Ascend310B4")
    assert done.returncode == 5
    (problem,) = json.loads(done.stdout)["problems"]
    assert problem["code"] == "model_mismatch"
    assert "was compiled for Ascend310; this machine has Ascend310B4" in problem["message"]
