"""Judge the built motion networks on people, voices and recordings that training never saw.

    python -m models_om.judge --data ../shared/data --work work [--tts-eval FOLDER] [--precision int8] [--json FILE]

prints a table of coefficient-level figures: what the lips would do according to the ICT shapes, before any rendering,
by the chain of speech, networks and rest pose that makes videos; beside it ridge regression and loudness on the same.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import wave
from pathlib import Path
from typing import Callable, Dict, List, Tuple

import numpy as np

from appliance.models import ModelStore
from appliance.pipeline.coefficients import INDEX
from appliance.pipeline.motion import MotionModel
from appliance.pipeline.speech import load_speech
from appliance.pipeline.speech.mel import COLUMNS_PER_FRAME
from appliance.settings import FRAME_RATE, SAMPLE_RATE, MakeOptions

from ..ict.lips import IctBasis
from .measures import best_lag, correlation, fitted
from .recordings import recordings

# --- the whole chain --------------------------------------------------------------------------------------------------

BILABIALS = "bpm"
RIDGE_BANDS, RIDGE_REACH, RIDGE_PENALTY = 40, 6, 30.0


def moved_by(model: MotionModel, store: ModelStore, audio: Path, options: MakeOptions) -> np.ndarray:
    """Coefficients (frames,32) that the appliance gives a recording."""
    with tempfile.TemporaryDirectory() as folder, load_speech(audio, Path(folder), store) as speech:
        return np.concatenate([block.coefficients for block in model.generate(speech, options)])


def write_wave(path: Path, samples: np.ndarray) -> None:
    """int16 (n,) at 16 kHz."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
        file.writeframes(samples.astype("<i2").tobytes())


def judge_tracked(
    move: Callable[[Path], np.ndarray], corpus: Dict[str, np.ndarray], data: Path, basis: IctBasis
) -> List[dict]:
    """GRID lip gap (mean r of sentences) and FACEGOOD jaw (r of the clip), with the lag at which they agree best."""
    rows = []
    for split, label in (
        ("held_out", "GRID s1, unseen sentences: lip gap"),
        ("unseen", "GRID s26+s31, unseen people: lip gap"),
    ):
        scores, lags, speakers = [], [], []
        for recording in recordings(corpus, "grid", (split,)):
            moved = move(data / "grid" / str(recording["voice"]) / f"{recording['name']}.opus")
            ours, theirs = fitted(basis.lip_gap(moved), recording["gap"])
            scores.append(correlation(ours, theirs))
            lags.append(best_lag(ours, theirs))
            speakers.append(str(recording["voice"]))
        each = {f"{s} r": float(np.mean(np.array(scores)[np.array(speakers) == s])) for s in sorted(set(speakers))}
        rows.append({"figure": label, "r": np.mean(scores), "lag": float(np.mean(lags)), "count": len(scores), **each})
    for recording in recordings(corpus, "facegood", ("held_out",)):
        moved = move(data / "facegood" / f"{recording['name']}.wav")
        ours, theirs = fitted(moved[:, INDEX["jawOpen"]], recording["gap"])
        row = {
            "figure": f"FACEGOOD {recording['name']}: jaw",
            "r": correlation(ours, theirs),
            "lag": best_lag(ours, theirs),
        }
        rows.append({**row, "count": 1, "gap r": correlation(*fitted(basis.lip_gap(moved), recording["gap"]))})
    return rows


