"""Train the speech encoder and the denoiser together on ``WORK/corpus.npz``."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, List

import mindspore as ms
import numpy as np
from mindspore import nn, ops

from appliance.pipeline.coefficients import COEFFICIENTS, INDEX
from appliance.pipeline.motion.sampler import MOTION_UNITS, WINDOW, step_codes

from ..ict.lips import IctBasis
from ..manifest import MOTION
from ..networks import SonicDenoiser, SpeechEncoder
from .augment import Windows, closure_weights
from .loop import SEED, Trainer

LIPS = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 185, 40, 39, 37, 0, 267, 269, 270, 409, 152, 199, 175)
"""Mesh numbers of the outer lips and the chin: where errors are seen."""
SHARES = {"coefficients": 0.3, "points": 0.2, "gaps": 0.35, "jaw": 0.15}
CHANGE_WEIGHT = 0.5
CONTACT_WEIGHT = 0.4
FLOW_WEIGHT = 0.35
CONTACT_GAP, CONTACT_WIDTH = 0.006, 0.0015
"""Lip gap, in face heights, under which the lips count as touching, and how sharp that limit is."""


def views(coefficients: np.ndarray, basis: IctBasis) -> np.ndarray:
    """What a viewer sees of coefficients (N,32), as one linear map (K,32) scaled to share out the loss.

    Rows: the coefficients themselves, lip and chin points, the inner-lip gap, the jaw; each group is divided by the
    spread it has in the corpus, so that the share of a group in the loss is its number in `SHARES`.
    """
    gap = basis.gap_weights()[None]
    spread = coefficients.std(0)
    own = np.diag(np.where(spread > 1e-4, 1 / (spread + 0.3 * spread.max()), 1.0))
    points = basis.deltas[:, list(LIPS), :2].reshape(len(COEFFICIENTS), -1).T
    jaw = np.zeros((1, len(COEFFICIENTS)))
    jaw[0, INDEX["jawOpen"]] = 1
    groups = {"coefficients": own, "points": points, "gaps": gap, "jaw": jaw}
    rows = []
    for name, share in SHARES.items():
        variance = (coefficients @ groups[name].T).var(0).sum()
        rows.append(groups[name] * np.sqrt(share / variance))
    return np.concatenate(rows).astype(np.float32)


class MotionLoss(nn.Cell):
    """Regression, lip-contact and flow-matching losses of one batch. ``gap``: `IctBasis.gap_weights`."""

    def __init__(self, speech: SpeechEncoder, denoiser: SonicDenoiser, seen: np.ndarray, gap: np.ndarray) -> None:
        super().__init__()
        self.speech, self.denoiser = speech, denoiser
        self.seen = nn.Conv2d(MOTION, len(seen), 1, has_bias=False, weight_init=ms.Tensor(seen[:, :, None, None]))
        self.seen.weight.requires_grad = False
        self.gap = nn.Conv2d(MOTION, 1, 1, has_bias=False, weight_init=ms.Tensor(gap[None, :, None, None]))
        self.gap.weight.requires_grad = False
        self.sigmoid = nn.Sigmoid()
        self.noise_seen = float((seen**2).sum())
        self.mean = ops.ReduceMean()

    def construct(
        self, mel: ms.Tensor, target: ms.Tensor, weight: ms.Tensor, noise: ms.Tensor, at: ms.Tensor, step: ms.Tensor
    ) -> ms.Tensor:
        condition = self.speech(mel)
        error = self.seen(condition[:, :MOTION] - target)
        change = error[:, :, :, 1:] - error[:, :, :, :-1]
        regression = self.mean((error * error).sum(1, keepdims=True) * weight)
        rhythm = self.mean((change * change).sum(1, keepdims=True) * weight[:, :, :, 1:])
        touching = self.sigmoid((CONTACT_GAP - self.gap(target)) / CONTACT_WIDTH)
        contact = condition[:, MOTION : MOTION + 1]
        surprise = -(touching * ops.log(contact + 1e-3) + (1 - touching) * ops.log(1.001 - contact))
        closure = self.mean(surprise * weight)
        motion = target * MOTION_UNITS
        path = (1 - at) * noise + at * motion
        missed = self.denoiser(path, step, condition) - (motion - noise)
        seen = self.seen(missed)
        flow = self.mean(missed * missed) + self.mean((seen * seen).sum(1, keepdims=True) * weight) / self.noise_seen
        return regression + CHANGE_WEIGHT * rhythm + CONTACT_WEIGHT * closure + FLOW_WEIGHT * flow


def load_corpus(work: Path, basis: IctBasis) -> Dict[str, np.ndarray]:
    """The corpus with frame weights added."""
    corpus = dict(np.load(work / "corpus.npz"))
    gap = basis.lip_gap(corpus["coefficients"].astype(np.float32))
    corpus["weight"] = closure_weights(gap, corpus["silent"], float(gap[~corpus["silent"]].std()))
    return corpus


def train_motion(work: Path, steps: int, batch: int, rate: float) -> None:
    from ..judge.regression import judge_regression

    basis = IctBasis.load()
    corpus = load_corpus(work, basis)
    training = np.repeat(corpus["split"] == "train", corpus["frames"])
    speech, denoiser = SpeechEncoder(), SonicDenoiser()
    seen = views(corpus["coefficients"][training].astype(np.float32), basis)
    loss = MotionLoss(speech, denoiser, seen, basis.gap_weights())
    windows = Windows(corpus, SEED)

    def make_batch() -> List[np.ndarray]:
        mel, target, weight = windows.batch(batch)
        at = windows.generator.random(batch).astype(np.float32)
        noise = windows.generator.standard_normal((batch, MOTION, 1, WINDOW), dtype=np.float32)
        return [mel, target, weight, noise, at[:, None, None, None], step_codes(at)]

    def judge() -> Dict[str, float]:
        return judge_regression(lambda mel: speech(ms.Tensor(mel)).asnumpy()[:, :MOTION, 0], corpus, basis)

    trainer = Trainer("motion", {"speech": speech, "denoiser": denoiser}, loss, steps, rate, work)
    trainer.run(make_batch, windows.generator, judge, judge_every=250)
