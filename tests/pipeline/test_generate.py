"""The whole way, from a real photo and a real recording to the finished file."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List

import numpy as np
import pytest

from appliance.demo import RECORDINGS, write_portrait
from appliance.errors import DurationMismatch, FaceChoiceInvalid, PhotoNotFound, SonicError, SpeechNotFound, UsageError
from appliance.models import ModelStore
from appliance.pipeline.face import FaceFinder
from appliance.pipeline.ffmpeg import Ffmpeg, input_file, local_file
from appliance.pipeline.generate import STAGES, FaceTaken, Progress, Result, make_video
from appliance.pipeline.photo import Photo
from appliance.pipeline.runtime import mindspore_lite
from appliance.pipeline.video import Segment, read_video
from appliance.settings import FRAME_RATE, MakeOptions

REPOSITORY = Path(__file__).resolve().parent.parent.parent
SECONDS = 2.2
WELL_UNDER_WAY = 45
"""Frames after which ffmpeg must have begun its file, however much it and the pipe hold back."""
QUICK = MakeOptions(min_resolution=384, inference_steps=2)

slow = pytest.mark.slow


@pytest.fixture(scope="session")
def portrait(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("photo") / "portrait.png"
    write_portrait(path)
    return path


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first 2.2 s of the English demo recording."""
    path = tmp_path_factory.mktemp("speech") / "speech.wav"
    with Ffmpeg([*input_file(RECORDINGS[1]), "-t", str(SECONDS), local_file(path)]) as ffmpeg:
        assert ffmpeg.wait() == 0
    return path


def run(photo: Path, speech: Path, out: Path, options: MakeOptions, store: ModelStore) -> List[Any]:
    return list(make_video(photo, speech, out, options, store))


def ffprobe(path: Path) -> Dict[str, Any]:
    if shutil.which("ffprobe") is None:
        pytest.skip("ffprobe is not installed")
    command = ["ffprobe", "-v", "error", "-show_format", "-show_streams", "-count_packets", "-of", "json", str(path)]
    found = json.loads(subprocess.check_output(command))
    streams = {stream["codec_type"]: stream for stream in found["streams"]}
    return {**streams, "format": found["format"]}


def lip_gaps(path: Path, store: ModelStore) -> np.ndarray:
    """Inner lip gap of every frame, as a share of the face height, read back by the face mesh."""
    finder = FaceFinder(store)
    gaps, portrait = [], None
    for frame in read_video(path):
        photo = Photo(frame)
        portrait = portrait and finder.track(photo, portrait)
        if portrait is None:
            (portrait,) = finder.find(photo)
        mesh = portrait.mesh[:, :2]
        gaps.append(np.linalg.norm(mesh[13] - mesh[14]) / np.linalg.norm(mesh[10] - mesh[152]))
    return np.array(gaps)


@slow
@pytest.mark.parametrize("runtime", ["onnx", pytest.param("mindspore_lite", marks=pytest.mark.py37)])
def test_a_face_speaks(runtime: str, portrait: Path, recording: Path, tmp_path: Path, store: ModelStore) -> None:
    if runtime == "mindspore_lite" and mindspore_lite.obstacle():
        pytest.skip(str(mindspore_lite.obstacle()))
    out = tmp_path / "out.mp4"
    seen = run(portrait, recording, out, MakeOptions(runtime=runtime), store)

    result = seen[-1]
    assert isinstance(result, Result)
    assert (result.runtime, result.frames, result.width, result.height) == (runtime, 55, 512, 512)
    assert (result.face_number, result.face_count) == (1, 1)
    assert [event for event in seen if isinstance(event, FaceTaken)] == [FaceTaken(1, 1)]
    segments = [event for event in seen if isinstance(event, Segment)]
    assert segments == [Segment(0, 0, 16), Segment(1, 16, 24), Segment(2, 40, 15)]
    stages = [event.stage for event in seen if isinstance(event, Progress)]
    assert sorted(set(stages), key=stages.index) == list(STAGES)
    frames_told = [event.done for event in seen if isinstance(event, Progress) and event.stage == "video"]
    assert frames_told == list(range(56))
    assert os.listdir(str(tmp_path)) == ["out.mp4"]

    gaps = lip_gaps(out, store)
    assert len(gaps) == 55
    assert gaps.max() - gaps.min() > 0.02, "the mouth hardly moves"

    found = ffprobe(out)
    video, audio = found["video"], found["audio"]
    assert (video["codec_name"], video["profile"], video["pix_fmt"]) == ("h264", "High", "yuv420p")
    assert (video["width"], video["height"], video["r_frame_rate"]) == (512, 512, "25/1")
    assert int(video["nb_read_packets"]) == 55
    assert (audio["codec_name"], audio["sample_rate"]) == ("aac", "48000")
    assert abs(float(video["duration"]) - SECONDS) <= 0.5 / FRAME_RATE
    assert abs(float(audio["duration"]) - SECONDS) <= 0.5 / FRAME_RATE
    label = json.loads(found["format"]["tags"]["AIGC"])
    assert (label["Label"], label["ContentProducer"]) == ("1", "sonic-appliance")
    assert out.read_bytes().index(b"moov") < out.read_bytes().index(b"mdat"), "not for progressive playback"


