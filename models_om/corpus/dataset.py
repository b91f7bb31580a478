"""All sources as one table of training pairs: log power of 80 mel bands → 32 coefficients at 25 fps.

    python -m models_om.corpus.dataset --data ../shared/data --work work [--tts FOLDER]

writes ``WORK/corpus.npz``. Every source is brought to one level of sound (ITU-R BS.1770, as the appliance does) and one
amplitude of motion: the spread of the lip gap while speaking is that of the tracked GRID speakers.
"""

from __future__ import annotations

import argparse
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterator, List

import numpy as np

from appliance.pipeline.coefficients import COEFFICIENTS, INDEX, MOUTH
from appliance.pipeline.speech import mel
from appliance.pipeline.speech.loudness import TARGET, LoudnessMeter
from appliance.settings import FRAME_RATE, SAMPLE_RATE

from ..ict.lips import IctBasis
from . import facegood, grid, visemes

SAMPLES_PER_FRAME = SAMPLE_RATE // FRAME_RATE
SILENT_BELOW = 35.0
"""A frame this many dB below the loudest of its recording has no speech."""
FLOOR = 1e-9
UNRELIABLE = ("jawForward", "jawLeft", "jawRight", "cheekPuff", "tongueOut")
"""Set to 0 in every target: tracking in two dimensions does not show them."""
SOURCES = ("grid", "facegood", "tts")


@dataclass
class Pair:
    """One recording and its face. ``samples`` float32 at 16 kHz; ``coefficients`` (T,32) and ``gap`` (T,) at 25 fps.

    ``gap`` is what the lips of the source really did, in any scale; ``split`` is "train", "held_out" or "unseen".
    """

    name: str
    source: str
    voice: str
    split: str
    samples: np.ndarray
    coefficients: np.ndarray
    gap: np.ndarray


def read_audio(path: Path) -> np.ndarray:
    """Any file ffmpeg reads → float32 mono at 16 kHz."""
    command = [
        "ffmpeg",
        "-v",
        "error",
        "-nostdin",
        "-i",
        str(path),
        "-ac",
        "1",
        "-ar",
        str(SAMPLE_RATE),
        "-f",
        "f32le",
        "-",
    ]
    return np.frombuffer(subprocess.run(command, check=True, capture_output=True).stdout, np.float32)


def levelled(samples: np.ndarray) -> np.ndarray:
    """At the level the appliance gives all speech."""
    meter = LoudnessMeter()
    meter.add(samples)
    return (samples * 10 ** ((TARGET - meter.result()) / 20)).astype(np.float32)


def log_power(samples: np.ndarray, frames: int) -> np.ndarray:
    """float32 (4*frames, 80): log10 power of the mel bands, with no floor but `FLOOR`; `mel.log_mel` before its own."""
    wanted = frames * SAMPLES_PER_FRAME
    padded = np.pad(samples, (mel.LEAD, max(0, wanted - len(samples)) + mel.LEAD))[: wanted + 2 * mel.LEAD]
    # mel.log_mel adds 1e-6 to the power: give it a louder signal, so that augmentation still has what lies below.
    gain = 30.0
    power = 10 ** (mel.log_mel(padded * gain).T * 3.0 - 3.0) - 1e-6
    return np.log10(np.maximum(power / gain**2, FLOOR)).astype(np.float32)


def silent_frames(samples: np.ndarray, frames: int) -> np.ndarray:
    """(T,) bool: no speech in the frame, by its level."""
    wanted = frames * SAMPLES_PER_FRAME
    padded = np.pad(samples, (0, max(0, wanted - len(samples))))[:wanted]
    level = 10 * np.log10((padded.reshape(frames, -1) ** 2).mean(1) + 1e-9)
    level = np.max([np.roll(level, shift) for shift in (-1, 0, 1)], axis=0)
    return level < max(np.quantile(level, 0.98) - SILENT_BELOW, np.quantile(level, 0.05) + 1e-3)


