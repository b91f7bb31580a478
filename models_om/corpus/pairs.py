"""A recording and its face, whatever the source: sound at one level, a face at 25 frames a second."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

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
