"""The judge: every measure on made-up signals whose answer is known, and a report in which nothing is lost."""

from __future__ import annotations

import re
import sys
import types
from pathlib import Path
from typing import Any, Iterator, List

import numpy as np
import pytest

from appliance.pipeline.coefficients import INDEX
from appliance.pipeline.face import topology as topo
from appliance.pipeline.face.portrait import Portrait
from models_om.ict.lips import IctBasis
from models_om.judge import closures, facegood, grid, ranking_scores, silence, steps, teeth, weights
from models_om.judge.bench import Clip, Sound
from models_om.judge.figure import LOWER, Curves, Figure, Finding, Series, Strip
from models_om.judge.measures import best_lag, correlation
from models_om.judge.recordings import as_heard, over_time
from models_om.judge.ridge import Ridge
from models_om.judge.sections import Section, judge_section
from models_om.judge.subjects import BASELINE, NEW, PREVIOUS, Motion
from models_om.judge.table import HEADINGS, cells, markdown, rows, summary
from models_om.manifest import HERE


def test_overlapped_windows_give_back_a_curve_in_its_place() -> None:
    mel = np.random.default_rng(0).random((80, 4 * 93)).astype(np.float32)

    def predict(windows: np.ndarray) -> np.ndarray:
        value = windows[:, 0].mean(1).reshape(len(windows), 40, 4).mean(2)
        return np.repeat(value[:, None], 32, axis=1)

    expected = mel.mean(0).reshape(-1, 4).mean(1)
    np.testing.assert_allclose(over_time(predict, mel, 93)[:, 0], expected, atol=1e-5)


def test_stored_power_is_heard_as_mel() -> None:
    assert as_heard(np.array([[-9.0, 0.0]], np.float16))[:, 0] == pytest.approx([-1.0, 1.0], abs=1e-3)


@pytest.mark.parametrize("late", [-3, 0, 2])
def test_the_lag_is_positive_when_we_are_late(late: int) -> None:
    theirs = np.random.default_rng(0).standard_normal(200)
    assert best_lag(np.roll(theirs, late), theirs) == late


def test_a_curve_that_does_not_move_correlates_with_nothing() -> None:
    assert correlation(np.ones(10), np.arange(12.0)) == 0
    assert correlation(np.arange(12.0), 3 * np.arange(10.0) + 1) == pytest.approx(1)


def test_ridge_finds_a_linear_face_and_its_resting_value() -> None:
    generator = np.random.default_rng(0)
    mels = generator.standard_normal((21, 80, 4 * 200)).astype(np.float32)
    # Of the band in the middle, two frames before: within its context.
    faces = [np.roll(mel[40:42].mean(0).reshape(-1, 4).mean(1), 2)[:, None] * 3 + 5 for mel in mels]
    predicted = Ridge(zip(mels[:20], faces[:20])).predict(mels[20])
    assert correlation(predicted[3:, 0], faces[20][3:, 0]) > 0.95
    assert predicted.mean() == pytest.approx(5, abs=0.1)


# --- FACEGOOD ---------------------------------------------------------------------------------------------------------


def test_channels_that_move_count_once_a_pair() -> None:
    generator = np.random.default_rng(0)
    theirs, ours = np.zeros((100, 32)), np.zeros((100, 32))
    smile, jaw = generator.random(100), generator.random(100)
    for side in ("Left", "Right"):
        theirs[:, INDEX["mouthSmile" + side]] = smile
        ours[:, INDEX["mouthSmile" + side]] = -smile
    theirs[:, INDEX["jawOpen"]] = ours[:, INDEX["jawOpen"]] = jaw
    theirs[:, INDEX["mouthRollUpper"]] = 0.001 * generator.random(100)
    found = facegood.each_channel(ours, theirs)
    assert found == {"jawOpen": pytest.approx(1), "mouthSmile": pytest.approx(-1)}
    assert facegood.scores(ours, theirs, jaw)["moving channels, mean"] == pytest.approx(0)


def test_rounding_is_funnel_and_pucker_together() -> None:
    oh = np.random.default_rng(0).random(100)
    ours, theirs = np.zeros((100, 32)), np.zeros((100, 32))
    ours[:50, INDEX["mouthFunnel"]] = oh[:50]
    ours[50:, INDEX["mouthPucker"]] = oh[50:]
    theirs[:, INDEX["jawOpen"]] = oh
    assert facegood.scores(ours, theirs, oh)["rounding"] == pytest.approx(1)


