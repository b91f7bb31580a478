"""All sources as one table of training pairs: log power of 80 mel bands → 32 coefficients at 25 fps.

    python -m models_om.corpus --only dataset

writes ``WORK/corpus.npz``. Every source is brought to one level of sound (ITU-R BS.1770, as the appliance does) and one
amplitude of motion: the spread of the lip gap while speaking is that of the tracked GRID speakers. Each training
recording is there twice, as it is and `altered`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Sequence

import numpy as np

from appliance.pipeline.coefficients import COEFFICIENTS, INDEX, MOUTH
from appliance.settings import FRAME_RATE

from ..ict.lips import IctBasis
from . import facegood, grid, speech, visemes
from .altered import altered
from .pairs import SAMPLES_PER_FRAME, Pair, levelled, load_pairs, log_power, read_audio, save_pairs, silent_frames
from .synthesis import HELD_OUT_VOICES

COLUMNS = ("name", "source", "voice", "split", "altered")
UNRELIABLE = ("jawForward", "jawLeft", "jawRight", "cheekPuff", "tongueOut")
"""Set to 0 in every target: tracking in two dimensions does not show them."""


def grid_pairs(data: Path, basis: IctBasis) -> Iterator[Pair]:
    for speaker in grid.SPEAKERS:
        tracked = list(grid.sentences(data, speaker))
        print(f"grid {speaker}: {len(tracked)} sentences", flush=True)
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


def tts_pairs(clips: Iterable[Path], basis: IctBasis) -> Iterator[Pair]:
    """Synthetic speech: the curves come from phoneme times by the viseme rules."""
    held_out = {voice for voices in HELD_OUT_VOICES.values() for voice in voices}
    for path in clips:
        clip = speech.load(path)
        samples = levelled(clip.audio)
        frames = len(samples) // SAMPLES_PER_FRAME
        coefficients = visemes.curves(clip.phonemes, frames / FRAME_RATE)
        split = "unseen" if clip.voice in held_out else "train"
        yield Pair(path.stem, "tts", clip.voice, split, samples, coefficients, basis.lip_gap(coefficients))


def one_scale(pairs: Sequence[Pair], basis: IctBasis) -> Dict[str, float]:
    """Scale the mouths of each voice's source, in place, to the lip-gap spread of the tracked speakers.

    Returns the spread that each group had, in face heights.
    """
    groups: Dict[str, List[Pair]] = {}
    for pair in pairs:
        groups.setdefault(amplitude_group(pair), []).append(pair)
    spread = {group: gap_spread(members, basis) for group, members in groups.items()}
    tracked = np.mean([value for group, value in spread.items() if group.startswith("grid")])
    for group, members in groups.items():
        for pair in members:
            pair.coefficients[:, MOUTH] *= tracked / spread[group]
    return spread


def gap_spread(pairs: Sequence[Pair], basis: IctBasis) -> float:
    """Standard deviation of the lip gap while speaking, in face heights."""
    gaps = []
    for pair in pairs:
        speaking = ~silent_frames(pair.samples, len(pair.coefficients))
        gaps.append(basis.lip_gap(pair.coefficients)[speaking])
    return float(np.concatenate(gaps).std())


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


def rows(pair: Pair) -> Dict[str, np.ndarray]:
    """A pair's part of each table of the corpus file."""
    frames = len(pair.coefficients)
    return {
        "power": log_power(pair.samples, frames).astype(np.float16),
        "coefficients": cleaned(pair.coefficients).astype(np.float16),
        "gap": pair.gap.astype(np.float32),
        "silent": silent_frames(pair.samples, frames),
    }


def save(pairs: Sequence[Pair], path: Path) -> List[Pair]:
    """Write the corpus file, whole or not at all. Returns the pairs in it, the altered ones without their sound."""
    tables = [rows(pair) for pair in pairs]
    written = list(pairs)
    for pair in altered([pair for pair in pairs if pair.split == "train"]):
        tables.append(rows(pair))
        pair.samples = pair.samples[:0]
        written.append(pair)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part")
    with open(partial, "wb") as file:
        np.savez(
            file,
            frames=np.array([len(pair.coefficients) for pair in written]),
            **{key: np.concatenate([table[key] for table in tables]) for key in tables[0]},
            **{key: np.array([getattr(pair, key) for pair in written]) for key in COLUMNS},
        )
    partial.replace(path)
    return written


def figures(pairs: Sequence[Pair], basis: IctBasis, before: Dict[str, float]) -> Dict[str, Any]:
    """What the report tells of the table; ``pairs`` without the altered ones, on one scale."""
    groups = sorted({amplitude_group(pair) for pair in pairs})
    sources = sorted({pair.source for pair in pairs})
    after = {group: gap_spread([p for p in pairs if amplitude_group(p) == group], basis) for group in groups}
    moved = {
        source: np.concatenate([cleaned(p.coefficients) for p in pairs if p.source == source]) for source in sources
    }
    return {
        "minutes": minutes(pairs, "source"),
        "minutes by split": minutes(pairs, "split"),
        "lip-gap spread as measured": {group: round(before[group], 4) for group in groups},
        "lip-gap spread in the corpus": {group: round(after[group], 4) for group in groups},
        "spread of a channel": {
            name: {source: round(float(moved[source][:, INDEX[name]].std()), 4) for source in sources}
            for name in COEFFICIENTS[MOUTH]
            if name not in UNRELIABLE
        },
        "lip gap while silent": {
            source: round(float(np.concatenate([
                basis.lip_gap(p.coefficients)[silent_frames(p.samples, len(p.coefficients))]
                for p in pairs if p.source == source
            ]).mean()), 4)
            for source in sources
        },
    }  # fmt: skip


def minutes(pairs: Sequence[Pair], column: str) -> Dict[str, float]:
    """Minutes of each value of a column."""
    total: Dict[str, float] = {}
    for pair in pairs:
        key = str(getattr(pair, column))
        total[key] = total.get(key, 0.0) + len(pair.coefficients) / FRAME_RATE / 60
    return {key: round(value, 1) for key, value in sorted(total.items())}


def measure(data: Path, path: Path) -> Dict[str, float]:
    """Keep the pairs of the recorded people in a file. Returns their minutes."""
    basis = IctBasis.load()
    pairs = [*grid_pairs(data, basis), *facegood_pairs(data, basis)]
    save_pairs(pairs, path)
    return minutes(pairs, "source")


def build(measured: Path, clips: Sequence[Path], path: Path) -> Dict[str, Any]:
    """Make the corpus file of all three sources. Returns the figures of the report."""
    basis = IctBasis.load()
    pairs = [*load_pairs(measured), *tts_pairs(clips, basis)]
    before = one_scale(pairs, basis)
    result = figures(pairs, basis, before)
    print("dataset: altered copy", flush=True)
    written = save(pairs, path)
    result["minutes altered"] = minutes([pair for pair in written if pair.altered], "source")
    return result
