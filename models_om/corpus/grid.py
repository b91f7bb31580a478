"""GRID sentences: tracked lips of real people → the 32 coefficients, calibrated per speaker.

The face mesh of a frame is explained as the speaker's own closed, silent mouth, plus a small head movement, plus the
shapes of ICT-FaceKit at those points: a bounded ridge least squares with MediaPipe's blendshapes as the prior. So the
coefficients mean the same for every speaker, and what they show when rendered is what the lips really did.

Data: GRID audiovisual sentence corpus (Cooke, Barker, Cunningham & Shao 2006), CC BY 4.0.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterator, List

import numpy as np

from appliance.pipeline.coefficients import COEFFICIENTS, INDEX, MOUTH
from appliance.pipeline.motion.contact import LIP_PAIRS

from ..ict.lips import IctBasis

SPEAKERS = ("s1", "s4", "s26", "s31")
HELD_OUT_SPEAKERS = ("s26", "s31")
HELD_OUT_SENTENCES = 60
"""Sentences of s1 that training never sees; besides the held-out speakers."""

STABLE = (33, 133, 362, 263, 168, 6, 197, 195, 10, 338, 297, 109, 67, 54, 284)
"""Mesh points that speech does not move: eye corners, bridge of the nose, forehead."""
FITTED = tuple(range(MOUTH.stop)) + (INDEX["eyeBlinkLeft"], INDEX["eyeBlinkRight"])
LARGEST = 1.2
PRIOR_WEIGHT = 0.0025
"""Pull towards the prior, as squared shares of the face height per squared coefficient."""
GAP_WEIGHT = 8.0
LIP_WEIGHT = 2.0


@dataclass
class Sentence:
    """One tracked sentence. ``points`` (T,116,2) px, ``blendshapes`` (T,52) 0..1, both at 25 fps."""

    name: str
    speaker: str
    audio: Path
    points: np.ndarray
    blendshapes: np.ndarray

    @property
    def held_out(self) -> bool:
        return self.speaker in HELD_OUT_SPEAKERS


def sentences(data: Path, speaker: str) -> Iterator[Sentence]:
    """The speaker's sentences, by name."""
    for path in sorted((data / "grid" / speaker).glob("*.npz")):
        archive = np.load(path)
        yield Sentence(
            path.stem, speaker, path.with_suffix(".opus"),
            archive["points"].astype(np.float32), archive["blendshapes"].astype(np.float32),
        )  # fmt: skip


def point_numbers(data: Path) -> List[int]:
    """Mesh numbers of the 116 points, in their order."""
    groups = json.loads((data / "grid" / "point_indices.json").read_text())
    return [number for group in ("lips", "face_oval", "eyes", "nose") for number in groups[group]]


@dataclass
class Calibrated:
    """What a speaker's frames say: ``coefficients`` (N,32), tracked ``gap`` (N,) and ``jaw`` (N,) in face heights."""

    coefficients: np.ndarray
    gap: np.ndarray
    jaw: np.ndarray


