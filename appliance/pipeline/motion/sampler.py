"""The motion sampler: windows over time, seeded noise, Euler steps of the flow, overlap-add.

Conditional flow matching (Lipman et al., *Flow Matching for Generative Modeling*, ICLR 2023): the denoiser gives the
velocity that carries noise at time 0 to motion at time 1 on a straight path; Euler steps follow it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Callable

import numpy as np

from ..coefficients import COEFFICIENTS

WINDOW = 40
"""Frames the networks see at once: 1.6 s."""
HOP = WINDOW // 2
"""Frames from window to window: every frame lies in two."""
EDGE = 4
"""Frames at both ends of a window that are not used: the network knows too little of their surroundings."""
STEP_CHANNELS = 32
MOTION_UNITS = 8.0
"""The sampler works on coefficients times this, so that motion and unit noise are of one size."""
NOISE_BLOCK = 64


def cross_fade() -> np.ndarray:
    """Weight (WINDOW,) of each frame of a window; the two windows over a frame add up to 1."""
    rise = np.clip((np.arange(HOP) + 0.5 - EDGE) / (HOP - 2 * EDGE), 0, 1)
    return np.concatenate([rise, 1 - rise]).astype(np.float32)


def step_code(time: float) -> np.ndarray:
    """Sines and cosines that tell the denoiser where on the path it is: float32 (1, STEP_CHANNELS, 1, 1); time 0..1."""
    return step_codes(np.array([time], np.float32))


def step_codes(times: np.ndarray) -> np.ndarray:
    """`step_code` for many times (N,): float32 (N, STEP_CHANNELS, 1, 1)."""
    turns = 0.25 * 2.0 ** (np.arange(STEP_CHANNELS // 2) * 0.4)
    angles = 2 * np.pi * times[:, None] * turns
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1).astype(np.float32)[:, :, None, None]


def frame_noise(seed: int, first: int, count: int) -> np.ndarray:
    """Unit normal noise (32, count) of absolute frames ``first ..``; a frame's noise does not depend on the window."""
    blocks = range(first // NOISE_BLOCK, (first + count - 1) // NOISE_BLOCK + 1)
    noise = np.concatenate([_noise_block(seed, block) for block in blocks], axis=1)
    start = first - blocks[0] * NOISE_BLOCK
    return noise[:, start : start + count]


@lru_cache(maxsize=8)
def _noise_block(seed: int, block: int) -> np.ndarray:
    # Philox is counter based: the key says which block, no state is carried. Blocks before the start are negative.
    generator = np.random.Generator(np.random.Philox(key=[seed, block + (1 << 32)]))
    return generator.standard_normal((len(COEFFICIENTS), NOISE_BLOCK), dtype=np.float32)


def sample(
    velocity: Callable[[np.ndarray, np.ndarray], np.ndarray], noise: np.ndarray, steps: int, temperature: float
) -> np.ndarray:
    """Coefficients (32, WINDOW) from noise (32, WINDOW) by ``steps`` calls of ``velocity(motion, step)``.

    ``temperature`` scales the noise the path starts from: 0 gives the most likely motion, 1 the full variety.
    """
    motion = np.ascontiguousarray(noise[None, :, None, :] * temperature, dtype=np.float32)
    for step in range(steps):
        motion += velocity(motion, step_code(step / steps)) / np.float32(steps)
    return motion[0, :, 0, :] / MOTION_UNITS
