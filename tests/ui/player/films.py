"""Real films whose frames tell their number, and whose sound has a pulse at each half second."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import List

import numpy as np
from media import write_wav

from appliance.pipeline.video.segments import SegmentFolder
from appliance.pipeline.video.sound import SoundTrack
from appliance.pipeline.video.writer import VideoWriter
from appliance.settings import FRAME_RATE, MakeOptions

SIDE = 128
BITS = 12
PULSE_SECONDS = 0.5


@dataclasses.dataclass(frozen=True)
class Film:
    """``file``: finished, as the engine leaves it. ``pieces``: head and segments, as its stream sends them."""

    seconds: float
    file: Path
    pieces: List[Path]

    def stream(self) -> List[bytes]:
        return [piece.read_bytes() for piece in self.pieces]


def make_film(folder: Path, seconds: float) -> Film:
    speech, segments = folder / "speech.wav", folder / "segments"
    segments.mkdir()
    write_wav(speech, pulses(seconds), 48_000)
    options = MakeOptions(label="none", align_offset=0.0)
    track = SoundTrack(speech, 0.0, segments)
    with VideoWriter(segments, (SIDE, SIDE), track, seconds, options, [speech]) as writer:
        for number in range(round(seconds * FRAME_RATE)):
            writer.write(numbered(number))
        writer.end()
        for _ in writer.join(folder / "film.mp4"):
            pass
    return Film(seconds, folder / "film.mp4", SegmentFolder(segments).files())


def numbered(number: int) -> np.ndarray:
    """uint8 (h, w, 3) RGB: a row of white and black blocks, the binary digits of the number."""
    frame = np.full((SIDE, SIDE, 3), 128, dtype=np.uint8)
    width = SIDE // BITS
    for bit in range(BITS):
        frame[:, bit * width : (bit + 1) * width] = 255 * (number >> bit & 1)
    return frame


def number_of(pixels: np.ndarray) -> int:
    """Of a picture of a frame, whatever its size; its number of colours is 4 or 3."""
    height, width = pixels.shape[:2]
    middles = ((np.arange(BITS) + 0.5) * (SIDE // BITS) * width / SIDE).astype(int)
    digits = pixels[height // 2, middles, 1] > 127
    return int(np.sum(digits << np.arange(BITS)))


def pulses(seconds: float, rate: int = 48_000) -> np.ndarray:
    """float (n,): 20 ms of 1 kHz at each `PULSE_SECONDS`."""
    time = np.arange(int(seconds * rate)) / rate
    return np.where(time % PULSE_SECONDS < 0.02, 0.5 * np.sin(2 * np.pi * 1000 * time), 0.0)


def pulses_in(samples: np.ndarray, rate: int = 48_000) -> np.ndarray:
    """Seconds at which pulses begin in int16 (n, channels)."""
    loud = np.abs(samples[:, 0].astype(np.int32)) > 3000
    begins = np.flatnonzero(loud)
    return begins[np.diff(begins, prepend=-rate) > rate // 10] / rate