def grid_pairs(data: Path, basis: IctBasis) -> Iterator[Pair]:
    for speaker in grid.SPEAKERS:
        tracked = list(grid.sentences(data, speaker))
        sounds = {sentence.name: levelled(read_audio(sentence.audio)) for sentence in tracked}
        silence = {sentence.name: silent_frames(sounds[sentence.name], len(sentence.points)) for sentence in tracked}
        calibrated = grid.speaker_coefficients(data, basis, tracked, silence)
        spared = {sentence.name for sentence in tracked[:: max(1, len(tracked) // grid.HELD_OUT_SENTENCES)]}
        for sentence in tracked:
            if sentence.held_out:
                split = "unseen"
            elif speaker == "s1" and sentence.name in spared:
                split = "held_out"
            else:
                split = "train"
            face = calibrated[sentence.name]
            yield Pair(sentence.name, "grid", speaker, split, sounds[sentence.name], face.coefficients, face.gap)


def facegood_pairs(data: Path, basis: IctBasis) -> Iterator[Pair]:
    for clip in facegood.clips(data, basis):
        split = "held_out" if clip.held_out else "train"
        yield Pair(
            clip.name, "facegood", "facegood", split, levelled(read_audio(clip.audio)), clip.coefficients, clip.jaw
        )


def tts_pairs(folder: Path, basis: IctBasis) -> Iterator[Pair]:
    """Synthetic speech: the curves come from phoneme times by the viseme rules."""
    for path in sorted(folder.glob("*.npz")):
        archive = np.load(path)
        samples = levelled(archive["audio"].astype(np.float32) / 32768)
        phonemes = [visemes.Phoneme(str(p), float(a), float(b)) for p, a, b in
                    zip(archive["phonemes"], archive["starts"], archive["ends"])]  # fmt: skip
        frames = len(samples) // SAMPLES_PER_FRAME
        coefficients = visemes.curves(phonemes, frames / FRAME_RATE)
        yield Pair(path.stem, "tts", str(archive["voice"]), "train", samples, coefficients, basis.lip_gap(coefficients))


def one_scale(pairs: List[Pair], basis: IctBasis) -> None:
    """Scale the mouths of each voice's source, in place, to the lip-gap spread of the tracked speakers."""
    spread: Dict[str, float] = {}
    for key in {amplitude_group(pair) for pair in pairs}:
        gaps = []
        for pair in pairs:
            if amplitude_group(pair) == key:
                speaking = ~silent_frames(pair.samples, len(pair.coefficients))
                gaps.append(basis.lip_gap(pair.coefficients)[speaking])
        spread[key] = float(np.concatenate(gaps).std())
    tracked = np.mean([value for key, value in spread.items() if key.startswith("grid")])
    for pair in pairs:
        pair.coefficients[:, MOUTH] *= tracked / spread[amplitude_group(pair)]
    print(
        "lip-gap spread while speaking, share of face height:", {key: round(value, 4) for key, value in spread.items()}
    )


def amplitude_group(pair: Pair) -> str:
    """Who moves alike: a tracked speaker, one recording series, all synthetic voices."""
    return {"grid": f"grid-{pair.voice}", "facegood": "facegood-" + pair.name[:6], "tts": "tts"}[pair.source]


def cleaned(coefficients: np.ndarray) -> np.ndarray:
    """Left and right made equal, unreliable shapes dropped: what a mouth does for speech is symmetric."""
    result = coefficients.copy()
    for name in COEFFICIENTS[MOUTH]:
        if name.startswith("mouth") and name.endswith("Left"):
            both = [INDEX[name], INDEX[name.replace("Left", "Right")]]
            result[:, both] = result[:, both].mean(1, keepdims=True)
    result[:, [INDEX[name] for name in UNRELIABLE]] = 0
    result[:, MOUTH.stop :] = 0
    return result


def save(pairs: List[Pair], path: Path) -> None:
    frames = np.array([len(pair.coefficients) for pair in pairs])
    text = {key: np.array([getattr(pair, key) for pair in pairs]) for key in ("name", "source", "voice", "split")}
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(
        path,
        power=np.concatenate([log_power(pair.samples, len(pair.coefficients)) for pair in pairs]).astype(np.float16),
        coefficients=np.concatenate([cleaned(pair.coefficients) for pair in pairs]).astype(np.float16),
        gap=np.concatenate([pair.gap for pair in pairs]).astype(np.float32),
        silent=np.concatenate([silent_frames(pair.samples, len(pair.coefficients)) for pair in pairs]),
        frames=frames,
        **text,
    )  # fmt: skip
    for source in SOURCES:
        minutes = sum(count for count, pair in zip(frames, pairs) if pair.source == source) / FRAME_RATE / 60
        print(f"{source}: {sum(pair.source == source for pair in pairs)} recordings, {minutes:.1f} min")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path("work"))
    parser.add_argument("--tts", type=Path, help="folder of the synthetic speech; default WORK/tts if there")
    arguments = parser.parse_args()
    basis = IctBasis.load()
    pairs = [*grid_pairs(arguments.data, basis), *facegood_pairs(arguments.data, basis)]
    tts = arguments.tts or arguments.work / "tts"
    if tts.is_dir():
        pairs += tts_pairs(tts, basis)
    one_scale(pairs, basis)
    save(pairs, arguments.work / "corpus.npz")


if __name__ == "__main__":
    main()
