"""Train the lip-sync expert on ``WORK/corpus.npz``: speech and motion of one moment together, all others apart."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, Iterator, List, Tuple

import mindspore as ms
import numpy as np
from mindspore import nn, ops
from scipy.ndimage import gaussian_filter1d

from appliance.pipeline.motion.sampler import WINDOW
from appliance.pipeline.speech.mel import COLUMNS_PER_FRAME

from ..ict.lips import IctBasis
from ..judge.ranking_scores import Pair
from ..judge.sync import held_out_clips, ranked_first, windows_of_motion, windows_of_speech
from ..networks.sync import SYNC_FRAMES, SyncExpert
from .augment import Windows
from .loop import SEED, Trainer, load_cell

CUTS = 3
"""Short windows cut out of each long one: what the others of a clip are taken for, when they are not."""
APART = 5
"""Least frames between them: nearer ones look too much alike to be called wrong."""
TEMPERATURE = 0.07
SHIFT_WEIGHT = 0.5
MOVING = 0.008
"""Deviation of the lip gap, in face heights, from which a window counts in full; still lips fit any silence."""


class SyncLoss(nn.Cell):
    """InfoNCE in both directions, over the whole batch (contrast) and over the cuts of one clip alone (shift)."""

    terms = ("contrast", "shift")

    def __init__(self, expert: SyncExpert, batch: int) -> None:
        super().__init__()
        self.expert = expert
        self.itself = ms.Tensor(np.eye(batch * CUTS, dtype=np.float32))
        clip = np.repeat(np.arange(batch), CUTS)
        self.elsewhere = ms.Tensor(np.where(clip[:, None] == clip, 0, -1e4).astype(np.float32))

    def construct(self, speech: ms.Tensor, motion: ms.Tensor, weight: ms.Tensor) -> Tuple[ms.Tensor, ...]:
        speech_code, motion_code = self.expert(speech, motion)
        likeness = ops.matmul(speech_code, motion_code.T) / TEMPERATURE
        contrast = self._surprise(likeness, weight) + self._surprise(likeness.T, weight)
        near = likeness + self.elsewhere
        shift = self._surprise(near, weight) + self._surprise(near.T, weight)
        return contrast + SHIFT_WEIGHT * shift, contrast, shift

    def _surprise(self, likeness: ms.Tensor, weight: ms.Tensor) -> ms.Tensor:
        """Mean surprise (nats, halved) that the right column of each row is chosen."""
        chosen = (ops.log_softmax(likeness, 1) * self.itself).sum(1)
        return -0.5 * (chosen * weight).sum() / weight.sum()


def train_sync(work: Path, steps: int, batch: int, rate: float) -> None:
    corpus = dict(np.load(work / "corpus.npz"))
    corpus["weight"] = np.ones(len(corpus["coefficients"]), np.float32)
    basis, windows, expert = IctBasis.load(), Windows(corpus, SEED), SyncExpert()
    draw = windows.generator

    def make_batch() -> List[np.ndarray]:
        long = windows.batch(batch)
        motion = altered_motion(long.coefficients[:, :, 0], draw)
        starts = cuts(draw, batch)
        speech = np.stack([long.mel[row, :, :, s * COLUMNS_PER_FRAME : (s + SYNC_FRAMES) * COLUMNS_PER_FRAME]
                           for row in range(batch) for s in starts[row]])  # fmt: skip
        seen = np.stack([motion[row, :, None, s : s + SYNC_FRAMES] for row in range(batch) for s in starts[row]])
        movement = basis.lip_gap(seen[:, :, 0].transpose(0, 2, 1)).std(1)
        return [speech, seen, np.clip(movement / MOVING, 0, 1).astype(np.float32)]

    def judge() -> Dict[str, float]:
        return {f"{name} ranked first, %": ranked_first(pairs) for name, pairs in held_out_pairs(expert, corpus)}

    trainer = Trainer("sync", {"expert": expert}, SyncLoss(expert, batch), steps, rate, work, average=0.998)
    trainer.run(make_batch, draw, judge, judge_every=500)


def cuts(draw: np.random.Generator, count: int) -> np.ndarray:
    """First frames (count,CUTS) of short windows in long ones, at least `APART` from each other."""
    room = WINDOW - SYNC_FRAMES - (CUTS - 1) * APART
    return np.sort(draw.integers(0, room + 1, (count, CUTS)), axis=1) + APART * np.arange(CUTS)


def altered_motion(motion: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Coefficients (N,32,T) livelier or lazier, blurred or shaken a little: what is in time stays in time."""
    count, channels, frames = motion.shape
    gain = np.exp(draw.normal(0, 0.25, (count, 1, 1)) + draw.normal(0, 0.1, (count, channels, 1)))
    changed = (motion * gain).astype(np.float32)
    for row in np.nonzero(draw.random(count) < 0.5)[0]:
        changed[row] = gaussian_filter1d(changed[row], draw.uniform(0.3, 1.2), mode="nearest")
    shaken = draw.normal(0, 0.01, motion.shape).astype(np.float32) * (draw.random((count, 1, 1)) < 0.5)
    return changed + shaken * (np.abs(motion).max((0, 2), keepdims=True) > 0)


def held_out_pairs(expert: SyncExpert, corpus: Dict[str, np.ndarray]) -> Iterator[Tuple[str, List[Pair]]]:
    """Codes of the held-out clips of each source that has any."""
    for source in np.unique(corpus["source"]):
        pairs = []
        for mel, coefficients in held_out_clips(corpus, source):
            speech, motion = windows_of_speech(mel), windows_of_motion(coefficients)
            if len(speech):
                codes = expert(ms.Tensor(speech), ms.Tensor(motion))
                pairs.append(Pair(*(code.asnumpy() for code in codes)))
        if pairs:
            yield str(source), pairs


def load_expert(work: Path) -> SyncExpert:
    """The expert trained in a work folder (``WORK/sync.ckpt``, averaged weights), frozen: a loss for other networks.

    Raises `ValueError` if the checkpoint is of another network.
    """
    expert = SyncExpert()
    load_cell(expert, "expert", work / "sync.ckpt", averaged=True)
    expert.set_train(False)
    for parameter in expert.get_parameters():
        parameter.requires_grad = False
    return expert