# --- GRID -------------------------------------------------------------------------------------------------------------


class Echo:
    """A subject that says what it is told: the motion of a recording by its name, turned round without the gate."""

    name = NEW
    painter = None

    def __init__(self, motions: dict) -> None:
        self.motions = motions

    def move(self, audio: Path, like: str = "", **options: Any) -> Motion:
        coefficients = self.motions[audio.stem]
        return Motion(coefficients * (-1 if options else 1), np.zeros((len(coefficients), 6)), 0.0)


class Table:
    """As much of a bench as a section asks for."""

    basis = IctBasis.load()

    def grid_audio(self, recording: dict) -> Path:
        return Path(f"{recording['name']}.opus")


def test_sentences_count_alike_and_the_gate_is_judged_apart() -> None:
    generator = np.random.default_rng(0)
    motions = {name: np.zeros((60, 32), np.float32) for name in ("a", "b")}
    for motion in motions.values():
        motion[:, INDEX["jawOpen"]] = generator.random(60)
    gap = {name: Table.basis.lip_gap(motion) for name, motion in motions.items()}
    chosen = [
        {"name": "a", "voice": "s9", "gap": gap["a"], "coefficients": motions["a"]},
        {"name": "b", "voice": "s9", "gap": -gap["b"], "coefficients": motions["b"]},
    ]
    found = list(grid.judge_group("s9", chosen, 0.88, Echo(motions), Table(), channels=True))
    by_name = {figure.name: figure for figure in found}
    assert by_name["s9: lip gap"].value == pytest.approx(0, abs=1e-6)
    assert by_name["s9: jawOpen"].value == pytest.approx(1)
    assert "-1.000 without the silence gate" in by_name["s9: jawOpen"].detail
    assert by_name["s9: mouthPucker"].value == 0 and by_name["s9: mouthPucker"].met is False


# --- sounds -----------------------------------------------------------------------------------------------------------


@pytest.fixture()
def clip() -> Clip:
    """0.4 s of pause, /a p a/, 0.4 s of pause."""
    sounds = [Sound("_", 0, 0.4), Sound("ˈa", 0.4, 0.8), Sound("p", 0.8, 0.96), Sound("a", 0.96, 1.36),
              Sound("_", 1.36, 1.76)]  # fmt: skip
    return Clip("clip", "english", Path("clip.wav"), sounds)


def test_closures_are_held_against_the_speaking_frames_only(clip: Clip) -> None:
    gap = np.where(clip.speaking(44), 2.0, -50.0)
    assert clip.speaking(44).sum() == 24
    gap[20:24] = 0.0
    speaking = np.array([2.0] * 20 + [0.0] * 4)
    expected = (0 - speaking.mean()) / speaking.std()
    assert closures.at_sounds(clip, gap, closures.BILABIALS) == pytest.approx([expected])


def test_a_stressed_vowel_is_found_by_its_last_character(clip: Clip) -> None:
    assert len(closures.at_middles(clip, np.zeros(44), "a")) == 2


def test_lips_are_shut_if_they_are_so_in_one_frame_of_the_sound(clip: Clip) -> None:
    share = np.full(44, 0.3)
    share[23] = 0.01
    assert closures.least_at(clip, share, "p") == [0.01]
    share[23], share[24] = 0.3, 0.01
    assert closures.least_at(clip, share, "p") == [0.3]


def test_a_dropping_jaw_opens_and_a_pucker_rounds_and_narrows() -> None:
    coefficients = np.zeros((3, 32), np.float32)
    coefficients[1, INDEX["jawOpen"]] = 0.5
    coefficients[2, INDEX["mouthPucker"]] = 0.8
    face = closures.articulation(coefficients, Table.basis)
    assert face.gap[0] == face.share[0] == 0 and face.share[1] > 0.15
    assert face.width[2] < 0.9 * face.width[0] and face.rounding.tolist() == pytest.approx([0, 0, 0.8])


def test_teeth_are_seen_through_a_slit_only() -> None:
    def mouth(**weights: float) -> np.ndarray:
        row = np.zeros(32, np.float32)
        for name, weight in weights.items():
            row[INDEX[name]] = weight
        return row

    lifted = {"mouthUpperUpLeft": 0.4, "mouthUpperUpRight": 0.4, "mouthLowerDownLeft": 0.3, "mouthLowerDownRight": 0.3}
    assert closures.slit(mouth(**lifted), Table.basis)
    assert not closures.slit(mouth(), Table.basis)
    assert not closures.slit(mouth(jawOpen=0.6), Table.basis)


