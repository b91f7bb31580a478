"""What a living face does beside speaking: it blinks, it is never quite still, it stresses words with head and brows.

Everything is a function of the seed and the absolute frame, so any part of a video can be made on its own.
Blinks: intervals and lengths of relaxed adults (Bentivoglio et al. 1997; VanderWerf et al. 2003).
"""

from __future__ import annotations

from typing import Iterator, Tuple

import numpy as np

from ...settings import FRAME_RATE
from ..coefficients import INDEX, POSE

BLINK_EVERY = (2.0, 6.0)
BLINK_LASTS = (0.16, 0.25)
BLINK_CLOSED = (0.35, 0.6)
"""Share of a blink at which the lids are shut, and open again: closing is faster than opening."""
FIRST_BLINK = 1.0
"""Seconds without a blink at both ends of a video."""

SWAY_KNOTS = 1.1
"""Seconds between the random values that the sway passes through."""
SWAY = {"pitch": 0.7, "yaw": 1.1, "roll": 0.7, "shift_x": 0.006, "shift_y": 0.004, "scale": 0.004}
"""Typical size of the sway (standard deviation at the knots): degrees, shares of the face height."""
NOD = 1.2
"""Degrees that the head nods on the most stressed syllable."""
BROWS = {"browInnerUp": 0.12, "browOuterUpLeft": 0.16, "browOuterUpRight": 0.16}
"""How far stress raises the brows."""
SETTLE = 0.8
"""Seconds over which all this fades in at the start of a video and out at its end."""


class IdleMotion:
    """Blinks, brows and head of one video.

    ``seed``: same seed, same motion. The scales multiply: 0 keeps lids, or brows and head, still.
    """

    def __init__(self, seed: int, blink_scale: float, motion_scale: float, head_scale: float) -> None:
        self.seed = seed
        self.blink_scale, self.motion_scale, self.head_scale = blink_scale, motion_scale, motion_scale * head_scale

    def add(self, first: int, coefficients: np.ndarray, emphasis: np.ndarray, frames: int) -> np.ndarray:
        """Set lids and brows of frames ``first ..`` in coefficients (n,32), in place; returns the head pose (n,6).

        ``emphasis``: 0..1 stress of the speech in each frame (n,). ``frames``: length of the video, or of what is known
        of it, at least two seconds more than what is asked for.
        """
        at = first + np.arange(len(coefficients))
        settled = _settled(at, frames)
        lids = self._lids(at / FRAME_RATE, frames) * self.blink_scale
        coefficients[:, INDEX["eyeBlinkLeft"]] = coefficients[:, INDEX["eyeBlinkRight"]] = lids
        for name, height in BROWS.items():
            coefficients[:, INDEX[name]] = emphasis * settled * height * self.motion_scale
        pose = np.stack([_sway(self.seed, number, at) * SWAY[name] for number, name in enumerate(POSE)], axis=1)
        pose[:, POSE.index("pitch")] += emphasis * NOD
        return (pose * (settled * self.head_scale)[:, None]).astype(np.float32)

    def _lids(self, seconds: np.ndarray, frames: int) -> np.ndarray:
        lids = np.zeros(len(seconds))
        for start, length in blink_times(frames / FRAME_RATE, self.seed):
            if start > seconds[-1]:
                break
            if start + length >= seconds[0]:
                lids = np.maximum(lids, _blink((seconds - start) / length))
        return lids


def _settled(at: np.ndarray, frames: int) -> np.ndarray:
    """0 at both ends of the video, 1 from `SETTLE` on, smooth; at frames ``at`` (n,)."""
    from_end = np.minimum(at, frames - 1 - at) / (SETTLE * FRAME_RATE)
    ramp = np.clip(from_end, 0, 1)
    return ramp * ramp * (3 - 2 * ramp)


def blink_times(duration: float, seed: int) -> Iterator[Tuple[float, float]]:
    """Start and length in seconds of each blink, in order; starts lie on frames, so that the lids are seen shut."""
    generator = np.random.Generator(np.random.Philox(key=[seed, 1]))
    start = FIRST_BLINK + generator.uniform(0.0, BLINK_EVERY[1] - FIRST_BLINK)
    while start < duration - FIRST_BLINK:
        start = round(start * FRAME_RATE) / FRAME_RATE
        yield start, generator.uniform(*BLINK_LASTS)
        start += generator.uniform(*BLINK_EVERY)


def _blink(share: np.ndarray) -> np.ndarray:
    """Closure 0..1 at each share of a blink's length."""
    shut, opens = BLINK_CLOSED
    ramp = np.clip(np.minimum(share / shut, (1 - share) / (1 - opens)), 0, 1)
    return ramp * ramp * (3 - 2 * ramp)


def _sway(seed: int, channel: int, at: np.ndarray) -> np.ndarray:
    """Smooth noise of unit size at frames ``at`` (n,): cubic through one random value a knot (Catmull & Rom 1974)."""
    place = at / (SWAY_KNOTS * FRAME_RATE)
    knot = np.floor(place).astype(int)
    share = place - knot
    first = knot[0] - 1
    values = np.array([_knot_value(seed, channel, k) for k in range(first, knot[-1] + 3)])
    a, b, c, d = (values[knot - first + offset] for offset in (-1, 0, 1, 2))
    return b + 0.5 * share * (c - a + share * (2 * a - 5 * b + 4 * c - d + share * (3 * (b - c) + d - a)))


def _knot_value(seed: int, channel: int, knot: int) -> float:
    """Standard normal, kept within two deviations."""
    generator = np.random.Generator(np.random.Philox(key=[seed, ((channel + 2) << 40) + knot + 1]))
    return float(np.clip(generator.standard_normal(), -2, 2))
