"""A recording and its face, whatever the source: sound at one level, a face at 25 frames a second."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, fields
from pathlib import Path
from typing import List, Sequence

import numpy as np

from appliance.pipeline.speech import mel
from appliance.pipeline.speech.loudness import TARGET, LoudnessMeter
from appliance.settings import FRAME_RATE, SAMPLE_RATE

SAMPLES_PER_FRAME = SAMPLE_RATE // FRAME_RATE
SILENT_BELOW = 35.0
"""A frame this many dB below the loudest of its recording has no speech."""
FLOOR = 1e-9


@dataclass
class Pair:
    """One recording and its face. ``samples`` float32 at 16 kHz; ``coefficients`` (T,32) and ``gap`` (T,) at 25 fps.

    ``gap`` is what the lips of the source really did, in any scale; ``split`` is "train", "held_out" or "unseen";
    ``altered`` marks the second copy that `altered` makes.
    """

    name: str
    source: str
    voice: str
    split: str
    samples: np.ndarray
    coefficients: np.ndarray
    gap: np.ndarray
    altered: bool = False


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
    meter.end()
    return (samples * 10 ** ((TARGET - meter.loudness()) / 20)).astype(np.float32)


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


TABLES = ("samples", "coefficients", "gap")


def save_pairs(pairs: Sequence[Pair], path: Path) -> None:
    """Keep pairs in a file, which appears whole or not at all."""
    columns = {field.name: [getattr(pair, field.name) for pair in pairs] for field in fields(Pair)}
    partial = path.with_suffix(".part")
    with open(partial, "wb") as file:
        np.savez(
            file,
            sizes=np.array([[len(part) for part in columns[table]] for table in TABLES]),
            **{key: np.concatenate(parts) if key in TABLES else np.array(parts) for key, parts in columns.items()},
        )
    partial.replace(path)


def load_pairs(path: Path) -> List[Pair]:
    """What `save_pairs` kept."""
    with np.load(path) as archive:
        columns = {field.name: list(archive[field.name]) for field in fields(Pair) if field.name not in TABLES}
        for table, sizes in zip(TABLES, archive["sizes"]):
            columns[table] = np.split(archive[table], np.cumsum(sizes)[:-1])
    pairs = []
    for number in range(len(columns["name"])):
        row = {key: values[number] for key, values in columns.items()}
        pairs.append(Pair(**{key: value if key in TABLES else value.item() for key, value in row.items()}))
    return pairs