def test_tooth_colour_between_the_lips_is_found_and_dark_or_red_is_not() -> None:
    mesh = np.full((478, 3), 100.0, np.float32)
    mesh[topo.FOREHEAD, :2], mesh[topo.CHIN, :2] = (100, 20), (100, 180)
    mesh[list(topo.CHEEKS), :2] = (60, 90)
    columns = np.linspace(70, 130, len(topo.UPPER_INNER))
    mesh[list(topo.UPPER_INNER), :2] = np.column_stack([columns, np.full(len(columns), 110.0)])
    mesh[list(topo.LOWER_INNER), :2] = np.column_stack([columns, np.full(len(columns), 130.0)])
    mesh[list(topo.MOUTH_CORNERS), :2] = [(60, 120), (140, 120)]
    face = Portrait(mesh, 0, 0, 0, 1, (0, 0, 200, 200))
    frame = np.full((200, 200, 3), (200, 160, 130), np.uint8)
    areas = []
    for colour in ((215, 205, 190), (60, 25, 25), (190, 90, 95)):
        frame[100:140, 80:120] = colour
        areas.append(teeth.teeth_area(frame, face))
    assert areas[0] == pytest.approx(40 * 21 / 80**2, rel=0.1)
    assert areas[1] == areas[2] == 0 < teeth.IN_SIGHT < areas[0]


def test_travel_is_that_of_the_lips_not_their_place() -> None:
    coefficients = np.zeros((5, 32), np.float32)
    coefficients[:, INDEX["jawOpen"]] = 0.5
    assert silence.travel(coefficients, Table.basis) == 0
    coefficients[2:, INDEX["jawOpen"]] = 0.8
    moved = 0.3 * np.linalg.norm(Table.basis.deltas[INDEX["jawOpen"], list(silence.LIPS), :2], axis=1).max()
    assert silence.travel(coefficients, Table.basis) == pytest.approx(moved, rel=1e-4)


def test_the_fewest_steps_that_are_good_enough_are_recommended() -> None:
    assert steps.fewest_enough([1, 2, 5, 10], [0.80, 0.806, 0.810, 0.8105]) == 2
    assert steps.fewest_enough([1, 2, 5], [0.9, 0.5, 0.4]) == 1


# --- the expert -------------------------------------------------------------------------------------------------------


def test_the_true_pairing_is_ranked_among_twenty() -> None:
    generator = np.random.default_rng(0)
    codes = generator.standard_normal((30, 11, 64))
    codes /= np.linalg.norm(codes, axis=2, keepdims=True)
    right = [ranking_scores.Pair(code, code[:9]) for code in codes]
    assert ranking_scores.first_share(ranking_scores.score_table(right)) == 100
    wrong = [ranking_scores.Pair(codes[k], codes[(k + 1) % 30]) for k in range(30)]
    assert ranking_scores.first_share(ranking_scores.score_table(wrong)) == 0


# --- table and report -------------------------------------------------------------------------------------------------


def figure(value: float, goal: Any = 0.8, name: str = "lip gap", better: str = "higher", detail: str = "") -> Figure:
    return Figure("grid", name, value, "r", goal, better, detail)


@pytest.mark.parametrize(
    ("before", "now", "verdict"),
    [
        (figure(0.7), figure(0.9), "met, better than previous"),
        (figure(0.7), figure(0.75), "missed, better than previous"),
        (figure(0.9), figure(0.85), "met, worse than previous"),
        (figure(0.7), figure(0.705), "missed, as previous"),
        (figure(3.0, 1, better=LOWER), figure(0.5, 1, better=LOWER), "met, better than previous"),
        (figure(0.7, None), figure(0.9, None), "better than previous"),
        (figure(0.7), figure(float("nan")), "failed"),
    ],
)
def test_verdicts_name_the_goal_and_the_previous_weights(before: Figure, now: Figure, verdict: str) -> None:
    (row,) = rows({PREVIOUS: [before], NEW: [now], BASELINE: [figure(0.4)]})
    assert row.verdict == verdict


