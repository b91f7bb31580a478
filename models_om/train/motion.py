"""Train the speech encoder and the denoiser together on ``WORK/corpus.npz``, and by itself the encoder's partner.

Where ``WORK/sync.ckpt`` is, the lip-sync expert in it has a say.
"""

from __future__ import annotations

from pathlib import Path
from typing import Dict, List, Optional, Tuple

import mindspore as ms
import numpy as np
from mindspore import nn, ops

from appliance.pipeline.coefficients import COEFFICIENTS, INDEX
from appliance.pipeline.motion.sampler import MOTION_UNITS, WINDOW, step_codes
from appliance.pipeline.speech.mel import COLUMNS_PER_FRAME

from ..ict.lips import IctBasis
from ..judge.regression import judge_regression
from ..manifest import MOTION
from ..networks import SonicDenoiser, SpeechEncoder, partner
from ..networks.sync import SYNC_FRAMES, SyncExpert
from .augment import Windows, closure_weights
from .loop import SEED, Trainer, load_cell

LIPS = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 185, 40, 39, 37, 0, 267, 269, 270, 409, 152, 199, 175)
"""Mesh numbers of the outer lips and the chin: where errors are seen."""
SHARES = {"coefficients": 0.35, "points": 0.15, "gap": 0.25, "jaw": 0.15, "rounding": 0.1}
"""Of the groups of `views` in the loss. Without rounding as a group of its own, r of FACEGOOD's rounding was 0.48 and
0.42 after 500 steps instead of 0.61 and 0.61."""

WEIGHTS = {"regression": 1.0, "change": 0.5, "course": 0.5, "contact": 0.4, "silence": 0.05, "flow": 0.35, "sync": 0.1}
CONTACT_GAP, CONTACT_WIDTH = 0.006, 0.0015
"""Lip gap, in face heights, under which the lips count as touching, and how sharp that limit is."""
SPEAKING_GAP = 0.025
"""Deviation of the lip gap in speech, in face heights: what an open mouth in silence is measured by."""
AVERAGE = 0.995
"""Decay of the running average of the weights, which is what ships."""


def views(coefficients: np.ndarray, basis: IctBasis) -> np.ndarray:
    """What a viewer sees of coefficients (N,32), as one linear map (K,32) scaled to share out the loss.

    Rows: the coefficients themselves, lip and chin points, the inner-lip gap, the jaw, rounding; each group is divided
    by the spread it has in the corpus, so that the share of a group in the loss is its number in `SHARES`.
    """
    spread = coefficients.std(0)
    one = np.eye(len(COEFFICIENTS))
    groups = {
        "coefficients": np.diag(np.where(spread > 1e-4, 1 / (spread + 0.3 * spread.max()), 1.0)),
        "points": basis.deltas[:, list(LIPS), :2].reshape(len(COEFFICIENTS), -1).T,
        "gap": basis.gap_weights()[None],
        "jaw": one[[INDEX["jawOpen"]]],
        "rounding": one[[INDEX["mouthFunnel"], INDEX["mouthPucker"]]],
    }
    rows = []
    for name, share in SHARES.items():
        variance = (coefficients @ groups[name].T).var(0).sum()
        rows.append(groups[name] * np.sqrt(share / variance))
    return np.concatenate(rows).astype(np.float32)


class FlowLoss(nn.Cell):
    """Flow matching: squared error of the velocity at a point of the straight path from noise to motion, half of it by
    coefficient and half as `views` show it."""

    def __init__(self, denoiser: SonicDenoiser, seen: np.ndarray) -> None:
        super().__init__()
        self.denoiser, self.seen = denoiser, fixed(seen)
        self.noise_seen = float((seen**2).sum())
        self.mean = ops.ReduceMean()

    def construct(
        self, condition: ms.Tensor, target: ms.Tensor, weight: ms.Tensor, noise: ms.Tensor, at: ms.Tensor,
        step: ms.Tensor,
    ) -> ms.Tensor:  # fmt: skip
        motion = target * MOTION_UNITS
        path = (1 - at) * noise + at * motion
        missed = self.denoiser(path, step, condition) - (motion - noise)
        seen = self.seen(missed)
        return self.mean(missed * missed) + self.mean((seen * seen).sum(1, keepdims=True) * weight) / self.noise_seen


def fixed(weights: np.ndarray) -> nn.Conv2d:
    """A linear map (K,32) of coefficients (N,32,1,T) that is not trained."""
    conv = nn.Conv2d(MOTION, len(weights), 1, has_bias=False, weight_init=ms.Tensor(weights[:, :, None, None]))
    conv.weight.requires_grad = False
    return conv


