"""Training windows and judging: what must hold for a trained network to mean what its figures say."""

from __future__ import annotations

import importlib.util
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Dict

import cv2
import numpy as np
import pytest

from models_om.ict.lips import IctBasis

needs_mindspore = pytest.mark.skipif(
    importlib.util.find_spec("mindspore") is None, reason="MindSpore is not installed (extra: train)"
)


def test_jaw_opens_and_closing_shuts_in_the_basis() -> None:
    coefficients = np.zeros((2, 32), np.float32)
    coefficients[0, 0] = 0.5
    coefficients[1, 4] = 0.5
    opened, shut = IctBasis.load().lip_gap(coefficients)
    assert opened > 0.05 > 0 > shut


def training_process(work: Path, steps: int) -> subprocess.Popen:
    """The toy training in a process of its own."""
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}
    script = root / "tests" / "models_om" / "toy_training.py"
    return subprocess.Popen([sys.executable, str(script), str(work), str(steps)], env=environment, cwd=root,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)  # fmt: skip


def wait_for_save(process: subprocess.Popen, checkpoint: Path) -> None:
    """Until the process has written a checkpoint of its own."""
    before = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
    while not checkpoint.exists() or checkpoint.stat().st_mtime_ns == before:
        assert process.poll() is None, process.stdout.read().decode()
        time.sleep(0.002)


def saved_values(checkpoint: Path) -> Dict[str, bytes]:
    """Everything in a checkpoint, to the bit."""
    import mindspore as ms

    return {key: value.asnumpy().tobytes() for key, value in ms.load_checkpoint(str(checkpoint)).items()}


@needs_mindspore
@pytest.mark.timeout(1200)  # five starts of MindSpore
def test_a_killed_training_ends_with_the_same_bits(tmp_path: Path) -> None:
    """Weights, running average, optimiser, history: SIGKILL twice, most likely amid a save, then SIGTERM once."""
    with training_process(tmp_path / "whole", 60) as whole:
        assert whole.wait() == 0, whole.stdout.read().decode()
    checkpoint, chance = tmp_path / "killed" / "toy.ckpt", random.Random(3)
    for stop in (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM):
        with training_process(checkpoint.parent, 60) as process:
            wait_for_save(process, checkpoint)
            time.sleep(chance.uniform(0, 0.1))
            process.send_signal(stop)
            assert process.wait() in (-stop, 128 + stop), process.stdout.read().decode()
    (checkpoint.parent / "toy.part.ckpt").write_bytes(b"half a checkpoint")
    with training_process(checkpoint.parent, 60) as process:
        output = process.communicate()[0].decode()
    assert process.returncode == 0 and "going on at step" in output, output
    assert saved_values(checkpoint) == saved_values(tmp_path / "whole" / "toy.ckpt")
    assert not list(checkpoint.parent.glob("*.part.*"))


@needs_mindspore
def test_every_loss_term_is_recorded_and_drawn(tmp_path: Path) -> None:
    from .toy_training import SHARES, train

    train(tmp_path, 40)
    history = json.loads((tmp_path / "toy.json").read_text())
    assert [row["step"] for row in history["training"]] == [10, 20, 30, 40] == [r["step"] for r in history["held_out"]]
    for row in history["training"]:
        assert row["loss"] == pytest.approx(SHARES[0] * row["level"] + SHARES[1] * row["change"], rel=1e-5)
    picture = cv2.imread(str(tmp_path / "toy.png")).reshape(-1, 3)
    for colour in ((190, 100, 20), (20, 110, 235)):
        assert (np.abs(picture.astype(int) - colour).max(1) < 30).sum() > 40


@needs_mindspore
def test_the_average_lags_behind_the_weights_and_may_be_loaded(tmp_path: Path) -> None:
    from mindspore import nn

    from models_om.networks.blocks import ConvNorm, TimeBlock
    from models_om.train.loop import load_cell

    def loaded(work: Path, averaged: bool) -> np.ndarray:
        network = nn.SequentialCell(ConvNorm(4, 8, (1, 3)), TimeBlock(8, 1, dropout=0.3), nn.Conv2d(8, 1, 1))
        load_cell(network, "network", work / "toy.ckpt", averaged)
        return network[2].weight.asnumpy()

    from .toy_training import train

    network = train(tmp_path / "with", 20)
    np.testing.assert_array_equal(loaded(tmp_path / "with", averaged=False), network[2].weight.asnumpy())
    assert np.abs(loaded(tmp_path / "with", averaged=True) - network[2].weight.asnumpy()).max() > 1e-4
    train(tmp_path / "without", 20, average=0.0)
    np.testing.assert_array_equal(
        loaded(tmp_path / "without", averaged=True), loaded(tmp_path / "without", averaged=False)
    )


@needs_mindspore
def test_the_first_average_is_the_first_weights(tmp_path: Path) -> None:
    """An average that started from nothing would be a tenth of them."""
    from .toy_training import train

    network = train(tmp_path, 1)
    saved = saved_values(tmp_path / "toy.ckpt")
    average = np.frombuffer(saved["average:network:2.weight"], np.float32)
    np.testing.assert_allclose(average, network[2].weight.asnumpy().ravel(), rtol=1e-5)


def test_ticks_are_round_and_inside() -> None:
    from models_om.train.plot import ticks

    assert ticks(0.009, 1.1, True) == pytest.approx([0.01, 0.03, 0.1, 0.3, 1.0])
    assert ticks(0.31, 0.46, True) == pytest.approx([0.35, 0.4, 0.45])
    assert ticks(0, 1800, False) == pytest.approx([0, 500, 1000, 1500])


@needs_mindspore
def test_dropout_keeps_its_share_of_channels_and_its_choices() -> None:
    import mindspore as ms

    from models_om.networks.dropout import ChannelDropout

    dropout, ones = ChannelDropout(200, 0.25), ms.Tensor(np.ones((16, 200, 1, 2), np.float32))
    dropout.set_train(True)
    first = dropout(ones).asnumpy()
    np.testing.assert_array_equal(first, dropout(ones).asnumpy())
    assert set(np.unique(first)) == {np.float32(0), np.float32(1 / 0.75)}
    assert (first == 0).mean() == pytest.approx(0.25, abs=0.03)
    dropout.redraw(np.random.default_rng(0))
    assert (dropout(ones).asnumpy() != first).mean() == pytest.approx(2 * 0.25 * 0.75, abs=0.05)
    dropout.set_train(False)
    np.testing.assert_array_equal(dropout(ones).asnumpy(), ones.asnumpy())
