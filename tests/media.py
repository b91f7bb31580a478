"""Real sound files and pictures for the tests, made on the spot with ffmpeg."""

from __future__ import annotations

import subprocess
import wave
from pathlib import Path

import numpy as np

from appliance.pipeline.ffmpeg import find_ffmpeg, local_file

DEMO = Path(__file__).resolve().parents[1] / "appliance" / "demo"
ENGLISH = DEMO / "english.flac"
MANDARIN = DEMO / "mandarin.flac"


def encode(source: Path, target: Path, *options: str) -> Path:
    """`source` through ffmpeg into `target`, with output options."""
    return ffmpeg("-i", local_file(source), *options, local_file(target), target=target)


def ffmpeg(*arguments: str, target: Path) -> Path:
    """Any ffmpeg command that makes `target`."""
    subprocess.run([find_ffmpeg(), "-nostdin", "-v", "error", "-y", *arguments], check=True)
    return target


def write_wav(path: Path, samples: np.ndarray, rate: int = 16_000) -> Path:
    """16-bit WAV out of float (n,) or (n, channels) within -1 .. 1."""
    whole = np.round(np.clip(samples, -1, 1) * 32767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1 if whole.ndim == 1 else whole.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(whole.tobytes())
    return path


def sound_of(path: Path, rate: int = 16_000) -> np.ndarray:
    """The first sound track as float32 (n,), mixed and resampled by ffmpeg itself."""
    command = [find_ffmpeg(), "-nostdin", "-v", "error", "-i", local_file(path), "-map", "0:a:0"]
    raw = subprocess.run(
        [*command, "-ac", "1", "-ar", str(rate), "-f", "f32le", "-"], check=True, stdout=subprocess.PIPE
    ).stdout
    return np.frombuffer(raw, dtype="<f4")


def tone(seconds: float, hertz: float = 440.0, peak: float = 0.5, rate: int = 16_000) -> np.ndarray:
    """A sine, float64 (n,)."""
    return peak * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)


def noise(seconds: float, deviation: float = 0.05, rate: int = 16_000) -> np.ndarray:
    """White noise, the same each time, float64 (n,)."""
    return np.random.RandomState(0).normal(0, deviation, int(seconds * rate))
