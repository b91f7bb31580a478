"""Recordings become training pairs: the right face at the right time, on one scale."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from appliance.pipeline.coefficients import COEFFICIENTS, INDEX, MOUTH
from appliance.pipeline.speech.mel import LEAD, log_mel
from models_om.corpus import dataset, facegood, grid
from models_om.ict.lips import IctBasis

LIPS = [61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 185, 40, 39, 37, 0, 267, 269, 270, 409,
        78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 191, 80, 81, 82, 13, 312, 311, 310, 415]  # fmt: skip
OVAL = [10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
        152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109]  # fmt: skip
EYES, NOSE = [33, 133, 263, 362], [1, 4, 5, 6, 168, 195, 197, 2]


@pytest.fixture(scope="module")
def basis() -> IctBasis:
    return IctBasis.load()


@pytest.fixture()
def tracked(tmp_path: Path) -> Path:
    """A data folder with the two tables that the calibration reads."""
    (tmp_path / "grid").mkdir()
    groups = {"lips": LIPS, "face_oval": OVAL, "eyes": EYES, "nose": NOSE}
    (tmp_path / "grid" / "point_indices.json").write_text(json.dumps(groups))
    (tmp_path / "grid" / "blendshape_names.txt").write_text("\n".join(COEFFICIENTS))
    return tmp_path


def filmed(basis: IctBasis, coefficients: np.ndarray, turn: float, size: float) -> np.ndarray:
    """Image points (T,P,2) of a head that wears the coefficients, swaying a little."""
    numbers = LIPS + OVAL + EYES + NOSE
    shape = basis.neutral[numbers, :2] + np.tensordot(coefficients, basis.deltas[:, numbers, :2], 1)
    angles = turn * np.sin(np.arange(len(coefficients)) / 9)
    spin = np.array([[np.cos(angles), -np.sin(angles)], [np.sin(angles), np.cos(angles)]]).transpose(2, 0, 1)
    return (shape @ spin.transpose(0, 2, 1)) * size + (180, 140)


def test_calibration_finds_what_the_lips_did(basis: IctBasis, tracked: Path) -> None:
    frames = 120
    truth = np.zeros((frames, 32), np.float32)
    truth[40:, INDEX["jawOpen"]] = 0.4 * np.sin(np.arange(80) / 6) ** 2
    truth[40:, INDEX["mouthPucker"]] = 0.5 * np.sin(np.arange(80) / 11) ** 2
    points = filmed(basis, truth, turn=0.06, size=130.0)
    silent = np.arange(frames) < 40
    face = grid.Calibration(tracked, basis, points, np.zeros((frames, 32)), silent).fit()
    jaw, pucker = (face.coefficients[:, INDEX[name]] for name in ("jawOpen", "mouthPucker"))
    assert np.corrcoef(jaw, truth[:, INDEX["jawOpen"]])[0, 1] > 0.97
    assert np.corrcoef(pucker, truth[:, INDEX["mouthPucker"]])[0, 1] > 0.9
    np.testing.assert_allclose(basis.lip_gap(face.coefficients), basis.lip_gap(truth), atol=0.006)
    assert np.all(face.coefficients >= 0)


def test_alignment_undoes_shift_turn_and_size() -> None:
    points = np.random.default_rng(0).normal(size=(1, 20, 2))
    angle = 0.3
    moved = points @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]) * 1.7 + (5, -3)
    np.testing.assert_allclose(grid.align(moved, points[0], list(range(6))), points, atol=1e-9)


def test_curves_keep_their_time_from_30_to_25_frames_a_second() -> None:
    seconds = (np.arange(300) + 0.5) / 30
    curve = np.exp(-(((seconds - 4.1) / 0.2) ** 2))[:, None]
    slower = facegood.resample(curve)[:, 0]
    assert len(slower) == 250
    assert (np.argmax(slower) + 0.5) / 25 == pytest.approx(4.1, abs=0.025)


def test_a_closing_channel_shuts_the_lips_over_an_open_jaw(basis: IctBasis) -> None:
    names = {channel for parts in facegood.SHOWN_BY.values() for channel, _ in parts} | set(facegood.CLOSING)
    channels = {name: np.zeros(2, np.float32) for name in names}
    channels[facegood.JAW][:] = 0.4
    channels["mouth_suck_dl"][1] = channels["mouth_suck_dr"][1] = 0.3
    gap = basis.lip_gap(facegood.to_coefficients(channels, basis))
    assert gap[0] > 0.05
    assert abs(gap[1]) < 0.001


def test_targets_are_even_and_leave_out_what_tracking_cannot_see() -> None:
    uneven = np.random.default_rng(0).random((5, 32)).astype(np.float32)
    clean = dataset.cleaned(uneven)
    assert np.array_equal(clean[:, INDEX["mouthSmileLeft"]], clean[:, INDEX["mouthSmileRight"]])
    assert np.all(clean[:, [INDEX["jawLeft"], INDEX["cheekPuff"], INDEX["tongueOut"]]] == 0)
    assert np.all(clean[:, MOUTH.stop :] == 0)
    assert np.array_equal(clean[:, INDEX["jawOpen"]], uneven[:, INDEX["jawOpen"]])


def test_the_corpus_hears_what_the_appliance_hears() -> None:
    samples = (0.1 * np.random.default_rng(1).standard_normal(16_000)).astype(np.float32)
    stored = dataset.log_power(samples, 25)
    heard = log_mel(np.pad(samples, LEAD))
    assert stored.shape == (100, 80)
    np.testing.assert_allclose((np.log10(10**stored + 1e-6) + 3) / 3, heard.T, atol=2e-3)


def test_every_voice_is_brought_to_one_level() -> None:
    tone = np.sin(np.arange(48_000) * 0.3).astype(np.float32)
    quiet, loud = dataset.levelled(0.01 * tone), dataset.levelled(0.8 * tone)
    np.testing.assert_allclose(quiet, loud, rtol=1e-3, atol=1e-5)


def test_sources_get_one_amplitude(basis: IctBasis) -> None:
    generator = np.random.default_rng(2)
    pairs = []
    for source, voice, size in (("grid", "s1", 0.2), ("tts", "a", 0.8)):
        coefficients = np.zeros((200, 32), np.float32)
        coefficients[:, 0] = size * generator.random(200)
        samples = generator.standard_normal(200 * 640).astype(np.float32)
        pairs.append(dataset.Pair(voice, source, voice, "train", samples, coefficients, coefficients[:, 0]))
    dataset.one_scale(pairs, basis)
    real, made = (basis.lip_gap(pair.coefficients).std() for pair in pairs)
    assert made == pytest.approx(real, rel=0.15)