class Calibration:
    """Turns one speaker's frames into coefficients.

    ``points`` (N,116,2), ``blendshapes`` (N,52), ``silent`` (N,) bool: all frames of the speaker.
    """

    def __init__(
        self, data: Path, basis: IctBasis, points: np.ndarray, blendshapes: np.ndarray, silent: np.ndarray
    ) -> None:
        self.numbers = point_numbers(data)
        self.row = {number: row for row, number in enumerate(self.numbers)}
        self.basis = basis
        names = (data / "grid" / "blendshape_names.txt").read_text().split()
        self.shape_columns = {name: column for column, name in enumerate(names)}
        stable = [self.row[number] for number in STABLE if number in self.row]
        reference = np.median(points, axis=0)
        aligned = align(points, reference, stable)
        gap = self._gap(aligned)
        closed = silent & (gap <= np.quantile(gap[silent], 0.4))
        self.rest = np.median(aligned[closed], axis=0)
        self.height = float(np.linalg.norm(self.rest[self.row[152]] - self.rest[self.row[10]]))
        self.aligned = align(points, self.rest, stable)
        prior = self._prior(blendshapes)
        self.prior = np.clip(prior - np.median(prior[closed], axis=0), 0, 1)

    def fit(self, iterations: int = 400) -> Calibrated:
        """Bounded least squares of all frames at once, by accelerated projected gradient (Beck & Teboulle 2009)."""
        offsets = (self.aligned - self.rest) / self.height
        count = len(FITTED)
        columns = np.concatenate([self._shapes(), self._head()])
        weights = self._weights()
        design = self._with_gaps(columns) * weights[:, None].T
        target = self._with_gaps(offsets) * weights
        prior = np.concatenate(
            [self.prior[:, FITTED], np.zeros((len(offsets), len(columns) - count), np.float32)], axis=1
        )
        pull = np.concatenate([np.full(count, PRIOR_WEIGHT), np.full(len(columns) - count, 1e-4)])
        normal = design @ design.T + np.diag(pull)
        right = target @ design.T + prior * pull
        step = 1.0 / np.linalg.eigvalsh(normal)[-1]
        low = np.concatenate([np.zeros(count), np.full(len(columns) - count, -1.0)])
        high = np.concatenate([np.full(count, LARGEST), np.full(len(columns) - count, 1.0)])
        solution = np.clip(prior, low, high)
        ahead, momentum = solution, 1.0
        for _ in range(iterations):
            better = np.clip(ahead - step * (ahead @ normal - right), low, high)
            faster = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
            ahead = better + (momentum - 1) / faster * (better - solution)
            solution, momentum = better, faster
        coefficients = np.zeros((len(offsets), len(COEFFICIENTS)), np.float32)
        coefficients[:, FITTED] = solution[:, :count]
        chin = self.aligned[:, self.row[152], 1] - self.rest[self.row[152], 1]
        return Calibrated(coefficients, self._gap(self.aligned) / self.height, chin / self.height)

    def _gap(self, points: np.ndarray) -> np.ndarray:
        """Mean distance of the inner lips, down positive, (N,), in the units of the points."""
        return np.mean([points[:, self.row[low], 1] - points[:, self.row[up], 1] for up, low in LIP_PAIRS], axis=0)

    def _prior(self, blendshapes: np.ndarray) -> np.ndarray:
        prior = np.zeros((len(blendshapes), len(COEFFICIENTS)), np.float32)
        for index, name in enumerate(COEFFICIENTS):
            if name in self.shape_columns:
                prior[:, index] = blendshapes[:, self.shape_columns[name]]
        return prior

    def _shapes(self) -> np.ndarray:
        """The basis at the tracked points, (coefficients, 116, 2)."""
        return self.basis.deltas[list(FITTED)][:, self.numbers, :2]

    def _head(self) -> np.ndarray:
        """What a small head movement does to the points, (6,116,2): shift, size, roll, pitch, yaw."""
        plane = (self.rest - self.rest.mean(0)) / self.height
        depth = self.basis.neutral[self.numbers, 2]
        moves = np.zeros((6, *plane.shape), np.float32)
        moves[0, :, 0] = moves[1, :, 1] = 1
        moves[2] = plane
        moves[3, :, 0], moves[3, :, 1] = -plane[:, 1], plane[:, 0]
        moves[4, :, 1], moves[5, :, 0] = depth, depth
        return moves

    def _with_gaps(self, points: np.ndarray) -> np.ndarray:
        """Points (N,116,2) as rows, followed by the lip gaps and the mouth width, which matter more than any point."""
        gaps = [points[:, self.row[low], 1] - points[:, self.row[up], 1] for up, low in LIP_PAIRS]
        width = points[:, self.row[291], 0] - points[:, self.row[61], 0]
        return np.concatenate([points.reshape(len(points), -1), np.stack([*gaps, width], axis=1)], axis=1)

    def _weights(self) -> np.ndarray:
        """Of the rows of `_with_gaps`: lips count more than the rest, gaps most."""
        point = np.ones((len(self.numbers), 2), np.float32)
        point[:40] = LIP_WEIGHT
        return np.concatenate([point.ravel(), np.full(len(LIP_PAIRS), GAP_WEIGHT), [GAP_WEIGHT / 2]])


def align(points: np.ndarray, reference: np.ndarray, rows: List[int]) -> np.ndarray:
    """Move frames (N,P,2) onto the reference (P,2) by the similarity that fits the given rows best (Umeyama 1991)."""
    source, target = points[:, rows], reference[rows]
    source_mean, target_mean = source.mean(1, keepdims=True), target.mean(0)
    a, b = source - source_mean, target - target_mean
    norm = (a**2).sum((1, 2))
    cosine = (a * b).sum((1, 2)) / norm
    sine = (a[..., 0] * b[:, 1] - a[..., 1] * b[:, 0]).sum(1) / norm
    moved = points - source_mean
    x = cosine[:, None] * moved[..., 0] - sine[:, None] * moved[..., 1]
    y = sine[:, None] * moved[..., 0] + cosine[:, None] * moved[..., 1]
    return np.stack([x, y], axis=-1) + target_mean


def speaker_coefficients(
    data: Path, basis: IctBasis, tracked: List[Sentence], silence: Dict[str, np.ndarray]
) -> Dict[str, Calibrated]:
    """Calibrate one speaker. ``silence``: by sentence, (T,) bool, no speech in that frame. Returns by sentence."""
    calibration = Calibration(
        data, basis,
        np.concatenate([sentence.points for sentence in tracked]),
        np.concatenate([sentence.blendshapes for sentence in tracked]),
        np.concatenate([silence[sentence.name] for sentence in tracked]),
    )  # fmt: skip
    whole, result, start = calibration.fit(), {}, 0
    for sentence in tracked:
        part = slice(start, start + len(sentence.points))
        result[sentence.name] = Calibrated(whole.coefficients[part], whole.gap[part], whole.jaw[part])
        start = part.stop
    return result
