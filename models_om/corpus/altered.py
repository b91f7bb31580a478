"""A second copy of the training recordings: another voice, through another codec.

The voice: the recording is played faster or slower by a drawn factor, which moves pitch and formants together, as a
smaller or larger head would; the face is re-timed with it. The codec is a real one, run by ffmpeg: batches cannot do
that to mel bands, as they do gain, noise and rooms (`train.augment`). The choices are the same each time.
"""

from __future__ import annotations

import subprocess
import tempfile
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import soxr

from appliance.settings import SAMPLE_RATE

from .pairs import SAMPLES_PER_FRAME, Pair, levelled, read_audio

MARK = "~"
"""Ends the name of an altered recording, so that a name stands for one recording."""
FACTORS = (0.88, 1.15)
BETWEEN = SAMPLE_RATE // 2
"""Samples of silence between recordings that go through a codec together."""
LONGEST_DELAY = SAMPLE_RATE // 4


class Codec(NamedTuple):
    """Arguments of ffmpeg for the encoder, and the container it needs."""

    arguments: Tuple[str, ...]
    suffix: str


CODECS: Dict[str, Optional[Codec]] = {
    "none": None,
    "opus 12 kbit/s": Codec(("-c:a", "libopus", "-b:a", "12k"), ".ogg"),
    "mp3 32 kbit/s": Codec(("-c:a", "libmp3lame", "-b:a", "32k"), ".mp3"),
    "G.711 mu-law": Codec(("-c:a", "pcm_mulaw", "-ar", "8000"), ".wav"),
    "GSM full rate": Codec(("-c:a", "libgsm", "-ar", "8000"), ".gsm"),
}


def altered(pairs: Sequence[Pair], seed: int = 0) -> Iterator[Pair]:
    """The altered copy of each pair, in any order."""
    drawn: Dict[str, List[Pair]] = {name: [] for name in CODECS}
    for pair in pairs:
        codec, factor = choice(pair.name, pair.voice, seed)
        drawn[codec].append(faster(pair, factor))
    for name, group in drawn.items():
        if group:
            for pair, samples in zip(group, through_codec([pair.samples for pair in group], CODECS[name])):
                yield replace(pair, samples=levelled(samples))


def choice(name: str, voice: str, seed: int) -> Tuple[str, float]:
    """The codec and the factor that a recording gets."""
    rng = np.random.default_rng([seed, zlib.crc32(f"{voice}/{name}".encode())])
    return str(rng.choice(list(CODECS))), float(rng.uniform(*FACTORS))


def faster(pair: Pair, factor: float) -> Pair:
    """The recording played ``factor`` times as fast, higher by as much, with its face at the same sounds."""
    samples = soxr.resample(pair.samples, SAMPLE_RATE * factor, SAMPLE_RATE, quality="HQ").astype(np.float32)
    frames = min(len(samples) // SAMPLES_PER_FRAME, int(len(pair.coefficients) / factor))
    places = (np.arange(frames) + 0.5) * factor - 0.5
    known = np.arange(len(pair.coefficients))
    coefficients = np.stack([np.interp(places, known, curve) for curve in pair.coefficients.T], axis=1)
    gap = np.interp(places, known, pair.gap)
    moved = {"coefficients": coefficients.astype(np.float32), "gap": gap.astype(np.float32)}
    return replace(pair, name=pair.name + MARK, samples=samples, altered=True, **moved)


def through_codec(recordings: Sequence[np.ndarray], codec: Optional[Codec]) -> List[np.ndarray]:
    """All recordings encoded and decoded as one stream, each at its own time and length again."""
    if codec is None:
        return list(recordings)
    silence = np.zeros(BETWEEN, np.float32)
    stream = np.concatenate([part for samples in recordings for part in (silence, samples)] + [silence])
    with tempfile.TemporaryDirectory() as folder:
        coded = Path(folder) / f"coded{codec.suffix}"
        command = ["ffmpeg", "-v", "error", "-f", "f32le", "-ar", str(SAMPLE_RATE), "-ac", "1", "-i", "-"]
        subprocess.run([*command, *codec.arguments, str(coded)], input=stream.tobytes(), check=True)
        heard = read_audio(coded)
    late = delay(stream, heard)
    heard = np.pad(heard, (LONGEST_DELAY, len(stream) + LONGEST_DELAY))[LONGEST_DELAY + late :]
    result, start = [], BETWEEN
    for samples in recordings:
        result.append(heard[start : start + len(samples)])
        start += len(samples) + BETWEEN
    return result


def delay(sent: np.ndarray, heard: np.ndarray) -> int:
    """Samples by which a codec's output is late (below 0: early), from the first minute."""
    count = min(len(sent), len(heard), 60 * SAMPLE_RATE)
    size = 2 * count
    spectrum = np.fft.rfft(heard[:count], size) * np.conj(np.fft.rfft(sent[:count], size))
    similar = np.fft.irfft(spectrum, size)
    lags = np.arange(-LONGEST_DELAY + 1, LONGEST_DELAY)
    return int(lags[np.argmax(similar[lags])])
