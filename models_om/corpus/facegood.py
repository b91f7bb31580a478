"""FACEGOOD's Mandarin recordings with measured face curves → the 32 coefficients.

Data: FACEGOOD-Audio2Face, MIT. Its curves come from a performer's rig whose channels bear other names than ARKit's;
the table below says what each of them shows.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterator, Tuple

import numpy as np

from appliance.pipeline.coefficients import COEFFICIENTS, INDEX
from appliance.settings import FRAME_RATE

from ..ict.lips import IctBasis

CURVE_RATE = 30.0
CLIPS = ("1114_2_01", "1114_2_02", "1114_2_03", "1114_2_04", "1114_2_05", "1114_3_15")
HELD_OUT_CLIPS = ("1114_2_05", "1114_3_15")
JAW = "mouth_stretch_c"

SHOWN_BY: Dict[str, Tuple[Tuple[str, float], ...]] = {
    "jawOpen": ((JAW, 1.0),),
    "mouthFunnel": (
        ("mouth_oh_c", 0.45), ("mouth_oo_c", 0.3), ("mouth_funnel_dl", 0.2), ("mouth_funnel_dr", 0.2),
        ("mouth_funnel_ul", 0.2), ("mouth_funnel_ur", 0.2),
    ),
    "mouthPucker": (("mouth_oh_c", 0.35), ("mouth_oo_c", 0.8), ("mouth_pucker_l", 0.5), ("mouth_pucker_r", 0.5)),
    "mouthRollLower": (("mouth_suck_dl", 0.4), ("mouth_suck_dr", 0.4)),
    "mouthRollUpper": (("mouth_suck_ul", 0.4), ("mouth_suck_ur", 0.4)),
    "mouthShrugLower": (("mouth_chinRaise_u", 1.0),),
    "mouthPressLeft": (("mouth_press_l", 1.0), ("mouth_suck_dl", 0.4)),
    "mouthPressRight": (("mouth_press_r", 1.0), ("mouth_suck_dr", 0.4)),
    "mouthUpperUpLeft": (("mouth_upperLipRaise_l", 1.0),),
    "mouthUpperUpRight": (("mouth_upperLipRaise_r", 1.0),),
    "mouthLowerDownLeft": (("mouth_lowerLipDepress_l", 1.0),),
    "mouthLowerDownRight": (("mouth_lowerLipDepress_r", 1.0),),
    "mouthSmileLeft": (("mouth_lipCornerPull_l", 0.8),),
    "mouthSmileRight": (("mouth_lipCornerPull_r", 0.8),),
    "mouthStretchLeft": (("mouth_lipStretch_l", 1.0),),
    "mouthStretchRight": (("mouth_lipStretch_r", 1.0),),
}  # fmt: skip
CLOSING = ("mouth_suck_dl", "mouth_suck_dr", "mouth_press_l", "mouth_press_r")
FULLY_CLOSED = 0.15
"""Value of a closing channel from which the lips touch, whatever the jaw does."""


@dataclass
class Clip:
    """``coefficients`` (T,32) and ``jaw`` (T,), FACEGOOD's own jaw channel, at 25 fps."""

    name: str
    audio: Path
    coefficients: np.ndarray
    jaw: np.ndarray

    @property
    def held_out(self) -> bool:
        return self.name in HELD_OUT_CLIPS


def clips(data: Path, basis: IctBasis) -> Iterator[Clip]:
    """All clips that have curves."""
    archive = np.load(data / "facegood" / "curves.npz")
    names = [str(name) for name in archive["channel_names"]]
    for clip in CLIPS:
        curves = resample(archive[clip].astype(np.float32))
        channels = {name: curves[:, column] for column, name in enumerate(names)}
        yield Clip(clip, data / "facegood" / f"{clip}.wav", to_coefficients(channels, basis), channels[JAW])


def resample(curves: np.ndarray) -> np.ndarray:
    """Curves (N,K) at 30 fps → (T,K) at 25 fps: frame centres are matched in time, linear between them."""
    count = int(len(curves) / CURVE_RATE * FRAME_RATE)
    times = (np.arange(count) + 0.5) / FRAME_RATE * CURVE_RATE - 0.5
    known = np.arange(len(curves))
    return np.stack([np.interp(times, known, curve) for curve in curves.T], axis=1).astype(np.float32)


def to_coefficients(channels: Dict[str, np.ndarray], basis: IctBasis) -> np.ndarray:
    """FACEGOOD's channels (each (T,)) as coefficients (T,32)."""
    frames = len(channels[JAW])
    result = np.zeros((frames, len(COEFFICIENTS)), np.float32)
    for name, parts in SHOWN_BY.items():
        result[:, INDEX[name]] = sum(weight * channels[channel] for channel, weight in parts)
    # The rig closes the lips over an open jaw by its own rules; here mouthClose does it.
    closure = np.clip(np.max([channels[name] for name in CLOSING], axis=0) / FULLY_CLOSED, 0, 1)
    per_unit = -basis.gap_weights()[INDEX["mouthClose"]]
    result[:, INDEX["mouthClose"]] = closure * np.clip(basis.lip_gap(result), 0, None) / per_unit
    return result
