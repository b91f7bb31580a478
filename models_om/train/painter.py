"""Train `sonic_painter` on ``WORK/mouths/*.npz``, the pairs that `corpus.mouths` made.

What is judged is the picture with the painter's colours laid over it, around the opening of the mouth. Each source
teaches what it knows: renders every edge, portraits and people who talk the colours and the light at the softness that
their pictures have; there the edges of the teeth stay those that geometry drew. Geometry says what is where, truth how
it looks: a tooth drawn where the truth has none, or none where it has one, teaches nothing, or all teeth would become
half lips. Teeth stand still on the skull: what is laid over upper teeth that two successive frames both show must be
the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Tuple

import cv2
import mindspore as ms
import numpy as np
from mindspore import nn

from appliance.pipeline.coefficients import COEFFICIENTS, INDEX
from appliance.pipeline.render.painter import COARSE
from appliance.pipeline.render.patch import PATCH

from ..networks.painter import SonicPainter
from .loop import SEED, Trainer

SOURCES = ("portraits", "grid", "renders")
PAIRED = ("grid", "renders")
"""Sources whose samples come as two successive frames."""

PAIRED_SHARE = 4
"""One pair for so many samples of a batch."""

HEIGHT, WIDTH = 96, 112
"""Training looks at this part of the patch, around the mouth: the network is one convolution after another, and the
rest of the patch teaches it nothing."""

BLURS = (0.0, 1.5, 3.5)
"""Deviations, patch px, at which pictures are compared."""

LEVELS = {"portraits": (0.25, 1.0, 1.0), "grid": (0.0, 0.6, 1.0), "renders": (1.0, 0.6, 0.6)}
"""How much each of them counts, by source."""

EDGES = {"portraits": 0.6, "grid": 0.4, "renders": 0.0}
"""How strongly the edges of the teeth are kept as geometry drew them."""

PALER, LIT, DOUBT = (0.0, 0.12), (0.3, 0.5), 0.03
"""By how much a tooth is paler than the skin, and how bright beside it: from no tooth to surely one. What counts where
guide and truth contradict each other."""

WEIGHTS = {"colour": 1.0, "light": 1.0, "edges": 15.0, "truth": 1.0, "flicker": 10.0, "border": 0.1}
AROUND = 5.0
"""Patch px around the opening that count."""

SIGNIFICANT = 3.0
"""How much more the opening counts than what is around it."""


@dataclass(frozen=True)
class Mouths:
    """The samples of one source; see `corpus.mouths.sample`."""

    crop: np.ndarray
    target: np.ndarray
    motion: np.ndarray
    split: np.ndarray
    face: np.ndarray
    moment: np.ndarray

    @classmethod
    def load(cls, path: Path) -> Mouths:
        archive = np.load(path)
        return cls(**{name: archive[name] for name in cls.__dataclass_fields__})

    def firsts(self) -> np.ndarray:
        """Training samples that are followed by the next frame of the same face."""
        follows = (self.face[1:] == self.face[:-1]) & (self.moment[1:] == self.moment[:-1] + 1)
        return np.nonzero(np.append(follows, False) & (self.split == "train"))[0]


def low_pass(deviation: float) -> nn.Conv2d:
    """A Gaussian over three channels as a fixed convolution."""
    reach = int(np.ceil(2.5 * deviation))
    line = np.exp(-0.5 * (np.arange(-reach, reach + 1) / max(deviation, 1e-3)) ** 2)
    kernel = np.outer(line, line) / line.sum() ** 2
    weight = np.zeros((3, 3, *kernel.shape), np.float32)
    weight[np.arange(3), np.arange(3)] = kernel
    conv = nn.Conv2d(3, 3, kernel.shape, pad_mode="pad", padding=reach, has_bias=False, weight_init=ms.Tensor(weight))
    conv.weight.requires_grad = False
    return conv


class PainterLoss(nn.Cell):
    """Losses of one batch.

    ``crop`` (N,9,h,w) and ``target`` (N,3,h,w) 0..1; ``weight`` (N,1,h,w): where errors count; ``agreed`` (N,1,h,w):
    where geometry and truth agree on what is tooth; ``levels`` (N,3) and ``edges`` (N,1): see `LEVELS`, `EDGES`. Rows
    ``lead .. lead+pairs`` are followed by rows ``lead+pairs ..``.
    """

    terms = ("colour", "light", "edges", "truth", "flicker", "border")

    def __init__(self, painter: SonicPainter, lead: int, pairs: int) -> None:
        super().__init__()
        self.painter, self.lead, self.pairs = painter, lead, pairs
        self.soft, self.softer = low_pass(BLURS[1]), low_pass(BLURS[2])

    def construct(
        self, crop: ms.Tensor, motion: ms.Tensor, target: ms.Tensor, weight: ms.Tensor, agreed: ms.Tensor,
        levels: ms.Tensor, edges: ms.Tensor,
    ) -> Tuple[ms.Tensor, ...]:  # fmt: skip
        painted = self.painter(crop, motion)
        patch, opening, upper = crop[:, :3], crop[:, 3:4], crop[:, 4:5]
        rows = upper + crop[:, 5:6]
        change = (painted[:, :3] - patch) * painted[:, 3:4]
        error = (patch + change - target) * agreed
        share = levels[:, :, None, None]
        colour = (error.abs() * weight * share[:, 0:1]).mean()
        light = (self.soft(error).abs() * weight * share[:, 1:2]).mean()
        light = light + (self.softer(error).abs() * weight * share[:, 2:3]).mean()
        # Fine detail of the change itself, on teeth: none where the source is too soft to say.
        detail = change - self.soft(change)
        kept = (detail.abs() * rows * edges[:, :, None, None]).mean()
        fine = error - self.soft(error)
        truth = (fine.abs() * weight * share[:, 0:1]).mean()
        first = slice(self.lead, self.lead + self.pairs)
        after = slice(self.lead + self.pairs, self.lead + 2 * self.pairs)
        shared = upper[first] * upper[after] * opening[first] * opening[after]
        flicker = ((change[first] - change[after]).abs() * shared).mean()
        border = (painted[:, 3:4] * (weight < 0.5).astype(ms.float32)).mean()
        terms = (colour, light, kept, truth, flicker, border)
        total = sum(WEIGHTS[name] * term for name, term in zip(self.terms, terms))
        return (total, *terms)


def train_painter(work: Path, steps: int, batch: int, rate: float) -> None:
    """Half of a ``batch`` are portraits, half pairs of successive frames of people and of renders."""
    mouths = {name: Mouths.load(work / "mouths" / f"{name}.npz") for name in SOURCES}
    painter = SonicPainter()
    pairs = batch // PAIRED_SHARE
    loss = PainterLoss(painter, batch - 2 * pairs, pairs)
    batches = Batches(mouths, batch)
    trainer = Trainer("painter", {"painter": painter}, loss, steps, rate, work, average=0.998)
    trainer.run(batches.next, batches.generator, lambda: judged(painter, mouths), judge_every=250)


class Batches:
    """Draws and alters training samples."""

    def __init__(self, mouths: Dict[str, Mouths], size: int) -> None:
        self.mouths, self.size = mouths, size
        self.generator = np.random.default_rng(SEED)
        self.firsts = {name: mouths[name].firsts() for name in PAIRED}
        self.singles = np.nonzero(mouths["portraits"].split == "train")[0]
        names = [name.replace("Left", "\0").replace("Right", "Left").replace("\0", "Right") for name in COEFFICIENTS]
        self.mirrored = [INDEX[name] for name in names]

    def next(self) -> List[np.ndarray]:
        """``crop``, ``motion``, ``target``, ``weight``, ``agreed``, ``levels``, ``edges`` of `PainterLoss`."""
        pairs, draw = self.size // PAIRED_SHARE, self.generator
        chosen = [("portraits", int(row)) for row in draw.choice(self.singles, self.size - 2 * pairs)]
        first = []
        for _ in range(pairs):
            name = PAIRED[int(draw.integers(len(PAIRED)))]
            first.append((name, int(draw.choice(self.firsts[name]))))
        looks = [Look.by_chance(draw) for _ in range(self.size - pairs)]
        looks += looks[-pairs:]
        rows = chosen + first + [(name, row + 1) for name, row in first]
        parts = [self._sample(name, row, look) for (name, row), look in zip(rows, looks)]
        crop, motion, target, weight, agreed = (np.stack(column) for column in zip(*parts))
        levels = np.array([LEVELS[name] for name, _ in rows], np.float32)
        edges = np.array([[EDGES[name]] for name, _ in rows], np.float32)
        return [crop, motion, target, weight, agreed, levels, edges]

    def _sample(self, name: str, row: int, look: Look) -> Tuple[np.ndarray, ...]:
        source = self.mouths[name]
        y, x = look.y, look.x
        part = np.s_[:, y : y + HEIGHT, x : x + WIDTH]
        crop, target = (array[row][part].astype(np.float32) / 255 for array in (source.crop, source.target))
        motion, agreed = source.motion[row].astype(np.float32), agreement(crop, target)
        for rgb in (crop[:3], crop[6:], target):
            rgb[:] = np.clip(rgb, 0, 1) ** look.gamma * look.gain[:, None, None]
        if look.mirrored:
            crop, target, agreed = crop[:, :, ::-1], target[:, :, ::-1], agreed[:, ::-1]
            motion = motion[self.mirrored]
        cells = (len(COEFFICIENTS), HEIGHT * COARSE // PATCH, WIDTH * COARSE // PATCH)
        spread = np.broadcast_to(motion[:, None, None], cells)
        weight = importance(crop[3])
        return tuple(np.ascontiguousarray(array) for array in (crop, spread, target, weight[None], agreed[None]))


@dataclass(frozen=True)
class Look:
    """How a sample is altered: where it is cut out, mirrored or not, in what light; the same for both of a pair."""

    y: int
    x: int
    mirrored: bool
    gamma: float
    gain: np.ndarray

    @classmethod
    def by_chance(cls, draw: np.random.Generator) -> Look:
        gain = (draw.uniform(0.7, 1.1) * draw.uniform(0.92, 1.08, 3)).astype(np.float32)
        y, x = int(draw.integers(4, 8)) * 8, int(draw.integers(1, 6)) * 8
        return cls(y, x, bool(draw.random() < 0.5), float(draw.uniform(0.85, 1.2)), gain)


def importance(opening: np.ndarray) -> np.ndarray:
    """float32 (h,w): where errors count, of the opening (h,w) 0..1."""
    near = cv2.GaussianBlur(cv2.dilate(opening, np.ones((3, 3))), (0, 0), AROUND / 2)
    around = np.clip(near * 2.5, 0, 1)
    return (around * (1 + SIGNIFICANT * opening)).astype(np.float32)


def agreement(crop: np.ndarray, target: np.ndarray) -> np.ndarray:
    """float32 (h,w), `DOUBT` .. 1: how far the rows of teeth in the guide of ``crop`` (9,h,w) and the looks of
    ``target`` (3,h,w) say the same. Teeth are paler than the skin around the mouth, and not dark."""
    opening, drawn = crop[3], np.clip(crop[4] + crop[5] * (crop[5] > 0.5), 0, 1)
    skin = np.median(target[:, opening < 0.02], axis=1) if (opening < 0.02).any() else target.mean((1, 2))
    value, paleness = target.max(0), target.min(0) / (target.max(0) + 1e-3)
    pale = np.clip((paleness - skin.min() / (skin.max() + 1e-3) - PALER[0]) / (PALER[1] - PALER[0]), 0, 1)
    lit = np.clip((value / (skin.max() + 1e-3) - LIT[0]) / (LIT[1] - LIT[0]), 0, 1)
    tooth = pale * lit
    same = 1 - np.abs(tooth - drawn)
    return np.where(opening > 0.3, DOUBT + (1 - DOUBT) * same, 1).astype(np.float32)


def laid_over(painted: np.ndarray, crop: np.ndarray) -> np.ndarray:
    """(N,3,h,w): the painter's ``rgba`` over the picture in ``crop`` (N,9,h,w)."""
    return crop[:, :3] + (painted[:, :3] - crop[:, :3]) * painted[:, 3:]


