"""Teach the denoiser the pair of speech encoders, then make its paths straight.

`train_denoiser` goes on from the denoiser in ``WORK/motion.ckpt`` with paths that start at noise of every size, from
none to full: the appliance starts them at little noise, which a denoiser that knows full noise alone has never seen.

`train_straight` then learns from its own samples, as rectified flow does (Liu, Gong & Liu, *Flow Straight and Fast*,
ICLR 2023): from noise to where one step leads, the velocity is that of the first step all along. Without it every
further step bent the path and was paid for: r of FACEGOOD's moving channels 0.54 after one step, 0.53 after 25.
"""

from __future__ import annotations

from pathlib import Path
from typing import Dict, List, Tuple

import mindspore as ms
import numpy as np
from mindspore import nn, ops

from appliance.pipeline.motion.model import TEMPERATURE
from appliance.pipeline.motion.sampler import MOTION_UNITS, WINDOW, frame_noise, step_code, step_codes

from ..ict.lips import IctBasis
from ..judge.regression import judge_regression
from ..manifest import MOTION
from ..networks import SonicDenoiser, SpeechEncoder, SpeechPair, partner
from .augment import Windows
from .loop import SEED, Trainer, load_cell
from .motion import AVERAGE, FlowLoss, fixed, load_corpus, views

JUDGED_STEPS = 10


class DenoiserLoss(nn.Cell):
    """`FlowLoss` on what the encoders, which stay as they are, make of the speech."""

    def __init__(self, speech: SpeechPair, flow: FlowLoss) -> None:
        super().__init__()
        self.speech, self.flow = speech.set_train(False), flow
        for parameter in speech.get_parameters():
            parameter.requires_grad = False

    def construct(
        self, mel: ms.Tensor, target: ms.Tensor, weight: ms.Tensor, noise: ms.Tensor, at: ms.Tensor, step: ms.Tensor
    ) -> ms.Tensor:
        return self.flow(ops.stop_gradient(self.speech(mel)), target, weight, noise, at, step)


class StraightLoss(nn.Cell):
    """Squared error of the velocity on the way from noise to where the ``teacher``'s first step leads."""

    def __init__(self, speech: SpeechPair, teacher: SonicDenoiser, denoiser: SonicDenoiser, seen: np.ndarray) -> None:
        super().__init__()
        self.speech, self.teacher = speech.set_train(False), teacher.set_train(False)
        self.denoiser, self.seen = denoiser, fixed(seen)
        for parameter in [*speech.get_parameters(), *teacher.get_parameters()]:
            parameter.requires_grad = False
        self.start = ms.Tensor(step_code(0.0))
        self.noise_seen = float((seen**2).sum())

    def construct(self, mel: ms.Tensor, noise: ms.Tensor, at: ms.Tensor, step: ms.Tensor) -> ms.Tensor:
        condition = ops.stop_gradient(self.speech(mel))
        ahead = ops.stop_gradient(self.teacher(noise, self.start, condition))
        missed = self.denoiser(noise + at * ahead, step, condition) - ahead
        seen = self.seen(missed)
        return (missed * missed).mean() + (seen * seen).sum(1).mean() / self.noise_seen


def trained_pair(work: Path) -> SpeechPair:
    """The two encoders of ``WORK/motion.ckpt`` and ``WORK/partner.ckpt``. Raises `ValueError` if a parameter is
    missing."""
    first, second = SpeechEncoder(), partner()
    load_cell(first, "speech", work / "motion.ckpt", averaged=True)
    load_cell(second, "speech", work / "partner.ckpt", averaged=True)
    return SpeechPair(first, second).halve()


def train_denoiser(work: Path, steps: int, batch: int, rate: float) -> None:
    school = School(work)
    denoiser = trained_denoiser(work / "motion.ckpt")

    def make_batch() -> List[np.ndarray]:
        mel, target, weight, _ = school.windows.batch(batch)
        noise, at = school.noise(batch, largest=1.0)
        return [mel, target, weight, noise, at, step_codes(at.ravel())]

    loss = DenoiserLoss(school.speech, FlowLoss(denoiser, school.seen))
    trainer = Trainer("denoiser", {"denoiser": denoiser}, loss, steps, rate, work, AVERAGE)
    trainer.run(make_batch, school.windows.generator, lambda: school.judge(denoiser), judge_every=steps)


def train_straight(work: Path, steps: int, batch: int, rate: float) -> None:
    school = School(work)
    teacher, denoiser = (trained_denoiser(work / "denoiser.ckpt") for _ in range(2))

    def make_batch() -> List[np.ndarray]:
        mel = school.windows.batch(batch).mel
        noise, at = school.noise(batch, largest=2 * TEMPERATURE)
        return [mel, noise, at, step_codes(at.ravel())]

    loss = StraightLoss(school.speech, teacher, denoiser, school.seen)
    trainer = Trainer("straight", {"denoiser": denoiser}, loss, steps, rate, work, AVERAGE)
    trainer.run(make_batch, school.windows.generator, lambda: school.judge(denoiser), judge_every=steps)


def trained_denoiser(checkpoint: Path) -> SonicDenoiser:
    denoiser = SonicDenoiser()
    load_cell(denoiser, "denoiser", checkpoint, averaged=True)
    return denoiser


class School:
    """What both trainings need: the corpus, its windows, the trained encoders."""

    def __init__(self, work: Path) -> None:
        self.basis = IctBasis.load()
        self.corpus = load_corpus(work, self.basis)
        training = np.repeat(self.corpus["split"] == "train", self.corpus["frames"])
        self.seen = views(self.corpus["coefficients"][training].astype(np.float32), self.basis)
        self.speech = trained_pair(work).set_train(False)
        self.windows = Windows(self.corpus, SEED)

    def noise(self, count: int, largest: float) -> Tuple[np.ndarray, np.ndarray]:
        """Noise (count,32,1,WINDOW) of sizes up to ``largest``, and places (count,1,1,1) on the paths from it."""
        draw = self.windows.generator
        at, size = draw.random((2, count, 1, 1, 1)).astype(np.float32)
        return draw.standard_normal((count, MOTION, 1, WINDOW), dtype=np.float32) * size * np.float32(largest), at

    def judge(self, denoiser: SonicDenoiser) -> Dict[str, float]:
        """Held-out figures of the sampled motion."""
        return judge_regression(lambda mel: sample_all(denoiser, self.speech(ms.Tensor(mel))), self.corpus, self.basis)


def sample_all(denoiser: SonicDenoiser, condition: ms.Tensor) -> np.ndarray:
    """Coefficients (N,32,WINDOW) drawn for conditions (N,CONDITION,1,WINDOW) as the appliance draws one of them."""
    count = len(condition)
    motion = np.repeat(frame_noise(SEED, 0, WINDOW)[None, :, None] * np.float32(TEMPERATURE), count, axis=0)
    for number in range(JUDGED_STEPS):
        step = np.repeat(step_code(number / JUDGED_STEPS), count, axis=0)
        motion = motion + denoiser(ms.Tensor(motion), ms.Tensor(step), condition).asnumpy() / JUDGED_STEPS
    return motion[:, :, 0] / MOTION_UNITS
