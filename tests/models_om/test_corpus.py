"""Recordings become training pairs: the right face at the right time, on one scale."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Dict

import numpy as np
import pytest

from appliance.pipeline.coefficients import COEFFICIENTS, INDEX, MOUTH
from appliance.pipeline.speech.mel import LEAD, log_mel
from models_om.corpus import __main__ as command
from models_om.corpus import altered, dataset, facegood, grid, pairs, timing
from models_om.corpus.pairs import Pair
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
    stored = pairs.log_power(samples, 25)
    heard = log_mel(np.pad(samples, LEAD))
    assert stored.shape == (100, 80)
    np.testing.assert_allclose((np.log10(10**stored + 1e-6) + 3) / 3, heard.T, atol=2e-3)


def test_every_voice_is_brought_to_one_level() -> None:
    tone = np.sin(np.arange(48_000) * 0.3).astype(np.float32)
    quiet, loud = pairs.levelled(0.01 * tone), pairs.levelled(0.8 * tone)
    np.testing.assert_allclose(quiet, loud, rtol=1e-3, atol=1e-5)


def test_sources_get_one_amplitude(basis: IctBasis) -> None:
    generator = np.random.default_rng(2)
    found = []
    for source, voice, size in (("grid", "s1", 0.2), ("tts", "a", 0.8)):
        coefficients = np.zeros((200, 32), np.float32)
        coefficients[:, 0] = size * generator.random(200)
        samples = generator.standard_normal(200 * 640).astype(np.float32)
        found.append(Pair(voice, source, voice, "train", samples, coefficients, coefficients[:, 0]))
    before = dataset.one_scale(found, basis)
    assert before["tts"] > 3 * before["grid-s1"]
    real, made = (basis.lip_gap(pair.coefficients).std() for pair in found)
    assert made == pytest.approx(real, rel=0.15)


# --- the altered copy -------------------------------------------------------------------------------------------------


def pulses(name: str, seconds: float = 2.0, at: float = 1.2, split: str = "train") -> Pair:
    """A recording that sounds for 0.2 s, and a jaw that opens just then."""
    time = np.arange(int(seconds * 16_000)) / 16_000
    samples = (np.abs(time - at) < 0.1) * 0.3 * np.sin(2 * np.pi * 400 * time)
    frames = (np.arange(int(seconds * 25)) + 0.5) / 25
    coefficients = np.zeros((len(frames), 32), np.float32)
    coefficients[:, 0] = np.exp(-(((frames - at) / 0.1) ** 2))
    return Pair(name, "tts", "heart", split, samples.astype(np.float32), coefficients, coefficients[:, 0].copy())


def middle_of_sound(samples: np.ndarray) -> float:
    power = samples.astype(np.float64) ** 2
    return float((power * np.arange(len(samples))).sum() / power.sum() / 16_000)


@pytest.mark.parametrize("factor", [0.88, 1.0, 1.15])
def test_a_faster_recording_is_higher_and_its_face_moves_with_it(factor: float) -> None:
    pair = pulses("a")
    quick = altered.faster(pair, factor)
    assert middle_of_sound(quick.samples) == pytest.approx(1.2 / factor, abs=0.005)
    frames = (np.arange(len(quick.gap)) + 0.5) / 25
    for curve in (quick.coefficients[:, 0], quick.gap):
        assert (curve * frames).sum() / curve.sum() == pytest.approx(1.2 / factor, abs=0.005)
    assert abs(len(quick.samples) / 640 - len(quick.coefficients)) <= 1 and quick.altered and not pair.altered
    spectrum = np.abs(np.fft.rfft(quick.samples))
    assert np.argmax(spectrum) * 16_000 / len(quick.samples) == pytest.approx(400 * factor, rel=0.02)


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
@pytest.mark.parametrize("name", list(altered.CODECS))
def test_a_codec_changes_the_sound_but_not_its_time(name: str) -> None:
    recordings = [pulses(str(number), at=at).samples for number, at in enumerate((0.5, 1.2, 1.5))]
    heard = altered.through_codec(recordings, altered.CODECS[name])
    for before, after in zip(recordings, heard):
        assert len(after) == len(before)
        assert middle_of_sound(after) == pytest.approx(middle_of_sound(before), abs=0.01)
        assert np.corrcoef(before, after)[0, 1] > 0.8
        assert name == "none" or np.abs(before - after).max() > 1e-4


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
def test_the_corpus_file_holds_training_twice_and_held_out_once(tmp_path: Path) -> None:
    found = [pulses(str(number)) for number in range(6)] + [pulses("spared", split="unseen")]
    dataset.save(found, tmp_path / "corpus.npz")
    assert [path.name for path in tmp_path.iterdir()] == ["corpus.npz"]
    corpus = np.load(tmp_path / "corpus.npz")
    assert corpus["altered"].sum() == 6 and not corpus["altered"][corpus["split"] == "unseen"].any()
    assert sorted(corpus["name"][corpus["altered"]]) == [f"{number}~" for number in range(6)]
    assert len(set(corpus["name"])) == 13
    frames = int(corpus["frames"].sum())
    assert all(len(corpus[key]) == frames for key in ("coefficients", "gap", "silent"))
    assert len(corpus["power"]) == 4 * frames
    for end, count in zip(np.cumsum(corpus["frames"]), corpus["frames"]):
        loud = corpus["power"][4 * (end - count) : 4 * end].astype(np.float32).max(1).reshape(count, 4).max(1)
        opened = corpus["coefficients"][end - count : end, 0] > 0.7
        assert loud[opened].min() > loud[corpus["coefficients"][end - count : end, 0] < 0.001].max()


def test_pairs_come_back_as_they_were_kept(tmp_path: Path) -> None:
    found = [pulses("a"), pulses("b", seconds=1.0, at=0.4, split="unseen")]
    pairs.save_pairs(found, tmp_path / "pairs.npz")
    assert [path.name for path in tmp_path.iterdir()] == ["pairs.npz"]
    for before, after in zip(found, pairs.load_pairs(tmp_path / "pairs.npz")):
        assert (after.name, after.voice, after.split, after.altered) == (before.name, "heart", before.split, False)
        for table in pairs.TABLES:
            np.testing.assert_array_equal(getattr(after, table), getattr(before, table))


def test_the_altered_copy_is_the_same_each_time_and_of_all_kinds() -> None:
    drawn = [altered.choice(f"clip {number}", "voice", 0) for number in range(200)]
    assert drawn == [altered.choice(f"clip {number}", "voice", 0) for number in range(200)]
    assert {codec for codec, _ in drawn} == set(altered.CODECS)
    factors = [factor for _, factor in drawn]
    assert 0.88 <= min(factors) < 0.92 and 1.1 < max(factors) <= 1.15


# --- the one command --------------------------------------------------------------------------------------------------


def test_a_stage_runs_again_only_when_something_changed(tmp_path: Path) -> None:
    report, source, output = tmp_path / "report.json", tmp_path / "source", tmp_path / "output"
    source.write_text("a")
    runs = []

    def run() -> Dict[str, int]:
        runs.append(1)
        output.write_text(source.read_text())
        return {"runs": len(runs)}

    stage = command.Stage(run, lambda: [source], [output], ("dataset",))
    command.perform("dataset", stage, report)
    command.perform("dataset", stage, report)
    assert len(runs) == 1 and json.loads(report.read_text())["dataset"]["figures"] == {"runs": 1}
    source.write_text("longer")
    command.perform("dataset", stage, report)
    output.unlink()
    command.perform("dataset", stage, report)
    assert len(runs) == 3 and output.read_text() == "longer"


def test_every_stage_names_code_that_exists(tmp_path: Path) -> None:
    (tmp_path / "measured.npz").touch()
    (tmp_path / "corpus.npz").touch()
    keys = {command.fingerprint(stage) for stage in command.stages(tmp_path, tmp_path, 1.0).values() if stage.code}
    assert len(keys) == 6


def test_a_stage_that_failed_is_not_taken_for_done(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    with pytest.raises(ZeroDivisionError):
        command.perform("check", command.Stage(lambda: {"a": 1 // 0}, list, [], ("check",)), report)
    command.perform("check", command.Stage(lambda: {"a": 1}, list, [], ("check",)), report)
    assert json.loads(report.read_text())["check"]["figures"] == {"a": 1}


@pytest.mark.parametrize("late", [0, 2])
def test_timing_finds_faces_that_come_late(late: int) -> None:
    generator = np.random.default_rng(0)
    groups = []
    for shift in (0, late):
        found = []
        for _ in range(4):
            jaw = np.convolve(generator.random(300), np.ones(5) / 5, "same")
            sound = timing.features(np.repeat(jaw, 4)[:, None] * np.linspace(1, 3, 80) - 4)
            found.append((sound, np.roll(jaw, shift)[:, None], np.ones(300, bool)))
        groups.append(found)
    there, back = timing.best_lags(*groups), timing.best_lags(*groups[::-1])
    assert (there - back)[0] / 2 == pytest.approx(late, abs=0.2)
