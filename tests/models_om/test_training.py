"""Training windows, judging and export: what must hold for a trained network to mean what its figures say."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from pathlib import Path
from typing import Dict

import numpy as np
import pytest

from models_om.ict.lips import IctBasis
from models_om.judge.measures import correlation
from models_om.manifest import BUILT, HERE
from models_om.train.augment import Windows, closure_weights

needs_mindspore = pytest.mark.skipif(
    importlib.util.find_spec("mindspore") is None, reason="MindSpore is not installed (extra: train)"
)


@pytest.fixture()
def corpus() -> Dict[str, np.ndarray]:
    """Two sources, three voices; jawOpen is 1 while the bands sound and 0 while they do not."""
    generator = np.random.default_rng(0)
    frames = np.array([100, 60, 300])
    sounding = np.repeat(generator.random(frames.sum() // 10) < 0.5, 10)
    coefficients = np.zeros((frames.sum(), 32), np.float16)
    coefficients[:, 0] = sounding
    power = np.where(np.repeat(sounding, 4)[:, None], 0.0, -9.0) * np.ones(80)
    return {
        "power": power.astype(np.float16), "coefficients": coefficients, "weight": np.ones(frames.sum(), np.float32),
        "frames": frames, "split": np.array(["train", "train", "train"]),
        "source": np.array(["grid", "grid", "facegood"]), "voice": np.array(["s1", "s4", "facegood"]),
    }  # fmt: skip


def test_windows_keep_sound_and_face_together(corpus: Dict[str, np.ndarray]) -> None:
    mel, coefficients, weight = Windows(corpus, seed=1).batch(64)
    assert mel.shape == (64, 1, 80, 160) and coefficients.shape == (64, 32, 1, 40) and weight.shape == (64, 1, 1, 40)
    loudness = np.median(mel[:, 0], axis=1).reshape(64, 40, 4).mean(2)
    assert correlation(loudness.ravel(), coefficients[:, 0, 0].ravel()) > 0.6
    shifted = np.roll(loudness, 4, axis=1)
    assert correlation(shifted.ravel(), coefficients[:, 0, 0].ravel()) < 0.5


def test_windows_repeat_with_the_random_state(corpus: Dict[str, np.ndarray]) -> None:
    windows = Windows(corpus, seed=1)
    windows.batch(4)
    state = windows.generator.bit_generator.state
    expected = windows.batch(4)
    again = Windows(corpus, seed=7)
    again.generator.bit_generator.state = state
    for ours, theirs in zip(again.batch(4)[1:], expected[1:]):
        assert np.array_equal(ours, theirs)


def test_held_out_recordings_are_never_drawn(corpus: Dict[str, np.ndarray]) -> None:
    corpus["split"] = np.array(["held_out", "unseen", "train"])
    corpus["coefficients"][:160, 5] = 1.0
    for _ in range(5):
        assert np.all(Windows(corpus, seed=3).batch(32).coefficients[:, 5] == 0)


def test_closed_lips_weigh_more() -> None:
    weights = closure_weights(np.array([0.0, 0.05]), np.array([False, False]), spread=0.025)
    assert weights[0] > 1.5 * weights[1]


def test_the_manifest_is_of_the_files_beside_it() -> None:
    manifest = json.loads((HERE / "manifest.json").read_text())
    files = [file for network in manifest["networks"].values() for file in network["files"]] + manifest["data"]
    assert {file["file"] for file in files} >= {f"built/{path.name}" for path in BUILT.glob("*.npz")}
    for file in files:
        content = (HERE / file["file"]).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (file["bytes"], file["sha256"]), file["file"]
    assert sum(file["bytes"] for file in files) < 25e6


def test_jaw_opens_and_closing_shuts_in_the_basis() -> None:
    coefficients = np.zeros((2, 32), np.float32)
    coefficients[0, 0] = 0.5
    coefficients[1, 4] = 0.5
    opened, shut = IctBasis.load().lip_gap(coefficients)
    assert opened > 0.05 > 0 > shut


@needs_mindspore
def test_training_goes_on_from_a_checkpoint_as_if_it_had_not_stopped(tmp_path: Path) -> None:
    import mindspore as ms
    from mindspore import nn

    from models_om.train.loop import Trainer, load_cell

    def run(work: Path, *stops: int) -> np.ndarray:
        work.mkdir()
        for stop in stops:
            ms.set_seed(1)
            generator = np.random.default_rng(0)
            cell = nn.Dense(3, 1, weight_init="zeros")

            class Loss(nn.Cell):
                def __init__(self, dense: nn.Cell) -> None:
                    super().__init__()
                    self.dense = dense

                def construct(self, x: ms.Tensor, y: ms.Tensor) -> ms.Tensor:
                    return ((self.dense(x) - y) ** 2).mean()

            def batch(draw: np.random.Generator = generator) -> list:
                x = draw.standard_normal((8, 3)).astype(np.float32)
                return [x, x.sum(1, keepdims=True)]

            trainer = Trainer("toy", {"dense": cell}, Loss(cell), 20, 0.05, work)
            trainer.stop_at = stop
            trainer.run(batch, generator, judge=dict, judge_every=1000)
        load_cell(cell, "dense", work / "toy.ckpt")
        return cell.weight.asnumpy()

    np.testing.assert_allclose(run(tmp_path / "once", 20), run(tmp_path / "twice", 9, 20), rtol=1e-5)


@needs_mindspore
def test_export_keeps_every_value_and_leaves_no_batch_norm(tmp_path: Path) -> None:
    import mindspore as ms
    import onnx
    import onnxruntime

    from models_om.export import onnx_graph
    from models_om.networks import SpeechEncoder

    ms.set_seed(2)
    network = SpeechEncoder(width=16)
    for name, parameter in network.parameters_and_names():
        if "moving" in name:
            values = np.random.default_rng(0).uniform(0.5, 1.5, parameter.shape)
            parameter.set_data(ms.Tensor(values.astype(np.float32)))
    network.set_train(False)
    mel = np.random.default_rng(1).standard_normal((1, 1, 80, 160)).astype(np.float32)
    ms.export(network, ms.Tensor(mel), file_name=str(tmp_path / "raw"), file_format="ONNX")
    model = onnx_graph.tidy(onnx.load(tmp_path / "raw.onnx"), "speech", ["audio_input"], ["condition"])
    assert {node.op_type for node in model.graph.node} <= {"Conv", "Relu", "Add", "Concat", "Sigmoid"}
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    ours = session.run(["condition"], {"audio_input": mel})[0]
    np.testing.assert_allclose(ours, network(ms.Tensor(mel)).asnumpy(), atol=1e-4)
