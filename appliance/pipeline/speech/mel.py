"""Log-mel spectrogram: what the networks hear.

80 triangular bands from 60 to 7,600 Hz on the HTK mel scale, 25 ms Hann window, 10 ms hop: column ``j`` is centred on
``(j + 0.5) * 10 ms``, so that the four columns ``4f .. 4f+3`` cover video frame ``f`` at 25 fps exactly.
Values are ``log10(power + 1e-6)`` shifted and scaled to about -1 .. 1 for speech at the level of `speech.py`.

Source: Davis & Mermelstein 1980; scale of the HTK Book, §5.4.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ...settings import SAMPLE_RATE

BANDS = 80
HOP = SAMPLE_RATE // 100
COLUMNS_PER_FRAME = 4
WINDOW = 400
FFT = 512
LEAD = (WINDOW - HOP) // 2
"""Samples that the window of a column reaches before (and after) the 10 ms it stands for."""


def log_mel(samples: np.ndarray) -> np.ndarray:
    """Columns of the samples' inner part.

    ``samples``: float32 (LEAD + n*HOP + LEAD,) mono at 16 kHz, the signal with `LEAD` samples of context at both ends.
    Returns float32 (80, n).
    """
    columns = (len(samples) - 2 * LEAD) // HOP
    windows = np.lib.stride_tricks.as_strided(
        np.ascontiguousarray(samples, dtype=np.float32), (columns, WINDOW), (HOP * 4, 4), writeable=False
    )
    spectrum = np.fft.rfft(windows * _hann(), FFT, axis=1)
    power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32) / WINDOW
    return ((np.log10(_filters() @ power.T + 1e-6) + 3.0) / 3.0).astype(np.float32)


@lru_cache(maxsize=1)
def _hann() -> np.ndarray:
    return (0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(WINDOW) + 0.5) / WINDOW)).astype(np.float32)


@lru_cache(maxsize=1)
def _filters() -> np.ndarray:
    """Triangular weights, float32 (80, FFT // 2 + 1), each with peak 1."""
    hertz = np.fft.rfftfreq(FFT, 1 / SAMPLE_RATE)
    low, high = (2595 * np.log10(1 + edge / 700) for edge in (60.0, 7600.0))
    edges = 700 * (10 ** (np.linspace(low, high, BANDS + 2) / 2595) - 1)
    rising = (hertz - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - hertz) / (edges[2:] - edges[1:-1])[:, None]
    return np.clip(np.minimum(rising, falling), 0, None).astype(np.float32)
