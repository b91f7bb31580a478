"""What the appliance says without a screen and without words: short tones that can be told apart.

Rising means go on, falling means it did not work, one pitch means wait.
"""

from __future__ import annotations

from typing import Dict, Tuple

import numpy as np

from ..player.speaker import CHANNELS, RATE

Note = Tuple[float, float]
"""Hertz (0: a rest) and seconds."""

_LOW, _MIDDLE, _HIGH, _TOP = 523.25, 659.25, 783.99, 1046.5
"""C major, from the fifth octave: heard well through small loudspeakers."""

TONES: Dict[str, Tuple[Note, ...]] = {
    "speak": ((_HIGH, 0.12),),
    "heard": ((_MIDDLE, 0.1), (_HIGH, 0.16)),
    "tick": ((_MIDDLE, 0.06),),
    "shot": ((_TOP, 0.05), (0.0, 0.03), (_TOP, 0.05)),
    "making": ((_LOW, 0.12), (_MIDDLE, 0.12), (_HIGH, 0.2)),
    "busy": ((_LOW, 0.1), (0.0, 0.08), (_LOW, 0.1)),
    "done": ((_HIGH, 0.12), (_TOP, 0.3)),
    "failed": ((_MIDDLE, 0.2), (_LOW, 0.4)),
    "wiped": ((_TOP, 0.12), (_HIGH, 0.12), (_MIDDLE, 0.12), (_LOW, 0.3)),
}
"""Speak now; that was enough; a second of the countdown; the photo is taken; the video is being made; not now; the
video is there; it did not work, press to try again; everything is deleted."""

LEVEL = 0.25
"""Of full scale; a mixer's setting is made for speech."""
EDGE_SECONDS = 0.01
"""Faded in and out, so that nothing clicks."""


def tone(name: str) -> np.ndarray:
    """int16 (n, `CHANNELS`) at `RATE`. Raises KeyError for a name that is not in `TONES`."""
    sound = np.concatenate([_note(hertz, seconds) for hertz, seconds in TONES[name]])
    return np.repeat(np.round(sound * 32767).astype(np.int16)[:, None], CHANNELS, axis=1)


def _note(hertz: float, seconds: float) -> np.ndarray:
    count = int(seconds * RATE)
    if not hertz:
        return np.zeros(count)
    edge = int(EDGE_SECONDS * RATE)
    envelope = np.minimum(1.0, np.minimum(np.arange(count), np.arange(count)[::-1]) / edge)
    return LEVEL * envelope * np.sin(2 * np.pi * hertz * np.arange(count) / RATE)