def test_a_row_holds_the_same_figure_of_every_column() -> None:
    table = rows({NEW: [figure(0.5), figure(0.6, name="jaw")], BASELINE: [figure(0.4)]})
    assert [cells(row)[1:6] for row in table] == [
        ["lip gap", "≥ 0.8", "", "0.500", "0.400"], ["jaw", "≥ 0.8", "", "0.600", ""],
    ]  # fmt: skip
    assert markdown(table).splitlines()[0].split(" | ")[1:6] == list(HEADINGS[1:6])
    assert summary(table).startswith("0 of 2 goals met")


class Named:
    def __init__(self, name: str) -> None:
        self.name = name


@pytest.fixture()
def broken(monkeypatch: pytest.MonkeyPatch) -> str:
    """A section that measures once, and then fails, for the new weights alone."""

    def judge(subject: Named, bench: object) -> Iterator[Finding]:
        yield figure(0.9)
        if subject.name == NEW:
            raise RuntimeError("the face is lost")
        yield figure(0.7, name="jaw")

    module = types.ModuleType("models_om.judge.broken")
    module.TITLE, module.ABOUT, module.judge = "Broken", "", judge
    monkeypatch.setitem(sys.modules, "models_om.judge.broken", module)
    return "broken"


def test_what_goes_wrong_becomes_a_failed_row_and_the_rest_is_kept(broken: str) -> None:
    section = judge_section(broken, [Named(NEW), Named(BASELINE)], bench=None)
    judged = {row.any.name: row.judged for row in section.table}
    assert judged["lip gap"] == "met" and judged["the rest of this section"] == "failed"
    failed = next(row for row in section.table if row.judged == "failed")
    assert "the face is lost" in failed.any.detail
    assert any(BASELINE in row.figures and row.any.name == "jaw" for row in section.table)


def test_a_section_that_is_not_there_fails_alone() -> None:
    section = judge_section("nowhere", [Named(NEW)], bench=None)
    assert [row.judged for row in section.table] == ["failed"]


def findings(column: str) -> List[Finding]:
    curve = np.sin(np.arange(50) / 5)
    frame = np.zeros((20, 20, 3), np.uint8)
    return [
        figure(0.9, detail=f"measured <once> for {column}"), figure(float("nan"), None, name="a failed one"),
        Curves("grid", "lip gap of a sentence", "%", {"real": curve, column: 0.9 * curve}, ((0.5, "p"),)),
        Series("grid", "quality", "inference_steps", "r", [1.0, 25.0], [0.8, 0.81]),
        Strip("grid", "a face", [frame, frame], ["a", "b"]),
    ]  # fmt: skip


def test_the_report_is_one_file_with_every_figure_and_picture(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="draws the report (extra: train)")
    from models_om.judge import report

    found = {column: findings(column) for column in (PREVIOUS, NEW, BASELINE)}
    table = rows({column: [f for f in group if isinstance(f, Figure)] for column, group in found.items()})
    report.write(tmp_path, "Judged", ["a fact"], [Section("grid", "Lips", "What & how", table, found, 3.0)])
    text = (tmp_path / "report.html").read_text()
    for expected in ("lip gap", "a failed one", "previous", "new", "baseline", "0.900", "≥ 0.8", "a fact",
                     "measured &lt;once&gt; for new", "What &amp; how"):  # fmt: skip
        assert expected in text, expected
    assert len(re.findall(r'src="data:image/png;base64,', text)) == 3
    assert not re.findall(r'(?:src|href)="(?!data:|#)', text)
    assert (tmp_path / "summary.png").read_bytes().startswith(b"\x89PNG")


def test_weights_of_an_older_folder_are_described_anew(tmp_path: Path) -> None:
    old = tmp_path / "old"
    (old / "built").mkdir(parents=True)
    network = "built/sonic_denoiser.int8.onnx"
    for file in (network, "built/ict_basis.npz"):
        (old / file).write_bytes((HERE / file).read_bytes())
    (old / "manifest.json").write_text("of another time")
    store = weights.earlier(str(old), tmp_path)
    assert store.network_file("sonic_denoiser", "onnx", "int8").read_bytes() == (old / network).read_bytes()
    with pytest.raises(ValueError, match="neither a folder"):
        weights.earlier("no-such-revision", tmp_path)
    assert "sonic_denoiser" in weights.current(old, tmp_path).manifest().networks