def judged(painter: SonicPainter, mouths: Dict[str, Mouths]) -> Dict[str, float]:
    """PSNR (dB) in the mouths of held-out faces, by source, and of the picture before the painter saw it."""
    figures = {}
    for name, source in mouths.items():
        rows = np.nonzero(source.split == "held_out")[0][:36]
        before, after, count = 0.0, 0.0, 0.0
        for start in range(0, len(rows) - 11, 12):
            part = rows[start : start + 12]
            crop = source.crop[part].astype(np.float32) / 255
            target = source.target[part].astype(np.float32) / 255
            motion = np.broadcast_to(
                source.motion[part].astype(np.float32)[:, :, None, None], (len(part), len(COEFFICIENTS), COARSE, COARSE)
            )
            result = laid_over(painter(ms.Tensor(crop), ms.Tensor(np.ascontiguousarray(motion))).asnumpy(), crop)
            mouth = crop[:, 3:4] > 0.5
            before += float((((crop[:, :3] - target) ** 2) * mouth).sum())
            after += float((((result - target) ** 2) * mouth).sum())
            count += 3 * float(mouth.sum())
        figures[f"{name} plain dB"] = float(-10 * np.log10(before / count))
        figures[f"{name} painted dB"] = float(-10 * np.log10(after / count))
    return figures

