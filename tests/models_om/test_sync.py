"""The lip-sync expert: its codes, its training, and what it makes of shipped sentences."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Tuple

import numpy as np
import pytest

from appliance.models import ModelStore
from appliance.pipeline.motion import MotionModel
from appliance.pipeline.speech import load_speech
from appliance.settings import MakeOptions
from models_om.judge import sync
from models_om.judge.ranking_scores import Pair
from models_om.judge.sync import SyncExpert, best_offset, ranked_first_of_shifts

needs_mindspore = pytest.mark.skipif(
    importlib.util.find_spec("mindspore") is None, reason="MindSpore is not installed (extra: train)"
)
SENTENCES = Path(__file__).resolve().parents[2] / "appliance" / "bench" / "sentences"


def moved(name: str, store: ModelStore, folder: Path) -> Tuple[np.ndarray, np.ndarray]:
    """Mel and generated motion of a shipped sentence."""
    model = MotionModel(store, "onnx")
    with load_speech(SENTENCES / f"{name}.opus", folder, store) as speech:
        blocks = list(model.generate(speech, MakeOptions(inference_steps=10)))
        mel = speech.mel(0, speech.frames)
    model.close()
    return mel, np.concatenate([block.coefficients for block in blocks])


def test_codes_are_of_unit_length_and_one_a_window() -> None:
    draw = np.random.default_rng(0)
    pair = SyncExpert().pair(draw.normal(0, 0.3, (80, 160)).astype(np.float32), draw.random((43, 32), np.float32))
    assert pair.speech.shape == pair.motion.shape == (5, 64)
    for codes in pair:
        np.testing.assert_allclose(np.linalg.norm(codes, axis=1), 1, atol=1e-3)


def test_a_clip_too_short_for_a_window_has_no_codes() -> None:
    pair = SyncExpert().pair(np.zeros((80, 19 * 4), np.float32), np.zeros((19, 32), np.float32))
    assert pair.speech.shape[0] == pair.motion.shape[0] == 0


@pytest.mark.parametrize("late", [-4, 0, 3])
def test_the_offset_is_positive_when_the_motion_is_late(late: int) -> None:
    codes = np.random.default_rng(1).standard_normal((60, 64)).astype(np.float32)
    assert best_offset(Pair(codes, np.roll(codes, late, axis=0))) == late


def test_shifted_codes_do_not_rank_first() -> None:
    codes = np.random.default_rng(1).standard_normal((12, 64)).astype(np.float32)
    assert ranked_first_of_shifts([Pair(codes, codes)]) == 100
    assert ranked_first_of_shifts([Pair(codes, np.roll(codes, 1, axis=0))]) == 0


@pytest.mark.parametrize("name", ["english_0_bf_emma", "mandarin_0_zf_xiaoxiao"])
def test_a_shipped_sentence_fits_its_own_motion_best(name: str, store: ModelStore, tmp_path: Path) -> None:
    mel, coefficients = moved(name, store, tmp_path)
    expert = SyncExpert()
    own = expert.pair(mel, coefficients)
    assert ranked_first_of_shifts([own]) == 100
    assert abs(expert.lag(mel, coefficients)) <= 2


@needs_mindspore
def test_the_file_is_the_cell(tmp_path: Path) -> None:
    import mindspore as ms

    from models_om.export.sync import to_onnx
    from models_om.networks import sync as networks

    ms.set_seed(3)
    cell = networks.SyncExpert()
    cell.set_train(False)
    to_onnx(cell, tmp_path / "expert.onnx")
    draw = np.random.default_rng(0)
    mel, motion = draw.normal(0, 0.3, (80, 160)).astype(np.float32), draw.random((40, 32), np.float32)
    codes = cell(ms.Tensor(sync.windows_of_speech(mel)), ms.Tensor(sync.windows_of_motion(motion)))
    for ours, theirs in zip(SyncExpert(tmp_path / "expert.onnx").pair(mel, motion), codes):
        np.testing.assert_allclose(ours, theirs.asnumpy(), atol=1e-4)
    assert sum(parameter.size for parameter in cell.trainable_params()) < 1e6


@needs_mindspore
def test_a_toy_pairing_is_learnt(tmp_path: Path) -> None:
    """A jaw that opens with the sound: after few steps the right window beats windows at other times and elsewhere."""
    import mindspore as ms

    from models_om.train.sync import held_out_pairs, load_expert, train_sync

    draw, count = np.random.default_rng(0), 44
    frames = np.full(count, 80)
    loud = np.repeat(draw.random(frames.sum() // 4), 4)
    coefficients = np.zeros((len(loud), 32), np.float16)
    coefficients[:, 0] = loud
    np.savez(
        tmp_path / "corpus.npz", power=(np.repeat(loud, 4)[:, None] * 4 - 4 + np.zeros(80)).astype(np.float16),
        coefficients=coefficients, gap=loud.astype(np.float32), silent=np.zeros(len(loud), bool), frames=frames,
        name=np.arange(count).astype(str), source=np.repeat("grid", count), voice=np.repeat("s1", count),
        split=np.where(np.arange(count) < 24, "train", "held_out"),
    )  # fmt: skip
    ms.set_context(mode=ms.GRAPH_MODE, device_target="CPU")
    ms.set_seed(1)
    train_sync(tmp_path, 120, 8, 3e-3)
    ((_, pairs),) = held_out_pairs(load_expert(tmp_path), dict(np.load(tmp_path / "corpus.npz")))
    assert sync.ranked_first(pairs) >= 90