def judge_closures(move: Callable[[Path], np.ndarray], folder: Path, basis: IctBasis) -> List[dict]:
    """Lip gap at the mid-points of /b p m/ in unseen synthetic voices, in deviations of the speaking clip."""
    closures: Dict[str, List[float]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for path in sorted(folder.glob("*.npz")):
            archive, audio = np.load(path), Path(scratch) / "speech.wav"
            write_wave(audio, archive["audio"])
            gap = basis.lip_gap(move(audio))
            sounding = [
                (str(p), a, b) for p, a, b in zip(archive["phonemes"], archive["starts"], archive["ends"]) if p != "_"
            ]
            speaking = gap[int(sounding[0][1] * FRAME_RATE) : int(np.ceil(sounding[-1][2] * FRAME_RATE))]
            for symbol, start, end in sounding:
                if symbol[-1] in BILABIALS:
                    at = np.interp((start + end) / 2 * FRAME_RATE - 0.5, np.arange(len(gap)), gap)
                    closures.setdefault(str(archive["language"]), []).append((at - speaking.mean()) / speaking.std())
    return [
        {"figure": f"lip gap at /b p m/, {language}", "sigma": float(np.mean(values)), "count": len(values)}
        for language, values in sorted(closures.items())
    ]


def judge_silence(move: Callable[[Path], np.ndarray], recording: Path, basis: IctBasis) -> dict:
    """Largest lip movement in 2 s of digital silence between two pieces of speech, as a share of the face height."""
    import soxr  # resampling is only needed here

    with wave.open(str(recording)) as file:
        rate, samples = file.getframerate(), np.frombuffer(file.readframes(file.getnframes()), "<i2")
    samples = soxr.resample(samples.astype(np.float32), rate, SAMPLE_RATE)[: 6 * SAMPLE_RATE]
    silence = np.zeros(2 * SAMPLE_RATE, np.float32)
    with tempfile.TemporaryDirectory() as scratch:
        audio = Path(scratch) / "speech.wav"
        write_wave(audio, np.concatenate([samples, silence, samples]))
        gap = basis.lip_gap(move(audio))
    # The first and last 0.3 s of the pause belong to the shutting and the opening.
    inside = gap[int(6.3 * FRAME_RATE) : int(7.7 * FRAME_RATE)]
    return {
        "figure": "lip movement in a 2 s silence, share of face height",
        "movement": float(np.abs(inside).max()),
        "count": 1,
    }


# --- baselines --------------------------------------------------------------------------------------------------------


def ridge_features(mel: np.ndarray) -> np.ndarray:
    """40 bands × 13 frames of context, (frames, 520), of mel (80, 4*frames)."""
    frames = mel.reshape(RIDGE_BANDS, 2, -1, COLUMNS_PER_FRAME).mean((1, 3)).T
    padded = np.pad(frames, ((RIDGE_REACH, RIDGE_REACH), (0, 0)), mode="edge")
    return np.concatenate([padded[k : k + len(frames)] for k in range(2 * RIDGE_REACH + 1)], axis=1)


def judge_baselines(corpus: Dict[str, np.ndarray]) -> List[dict]:
    """Ridge regression and plain loudness on the same held-out recordings."""
    rows = []
    for source in ("grid", "facegood"):
        training = [(ridge_features(r["mel"]), r["gap"]) for r in recordings(corpus, source, ("train",))][::2]
        features, target = np.concatenate([f for f, _ in training]), np.concatenate([g for _, g in training])
        centre, mean = features.mean(0), target.mean()
        normal = (features - centre).T @ (features - centre) + RIDGE_PENALTY * np.eye(features.shape[1])
        weights = np.linalg.solve(normal, (features - centre).T @ (target - mean))
        groups: Dict[str, List[Tuple[float, float]]] = {}
        for split in ("held_out", "unseen"):
            for recording in recordings(corpus, source, (split,)):
                features = ridge_features(recording["mel"])
                loudness = features[:, RIDGE_REACH * RIDGE_BANDS : (RIDGE_REACH + 1) * RIDGE_BANDS].mean(1)
                name = split if source == "grid" else str(recording["name"])
                ridge = correlation(features @ weights, recording["gap"])
                groups.setdefault(name, []).append((ridge, correlation(loudness, recording["gap"])))
        for name, scores in groups.items():
            ridge, loudness = np.mean(scores, axis=0)
            rows.append(
                {
                    "figure": f"baselines, {source} {name}",
                    "ridge r": ridge,
                    "loudness r": loudness,
                    "count": len(scores),
                }
            )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path("work"))
    parser.add_argument("--tts-eval", type=Path, help="folder of unseen synthetic voices with phoneme times")
    parser.add_argument("--runtime", default="onnx")
    parser.add_argument("--precision", choices=("int8", "fp32"), default="int8")
    parser.add_argument("--steps", type=int, default=25)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    basis, corpus = IctBasis.load(), dict(np.load(arguments.work / "corpus.npz"))
    store, options = ModelStore(), MakeOptions(inference_steps=arguments.steps)
    model = MotionModel(store, arguments.runtime, arguments.precision)

    def move(audio: Path) -> np.ndarray:
        return moved_by(model, store, audio, options)

    rows = judge_tracked(move, corpus, arguments.data, basis)
    if arguments.tts_eval:
        rows += judge_closures(move, arguments.tts_eval, basis)
    rows.append(judge_silence(move, arguments.data / "facegood" / "1114_2_05.wav", basis))
    rows += judge_baselines(corpus)
    for row in rows:
        figures = "  ".join(f"{key} {value:+.3f}" for key, value in row.items() if key not in ("figure", "count"))
        print(f"{row['figure']:<52} n={row['count']:<4} {figures}")
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1, default=float) + "\n")


if __name__ == "__main__":
    main()
