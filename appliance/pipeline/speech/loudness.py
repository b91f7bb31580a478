"""Programme loudness of a mono stream.

Source: ITU-R BS.1770-4, annex 1 (K-weighting, 400 ms blocks with 75 % overlap, gates at -70 LUFS and 10 LU below).
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import List, Optional

import numpy as np

from ...settings import SAMPLE_RATE

TARGET = -23.0
"""LUFS at which the networks hear speech (EBU R 128)."""

HOP = SAMPLE_RATE // 10
BLOCK_HOPS = 4
CHUNK = 8 * HOP
FFT = 1 << 14
TAPS = 2048
"""128 ms: the slower pole pair (38 Hz) has a time constant of 4 ms."""

DELAY = 256
"""16 ms."""

ABSOLUTE_GATE = -70.0
RELATIVE_GATE = -10.0


class LoudnessMeter:
    """Measures while samples stream through; holds one number for each 100 ms and less than a second of sound."""

    def __init__(self) -> None:
        self._history = np.zeros(TAPS - 1, dtype=np.float32)
        self._pending = np.zeros(0, dtype=np.float32)
        self._energies: List[float] = []

    def add(self, samples: np.ndarray) -> None:
        """The next float32 (n,) samples at 16 kHz, full scale 1."""
        self._pending = np.concatenate((self._pending, samples))
        while len(self._pending) >= CHUNK:
            self._measure(self._pending[:CHUNK])
            self._pending = self._pending[CHUNK:]

    def end(self) -> None:
        """Measure what is left of the stream; nothing can be added any more."""
        self._measure(self._pending[: len(self._pending) // HOP * HOP])
        self._pending = self._pending[:0]

    @property
    def hops(self) -> int:
        """Pieces of 100 ms measured so far."""
        return len(self._energies)

    def loudness(self, hops: Optional[int] = None) -> float:
        """LUFS of the first ``hops`` pieces (default: all); -inf if no block passes the gate or under 400 ms."""
        energies = np.asarray(self._energies[:hops])
        if len(energies) < BLOCK_HOPS:
            return -math.inf
        blocks = np.convolve(energies, np.full(BLOCK_HOPS, 1 / BLOCK_HOPS), "valid")
        audible = blocks[blocks > _energy(ABSOLUTE_GATE)]
        if not len(audible):
            return -math.inf
        return _loudness(audible[audible > audible.mean() * 10 ** (RELATIVE_GATE / 10)].mean())

    def _measure(self, samples: np.ndarray) -> None:
        """Mean square of the K-weighted samples, hop by hop. `samples`: a whole number of hops, at most `CHUNK`."""
        stretch = np.concatenate((self._history, samples))
        self._history = stretch[len(samples) :]
        weighted = np.fft.irfft(np.fft.rfft(stretch, FFT) * _kernel(), FFT)[TAPS - 1 : len(stretch)]
        self._energies.extend(np.mean(weighted.reshape(-1, HOP) ** 2, axis=1).tolist())


def _loudness(energy: float) -> float:
    return -0.691 + 10 * math.log10(energy)


def _energy(loudness: float) -> float:
    return 10 ** ((loudness + 0.691) / 10)


@lru_cache(maxsize=1)
def _kernel() -> np.ndarray:
    """Spectrum of the K-weighting for overlap-save: the standard's two 48 kHz filters as they sound below 8 kHz."""
    z = np.exp(-2j * np.pi * np.fft.rfftfreq(TAPS, 1 / SAMPLE_RATE) / 48_000)
    shelf = np.polyval([1.19839281085285, -2.69169618940638, 1.53512485958697], z) / np.polyval(
        [0.73248077421585, -1.69065929318241, 1.0], z
    )
    high_pass = (1 - z) ** 2 / np.polyval([0.99007225036621, -1.99004745483398, 1.0], z)
    # Band-limited to 8 kHz the response also rings before its start: delay it.
    return np.fft.rfft(np.roll(np.fft.irfft(shelf * high_pass, TAPS), DELAY), FFT)