@slow
def test_same_seed_same_bytes(portrait: Path, recording: Path, tmp_path: Path, store: ModelStore) -> None:
    videos = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        out = tmp_path / f"{name}.mp4"
        run(portrait, recording, out, dataclasses.replace(QUICK, seed=seed), store)
        videos.append(out.read_bytes())
    assert videos[0] == videos[1]
    assert videos[0] != videos[2]


@slow
def test_full_framing_keeps_the_photo_around_the_face(recording: Path, tmp_path: Path, store: ModelStore) -> None:
    from PIL import Image

    write_portrait(tmp_path / "square.png")
    with Image.open(str(tmp_path / "square.png")) as square:
        wide = Image.new("RGB", (900, 512), (30, 90, 160))
        wide.paste(square, (0, 0))
        wide.save(str(tmp_path / "wide.png"))
    options = dataclasses.replace(QUICK, framing="full", label="none", head_scale=2.0)
    out = tmp_path / "out.mp4"
    result = run(tmp_path / "wide.png", recording, out, options, store)[-1]
    assert result.height == 384
    assert abs(result.width - 384 * 900 / 512) <= 1
    for frame in read_video(out):
        assert np.abs(frame[:, 500:].astype(int) - (30, 90, 160)).max() <= 6


@slow
def test_closing_the_generator_leaves_nothing(
    portrait: Path, recording: Path, tmp_path: Path, store: ModelStore
) -> None:
    events = make_video(portrait, recording, tmp_path / "out.mp4", QUICK, store)
    for event in events:
        if event == Progress("video", WELL_UNDER_WAY, 55):
            break
    assert os.listdir(str(tmp_path)) != []
    events.close()
    assert os.listdir(str(tmp_path)) == []


FAULTS = {
    "no photo": ({"photo": "none.png"}, {}, PhotoNotFound),
    "no recording": ({"speech": "none.wav"}, {}, SpeechNotFound),
    "photo for sound": ({"speech": "photo"}, {}, SonicError),
    "sound for photo": ({"photo": "speech"}, {}, SonicError),
    "no such face": ({}, {"face": 2}, FaceChoiceInvalid),
    "other duration": ({}, {"duration": 2.25}, DurationMismatch),
    "output is the photo": ({"out": "photo"}, {}, UsageError),
    "output is the recording": ({"out": "speech"}, {}, UsageError),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_refused_run_leaves_what_was_there(
    fault: str, portrait: Path, recording: Path, tmp_path: Path, store: ModelStore
) -> None:
    changes, knobs, error = FAULTS[fault]
    files = {"photo": tmp_path / "photo.png", "speech": tmp_path / "speech.wav", "out": tmp_path / "out.mp4"}
    shutil.copy(str(portrait), str(files["photo"]))
    shutil.copy(str(recording), str(files["speech"]))
    files["out"].write_bytes(b"an earlier video")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    used = {**files, **{name: files.get(value, tmp_path / value) for name, value in changes.items()}}
    with pytest.raises(error) as caught:
        run(used["photo"], used["speech"], used["out"], dataclasses.replace(QUICK, **knobs), store)
    assert isinstance(caught.value, SonicError)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_right_duration_is_accepted_to_half_a_frame(
    portrait: Path, recording: Path, tmp_path: Path, store: ModelStore
) -> None:
    options = dataclasses.replace(QUICK, duration=SECONDS + 0.4 / FRAME_RATE)
    events = make_video(portrait, recording, tmp_path / "out.mp4", options, store)
    assert any(event == Progress("speech", 1, 1) for event in events)


def start(portrait: Path, recording: Path, out: Path) -> subprocess.Popen[str]:
    """A run of the command line that is well under way."""
    command = [sys.executable, "-m", "appliance", "make", str(portrait), str(recording), "-o", str(out), "--json"]
    variables = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    # A test run in the background of a shell is born deaf to Ctrl-C; the run under test must not be.
    ours = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=variables, text=True)
    signal.signal(signal.SIGINT, ours)
    assert process.stdout is not None
    for line in process.stdout:
        event = json.loads(line)
        if event.get("stage") == "video" and event["done"] >= WELL_UNDER_WAY:
            return process
    raise AssertionError(f"ended before the video: {line}")


@slow
def test_a_killed_run_leaves_one_file_that_the_next_removes(
    portrait: Path, recording: Path, tmp_path: Path, store: ModelStore
) -> None:
    out = tmp_path / "out.mp4"
    process = start(portrait, recording, out)
    process.kill()
    process.wait()
    process.stdout.close()  # type: ignore[union-attr]
    (left,) = os.listdir(str(tmp_path))
    assert left.startswith(".out.mp4.")
    run(portrait, recording, out, QUICK, store)
    assert os.listdir(str(tmp_path)) == ["out.mp4"]


@slow
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_cleans_up(stop: int, portrait: Path, recording: Path, tmp_path: Path) -> None:
    process = start(portrait, recording, tmp_path / "out.mp4")
    process.send_signal(stop)
    rest, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert json.loads(rest.splitlines()[-1])["code"] == "interrupted"
    assert os.listdir(str(tmp_path)) == []
