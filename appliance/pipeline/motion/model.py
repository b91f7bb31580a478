"""Speech → motion: the `sonic` and `sonic_denoiser` networks over sliding windows, then rest, blinks and head.

The recording is read window by window and the motion comes out in blocks as soon as they are final, so an hour takes no
more memory than ten seconds.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Iterator, Optional, Tuple

import numpy as np

from ...models import ModelStore
from ...settings import MakeOptions
from ..coefficients import COEFFICIENTS, MOUTH
from ..runtime.base import Network
from ..runtime.select import load_network
from ..speech.mel import COLUMNS_PER_FRAME
from ..speech.recording import Speech
from .contact import LipContact
from .idle import IdleMotion
from .sampler import EDGE, HOP, WINDOW, cross_fade, frame_noise, sample
from .voicing import REACH, MouthGate

TEMPERATURE = 0.15
"""Size of the noise the sampler starts from. More is livelier and less exact; measured in the model card."""

ROWS = len(COEFFICIENTS) + 2
"""Of a window while windows are joined: coefficients, lip contact, emphasis."""

DELAY = 0.15
"""Frames by which the motion, but not the contact of the lips, is put later. The measured Mandarin speaker's curves
agree best with 0.3 (r of the jaw 0.83 instead of 0.81), tracked English ones with 0 (r of the lip gap 0.006 more):
between the two."""

LARGEST = 1.3
"""Coefficients are kept within 0 and this."""

SMOOTHEST = 1.6
"""Frames: deviation of the low-pass at ``smooth`` = 1."""

QUIET, LOUD = -0.35, 0.1
"""Mean mel of a frame between which emphasis goes from 0 to 1, at the level of `speech.py`."""


@dataclass(frozen=True)
class MotionBlock:
    """Consecutive frames: ``coefficients`` float32 (n,32), ``pose`` float32 (n,6), see `coefficients.py`."""

    first_frame: int
    coefficients: np.ndarray
    pose: np.ndarray


class MotionModel:
    """The two networks on a run time. Raises what `runtime.select.load_network` raises."""

    def __init__(self, store: ModelStore, runtime: str = "auto", precision: Optional[str] = None) -> None:
        self._sonic: Network = load_network(store, "sonic", runtime, precision)
        self._denoiser: Network = load_network(store, "sonic_denoiser", runtime, precision)
        self._contact = LipContact(store)

    def close(self) -> None:
        """Give the networks' memory back."""
        self._sonic.close()
        self._denoiser.close()

    def identity(self, image: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """Look (128,) and expression (32,) of a crop, float32 (1,3,224,224) as `face.network_image` gives it."""
        silence = np.full((1, 1, 80, WINDOW * COLUMNS_PER_FRAME), -1.0, np.float32)
        outputs = self._sonic.run({"audio_input": silence, "image_input": image})
        return outputs["look"][0], outputs["expression"][0]

    def generate(self, speech: Speech, options: MakeOptions, first_frame: int = 0) -> Iterator[MotionBlock]:
        """Motion of all frames of the speech in order, the same for the same speech, options and seed.

        The speech is heard on as far as it is needed. With ``first_frame`` the blocks begin with the one that holds it,
        and are those that would have come there anyway. Raises what hearing raises.
        """
        idle = IdleMotion(options.seed, options.blink_scale, options.motion_scale, options.head_scale)
        gate, fade = MouthGate(), cross_fade()
        tail = np.zeros((ROWS, HOP), np.float32)
        start = first_frame // HOP * HOP - HOP  # every frame lies in two windows
        for first in itertools.count(start, HOP):
            speech.hear_until(first + WINDOW + REACH)
            if speech.complete and first >= speech.frames:
                return
            gate.hear(speech.voice)
            known = gate.values(max(first, 0), WINDOW + min(first, 0), speech.complete)
            free = 1 - options.rest_scale * (1 - known)
            window = np.zeros((ROWS, WINDOW), np.float32)
            if free.any():
                window = self._window(speech, first, options) * fade
            done, tail = tail + window[:, :HOP], window[:, HOP:]
            if first == start:
                continue
            frames = min(HOP, speech.frames - first)
            motion, contact, stress = np.split(done[:, :frames].T, [len(COEFFICIENTS), len(COEFFICIENTS) + 1], axis=1)
            coefficients = np.clip(motion * options.dynamic_scale, 0, LARGEST)
            coefficients[:, MOUTH.stop :] = 0
            self._contact.close(coefficients, contact[:, 0])
            coefficients *= free[:frames, None]
            pose = idle.add(first, coefficients, np.clip(stress[:, 0], 0, 1), speech.frames)
            yield MotionBlock(first, np.ascontiguousarray(coefficients, dtype=np.float32), pose)

    def _window(self, speech: Speech, first: int, options: MakeOptions) -> np.ndarray:
        """One window: rows of the coefficients, the probability that the lips touch, emphasis; (ROWS, WINDOW)."""
        mel = speech.mel(first, WINDOW)
        image = np.zeros(self._sonic.inputs[1].shape, np.float32)
        condition = self._sonic.run({"audio_input": mel[None, None], "image_input": image})["condition"]

        def velocity(motion: np.ndarray, step: np.ndarray) -> np.ndarray:
            return self._denoiser.run({"motion": motion, "step": step, "condition": condition})["velocity"]

        motion = sample(velocity, frame_noise(options.seed, first, WINDOW), options.inference_steps, TEMPERATURE)
        contact = condition[0, LipContact.channel]
        mouth = low_pass(delayed(motion, DELAY), options.smooth * SMOOTHEST)
        return np.concatenate([mouth, contact, emphasis(mel)[None]])


def delayed(rows: np.ndarray, frames: float) -> np.ndarray:
    """Rows (K, WINDOW) later by a part of a frame, linear between frames; the first frame stays."""
    before = np.concatenate([rows[:, :1], rows[:, :-1]], axis=1)
    return (1 - frames) * rows + frames * before


def low_pass(motion: np.ndarray, deviation: float) -> np.ndarray:
    """Rows (K, WINDOW) through a Gaussian of that many frames; it reaches no further than the unused `EDGE`."""
    if deviation < 0.05:
        return motion
    kernel = np.exp(-0.5 * (np.arange(-EDGE, EDGE + 1) / deviation) ** 2)
    padded = np.pad(motion, ((0, 0), (EDGE, EDGE)), mode="edge")
    return sum(w * padded[:, k : k + motion.shape[1]] for k, w in enumerate(kernel / kernel.sum()))


def emphasis(mel: np.ndarray) -> np.ndarray:
    """Stress of the speech in each frame, 0..1, by its loudness over half a second: (frames,) of mel (80, 4*frames)."""
    loudness = mel.mean(0).reshape(-1, COLUMNS_PER_FRAME).mean(1)
    stress = np.clip((loudness - QUIET) / (LOUD - QUIET), 0, 1) ** 2
    kernel = np.hanning(13)[1:-1]
    padded = np.pad(stress, len(kernel) // 2, mode="edge")
    return np.convolve(padded, kernel / kernel.sum(), "valid").astype(np.float32)