class MotionLoss(nn.Cell):
    """The loss of one batch and its parts. ``seen``: `views`; ``gap``: `IctBasis.gap_weights`.

    ``regression``: squared error of what is seen, closures weighing more; ``change``: of its difference from frame to
    frame; ``course``: 1 - Pearson's r of each seen curve within the window, the livelier curves counting more;
    ``contact``: cross entropy of lips that touch; ``silence``: squared opening of the lips where nothing is said;
    ``flow``: `FlowLoss`; ``sync``: 1 - what the frozen ``expert`` thinks of speech and motion together (cosine).
    """

    def __init__(
        self, speech: SpeechEncoder, denoiser: Optional[SonicDenoiser], seen: np.ndarray, gap: np.ndarray,
        expert: Optional[SyncExpert] = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.speech, self.expert = speech, expert
        self.flow = None if denoiser is None else FlowLoss(denoiser, seen)
        without = {"flow": denoiser is None, "sync": expert is None}
        self.terms = tuple(name for name in WEIGHTS if not without.get(name))
        if expert is not None:
            expert.set_train(False)
            for parameter in expert.get_parameters():
                parameter.requires_grad = False
        self.seen, self.gap = fixed(seen), fixed(gap[None])
        self.sigmoid = nn.Sigmoid()
        self.mean = ops.ReduceMean()

    def construct(
        self, mel: ms.Tensor, target: ms.Tensor, weight: ms.Tensor, silent: ms.Tensor, noise: ms.Tensor, at: ms.Tensor,
        step: ms.Tensor,
    ) -> Tuple[ms.Tensor, ...]:  # fmt: skip
        condition = self.speech(mel)
        regressed, contact = condition[:, :MOTION], condition[:, MOTION : MOTION + 1]
        ours, theirs = self.seen(regressed), self.seen(target)
        error = ours - theirs
        change = error[:, :, :, 1:] - error[:, :, :, :-1]
        opening = ops.relu(self.gap(regressed)) / SPEAKING_GAP
        touching = self.sigmoid((CONTACT_GAP - self.gap(target)) / CONTACT_WIDTH)
        surprise = -(touching * ops.log(contact + 1e-3) + (1 - touching) * ops.log(1.001 - contact))
        terms = (
            self.mean((error * error).sum(1, keepdims=True) * weight),
            self.mean((change * change).sum(1, keepdims=True) * weight[:, :, :, 1:]),
            self.course(ours, theirs),
            self.mean(surprise * weight),
            self.mean(opening * opening * silent),
        )
        if self.flow is not None:
            terms = (*terms, self.flow(condition, target, weight, noise, at, step))
        if self.expert is not None:
            terms = (*terms, 1 - self.agreement(mel, regressed))
        total = 0.0
        for name, term in zip(self.terms, terms):
            total = total + WEIGHTS[name] * term
        return (total, *terms)

    def course(self, ours: ms.Tensor, theirs: ms.Tensor) -> ms.Tensor:
        """1 - r over the window, averaged over curves by how much the true one moves."""
        ours, theirs = (rows - rows.mean(3, keep_dims=True) for rows in (ours, theirs))
        energy = (theirs * theirs).sum(3)
        r = (ours * theirs).sum(3) / ops.sqrt((ours * ours).sum(3) * energy + 1e-6)
        lively = ops.sqrt(energy + 1e-8)
        return ((1 - r) * lively).sum() / lively.sum()

    def agreement(self, mel: ms.Tensor, motion: ms.Tensor) -> ms.Tensor:
        """Mean cosine of the expert's codes of speech and motion, over the halves of the windows."""
        halves = range(0, WINDOW, SYNC_FRAMES)
        heard = ops.concat([mel[..., k * COLUMNS_PER_FRAME : (k + SYNC_FRAMES) * COLUMNS_PER_FRAME] for k in halves])
        moved = ops.concat([motion[..., k : k + SYNC_FRAMES] for k in halves])
        return (self.expert.speech_code(heard) * self.expert.motion_code(moved)).sum(1).mean()


def load_corpus(work: Path, basis: IctBasis) -> Dict[str, np.ndarray]:
    """The corpus with frame weights added."""
    corpus = dict(np.load(work / "corpus.npz"))
    gap = basis.lip_gap(corpus["coefficients"].astype(np.float32))
    corpus["weight"] = closure_weights(gap, corpus["silent"], float(gap[~corpus["silent"]].std()))
    return corpus


def sync_expert(checkpoint: Path) -> Optional[SyncExpert]:
    """The trained expert, if there is one."""
    if not checkpoint.exists():
        return None
    expert = SyncExpert()
    load_cell(expert, "expert", checkpoint, averaged=True)
    return expert


def train_motion(work: Path, steps: int, batch: int, rate: float) -> None:
    _train("motion", {"speech": SpeechEncoder(), "denoiser": SonicDenoiser()}, SEED, work, steps, batch, rate)


def train_partner(work: Path, steps: int, batch: int, rate: float) -> None:
    _train("partner", {"speech": partner()}, SEED + 1, work, steps, batch, rate)


def _train(
    name: str, cells: Dict[str, nn.Cell], seed: int, work: Path, steps: int, batch: int, rate: float
) -> None:
    basis = IctBasis.load()
    corpus = load_corpus(work, basis)
    training = np.repeat(corpus["split"] == "train", corpus["frames"])
    seen = views(corpus["coefficients"][training].astype(np.float32), basis)
    speech = cells["speech"]
    loss = MotionLoss(speech, cells.get("denoiser"), seen, basis.gap_weights(), sync_expert(work / "sync.ckpt"))
    windows = Windows(corpus, seed)

    def make_batch() -> List[np.ndarray]:
        drawn = windows.batch(batch)
        at = windows.generator.random(batch).astype(np.float32)
        noise = windows.generator.standard_normal((batch, MOTION, 1, WINDOW), dtype=np.float32)
        return [*drawn, noise, at[:, None, None, None], step_codes(at)]

    def judge() -> Dict[str, float]:
        return judge_regression(lambda mel: speech(ms.Tensor(mel)).asnumpy()[:, :MOTION, 0], corpus, basis)

    trainer = Trainer(name, cells, loss, steps, rate, work, average=AVERAGE)
    trainer.run(make_batch, windows.generator, judge, judge_every=250)
