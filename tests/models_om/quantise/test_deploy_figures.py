"""What INT8 costs on Ascend 310: measured on what the networks are really given, and told in the document."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, List

import numpy as np
import pytest

import models_om.export  # noqa: F401  (before onnx)

pytest.importorskip("onnx")

from appliance.demo import RECORDINGS
from appliance.errors import UsageError
from appliance.models import ModelStore
from appliance.pipeline.motion.sampler import WINDOW
from appliance.pipeline.runtime.select import load_network
from appliance.pipeline.speech.recording import load_speech
from models_om.export.recipes import MOTION_GOAL, float_file, int8_file
from models_om.quantise.compare import Comparison, Noise, Run, arithmetics, compare
from models_om.quantise.deploy import deploy_graph, read
from models_om.quantise.ends import motion_noise, mouth_noise
from models_om.quantise.inputs import RUN_TIME, Listener, portraits
from models_om.quantise.report import DOCUMENT, End, tables, write

Feeds = List[Dict[str, np.ndarray]]


@pytest.fixture(scope="module")
def heard(store: ModelStore, tmp_path_factory: pytest.TempPathFactory) -> Feeds:
    """Three windows of the demo's English."""
    with load_speech(RECORDINGS[1], tmp_path_factory.mktemp("speech"), store) as speech:
        mels = [speech.mel(first, WINDOW) for first in (20, 60, 100)]
    image = np.zeros((1, 3, 224, 224), np.float32)
    return [{"audio_input": np.ascontiguousarray(mel[None, None]), "image_input": image} for mel in mels]


@pytest.fixture(scope="module")
def compared(heard: Feeds) -> Comparison:
    model, record = read(float_file("sonic"))
    return compare(model, deploy_graph(model, record), heard[:1], int8_file("sonic"))


def runs_of(name: str) -> Dict[str, Run]:
    model, record = read(float_file(name))
    return arithmetics(model, deploy_graph(model, record), int8_file(name))


def test_faces_move_as_they_do_in_float32(heard: Feeds) -> None:
    noises = motion_noise(runs_of("sonic"), runs_of("sonic_denoiser"), heard)
    assert set(noises) == {"exact", "half", "runtime"}
    for noise in noises.values():
        # The goal is for many recordings, these are three windows of one.
        assert 0 < noise.rms < 2 * MOTION_GOAL and noise.count == 3 * 32 * WINDOW


def test_layers_of_real_speech_are_heard_through_int8(compared: Comparison) -> None:
    assert compared.outputs["condition"]["half"].decibels > 28
    spoken = [noise for name, noise in compared.layers.items() if int(name[5:]) < 78]  # the rest looks at the picture
    assert min(noise.half.decibels for noise in spoken) > 25


def test_only_colours_inside_the_mouth_are_judged() -> None:
    crop = np.zeros((1, 9, 160, 160), np.float32)
    crop[0, 3, 40:50, 40:60] = 1
    painted = {"float": 0.5, "half": 0.75}
    runs = {
        name: lambda feed, value=value: {"rgba": np.full((1, 4, 160, 160), value, np.float32)}
        for name, value in painted.items()
    }
    noise = mouth_noise(runs, [{"crop": crop}])["half"]
    assert noise.count == 3 * 200
    assert noise.rms == pytest.approx(0.75**2 - 0.5**2)


def test_what_a_network_is_given_is_kept_one_run_in_three(store: ModelStore) -> None:
    listener = Listener(load_network(store, "sonic_denoiser", *RUN_TIME), 3)
    feed = {spec.name: np.zeros(spec.shape, np.float32) for spec in listener.inputs}
    outputs = []
    for number in range(7):
        feed["motion"][:] = number  # callers may reuse their arrays
        outputs.append(listener.run(feed)["velocity"])
    listener.close()
    assert [float(kept["motion"].max()) for kept in listener.kept] == [0, 3, 6]
    assert np.abs(outputs[6] - outputs[0]).max() > 0


def test_portraits_are_spread_over_a_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no photos"):
        portraits(tmp_path)
    for number in range(9):
        (tmp_path / f"{number}.jpg").touch()
    (tmp_path / "README.md").touch()
    assert [path.name for path in portraits(tmp_path)] == ["0.jpg", "2.jpg", "4.jpg", "6.jpg"]


def test_the_document_tells_every_layer_and_what_nobody_knows(compared: Comparison, tmp_path: Path) -> None:
    noise = Noise()
    noise.add(np.ones(4), np.array([1.0, 1.0, 1.0, 1.02]))
    document = tmp_path / "figures.md"
    write(tables([compared], [End("the motion", {"half": noise}, 0.005)]), document)
    text = document.read_text()
    assert "| the motion |  |  | 0.0100 | 0.0050 |" in text
    rows = [line.split("|")[1:-1] for line in text.splitlines() if line.startswith("| conv_")]
    assert [row[0].strip() for row in rows] == list(compared.layers)
    # The compiler takes layers of 16 channels back to fp16.
    assert [row[0].strip() for row in rows if "fp16" in row[5]] == ["conv_80"]
    assert "Whether ATC takes the graphs" in text


def test_the_document_in_the_repository_is_of_the_networks_in_it() -> None:
    if not DOCUMENT.is_file():
        pytest.skip("an installed package has no docs")
    text = DOCUMENT.read_text()
    for name in ("sonic", "sonic_denoiser", "sonic_painter"):
        _, record = read(float_file(name))
        section = text.split(f"## `{name}`\n")[1].split("\n## ")[0]
        told = [line.split("|")[1].strip() for line in section.splitlines() if line.startswith("| conv_")]
        assert told == [layer["name"] for layer in record["layers"] if layer["precision"] == "int8"]
