"""What the networks are for, with each arithmetic: the motion of a window after the whole sampler, the mouth's colours.

The same measures by which the INT8 files for ONNX Runtime were judged, and the same goals.
"""

from __future__ import annotations

from typing import Dict, Sequence

import numpy as np

from appliance.pipeline.motion.model import TEMPERATURE
from appliance.pipeline.motion.sampler import WINDOW, frame_noise, sample
from appliance.settings import MakeOptions

from ..export.recipes import OPEN
from .compare import REFERENCE, Feed, Noise, Run


def motion(sonic: Run, denoiser: Run, feed: Feed) -> np.ndarray:
    """Coefficients (32, WINDOW) that the recording in an input of `sonic` moves the face by."""
    condition = sonic(feed)["condition"]

    def velocity(value: np.ndarray, step: np.ndarray) -> np.ndarray:
        return denoiser({"motion": value, "step": step, "condition": condition})["velocity"]

    options = MakeOptions()
    return sample(velocity, frame_noise(options.seed, 0, WINDOW), options.inference_steps, TEMPERATURE)


def mouth(painter: Run, feed: Feed) -> np.ndarray:
    """Colours (3, n), 0..1, inside the mouth, with what the network paints laid over the picture."""
    crop, painted = feed["crop"][0], painter(feed)["rgba"][0]
    return (crop[:3] + painted[3:] * (painted[:3] - crop[:3]))[:, crop[3] > OPEN]


def motion_noise(sonic: Dict[str, Run], denoiser: Dict[str, Run], feeds: Sequence[Feed]) -> Dict[str, Noise]:
    """Arithmetic → noise of the motion with both networks in it, against `REFERENCE`."""
    return _noise({name: [motion(sonic[name], denoiser[name], feed) for feed in feeds] for name in sonic})


def mouth_noise(painter: Dict[str, Run], feeds: Sequence[Feed]) -> Dict[str, Noise]:
    """The same of the colours in the mouth."""
    return _noise({name: [mouth(run, feed) for feed in feeds] for name, run in painter.items()})


def _noise(values: Dict[str, Sequence[np.ndarray]]) -> Dict[str, Noise]:
    noises = {name: Noise() for name in values if name != REFERENCE}
    for name, noise in noises.items():
        for expected, found in zip(values[REFERENCE], values[name]):
            noise.add(expected, found)
    return noises
