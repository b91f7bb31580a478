"""Mouths of GRID's speakers in motion: the inside is painted by plain geometry, and must become what it really was.

The crops hold the lower face only, so what the appliance knows of a whole photo is made up from the tracked points: the
head from ICT-FaceKit's points fitted to them, the light from the skin.

Data: GRID audiovisual sentence corpus (Cooke, Barker, Cunningham & Shao 2006), CC BY 4.0.
"""

from __future__ import annotations

from pathlib import Path
from typing import Dict, Iterator, List

import cv2
import numpy as np

from appliance.models import ModelStore
from appliance.pipeline.coefficients import COEFFICIENTS
from appliance.pipeline.face import topology as topo
from appliance.pipeline.render.canvas import Canvas
from appliance.pipeline.render.identity import Identity
from appliance.pipeline.render.interior import MouthInterior, light_by_skin
from appliance.pipeline.render.patch import EYE_DISTANCE, PATCH, UNDER_NOSE
from appliance.pipeline.video import read_video

from ...ict.lips import IctBasis
from .. import grid
from .sample import MouthSample, laid_behind, other_edge

CROP = 128
SENTENCES = {"s1": 160, "s4": 50, "s26": 10, "s31": 10}
PAIRS = 3
"""Of successive frames taken from a sentence."""

OPEN = 0.012
"""Lip gap, in face heights, from which a frame is taken."""

EDGE_REACH = 1.8
EYE_WHITE = 1.25
"""Luminance of the white of an eye by that of the skin around it, where the eyes are out of the picture."""


def samples(data: Path, store: ModelStore, corpus: Dict[str, np.ndarray], seed: int = 2) -> Iterator[MouthSample]:
    """Pairs of successive frames. ``corpus``: the motion of the same sentences, as `corpus.dataset` wrote it."""
    basis, numbers = IctBasis.load(), grid.point_numbers(data)
    ends = np.cumsum(corpus["frames"])
    place = {(str(v), str(n)): index for index, (v, n) in enumerate(zip(corpus["voice"], corpus["name"]))}
    for speaker, count in SENTENCES.items():
        tracked = list(grid.sentences(data, speaker))
        step = max(1, len(tracked) // count)
        for number, sentence in list(enumerate(tracked))[::step]:
            index = place[(speaker, sentence.name)]
            motion = corpus["coefficients"][ends[index] - corpus["frames"][index] : ends[index]].astype(np.float32)
            generator = np.random.default_rng([seed, int(speaker[1:]), number])
            yield from Talking(data, sentence, numbers, basis, motion).samples(store, generator)


class Talking:
    """One sentence in patch pixels: pictures, points of all frames, and the frame with the mouth most shut."""

    def __init__(
        self, data: Path, sentence: grid.Sentence, numbers: List[int], basis: IctBasis, motion: np.ndarray
    ) -> None:
        self.sentence, self.motion, self.basis = sentence, motion, basis
        pictures = list(read_video(data / "grid" / sentence.speaker / f"{sentence.name}.mp4"))
        self.pictures = [cv2.resize(p, (PATCH, PATCH), interpolation=cv2.INTER_CUBIC) for p in pictures]
        self.row = {number: row for row, number in enumerate(numbers)}
        aligned = [self._in_patch(points) for points in sentence.points[: len(self.pictures)]]
        self.points = np.array([points for points, _ in aligned])
        self.blur = 0.6 * float(np.median([scale for _, scale in aligned]))
        self.gap = np.linalg.norm(self._of(topo.LOWER_INNER[5]) - self._of(topo.UPPER_INNER[5]), axis=1)
        self.rest = int(np.argmin(self.gap))
        self.mesh, self.axes, self.height = self._head(numbers)

    def samples(self, store: ModelStore, generator: np.random.Generator) -> Iterator[MouthSample]:
        identity = self._identity()
        skin = np.median(self._skin_pixels(), axis=0)
        white = EYE_WHITE * float(skin @ np.array([0.299, 0.587, 0.114]))
        usable = np.nonzero(self.gap[:-1] > OPEN * self.height)[0]
        usable = usable[usable < min(len(self.pictures), len(self.motion)) - 1]
        if not len(usable):
            return
        chosen = generator.choice(usable, min(PAIRS, len(usable)), replace=False)
        for first in sorted(chosen):
            light = (light_by_skin(skin, white) * generator.uniform(0.88, 1.12)).astype(np.float32)
            interior, state = MouthInterior(identity, store, light), generator.bit_generator.state
            for frame in (first, first + 1):
                generator.bit_generator.state = state  # both frames of a pair are off by the same
                yield self._sample(int(frame), interior, generator)

    def _sample(self, frame: int, interior: MouthInterior, generator: np.random.Generator) -> MouthSample:
        opening = self._opening(frame)
        behind, rows = interior.paint(self.motion[frame], np.zeros(2), opening)
        seen_through = other_edge(opening, generator, EDGE_REACH)
        patch = laid_behind(self.pictures[frame].astype(np.float32), behind, seen_through)
        return MouthSample(
            face=f"grid-{self.sentence.speaker}-{self.sentence.name}", moment=frame,
            split="held_out" if self.sentence.held_out else "train", patch=patch,
            guide=np.dstack([seen_through, rows * seen_through[..., None]]), neutral=self.pictures[self.rest],
            target=self.pictures[frame], motion=self.motion[frame], blur=self.blur,
        )  # fmt: skip

    def _in_patch(self, points: np.ndarray) -> tuple:
        """Tracked points (116,2) of a frame in patch px, and the patch px a source px."""
        right, left = (
            points[[self.row[n] for n in upper + lower[1:-1]]].mean(0)
            for upper, lower in (
                (topo.RIGHT_EYE_UPPER, topo.RIGHT_EYE_LOWER), (topo.LEFT_EYE_UPPER, topo.LEFT_EYE_LOWER),
            )
        )  # fmt: skip
        along = left - right
        turn = EYE_DISTANCE / (along @ along) * np.array([[along[0], along[1]], [-along[1], along[0]]])
        moved = (points - points[self.row[topo.NOSE_BASE]]) @ turn.T + np.array(UNDER_NOSE)
        return moved, EYE_DISTANCE / float(np.linalg.norm(along))

    def _of(self, number: int) -> np.ndarray:
        """(T,2) of one mesh point."""
        return self.points[:, self.row[number]]

    def _opening(self, frame: int) -> np.ndarray:
        """(PATCH,PATCH): 1 between the lips, with a soft edge."""
        outline = self.points[frame][[self.row[n] for n in topo.UPPER_INNER + topo.LOWER_INNER[-2:0:-1]]]
        mask = np.zeros((PATCH, PATCH), np.uint8)
        cv2.fillPoly(mask, [np.round(outline * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
        return cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), 0.7)

    def _head(self, numbers: List[int]) -> tuple:
        """Mesh (478,3) with the mouth shut, axes of the head (2,2) px a face height, and the face height, px."""
        resting = self.points[self.rest]
        stable = [n for n in grid.STABLE if n in self.row]
        a, b = self.basis.neutral[stable, :2], resting[[self.row[n] for n in stable]]
        a0, b0 = a.mean(0), b.mean(0)
        x, y = (a - a0).T
        u, v = (b - b0).T
        norm = (x @ x) + (y @ y)
        cosine, sine = (x @ u + y @ v) / norm, (x @ v - y @ u) / norm
        axes = np.array([[cosine, sine], [-sine, cosine]])  # rows: where the basis' x and y go
        mesh = np.zeros((len(self.basis.neutral), 3), np.float32)
        mesh[:, :2] = (self.basis.neutral[:, :2] - a0) @ axes + b0
        mesh[numbers, :2] = resting
        return mesh, axes.astype(np.float32), float(np.hypot(cosine, sine))

    def _identity(self) -> Identity:
        """What the inside of the mouth needs of an identity, in patch px."""
        teeth = np.zeros((len(COEFFICIENTS), 2), np.float32)
        jaw = [index for index, name in enumerate(COEFFICIENTS) if name.startswith("jaw")]
        teeth[jaw] = self.basis.deltas[jaw, topo.LOWER_ROWS[0][4], :2] @ self.axes
        nothing = np.zeros(0, np.float32)
        still = self.pictures[self.rest]
        whole = (0, 0, PATCH, PATCH)
        return Identity(
            canvas=Canvas(still, still, np.eye(2, 3)), mesh=self.mesh, face_height=self.height, box=whole,
            cell=1, mouth_box=whole, upper=nothing, lower=nothing, upper_alpha=nothing, lower_alpha=nothing,
            gap_per_coefficient=nothing, seam=self.mesh[list(topo.SEAM), :2].mean(0), head_axes=self.axes,
            teeth_deltas=teeth, look=nothing, expression=nothing,
        )  # fmt: skip

    def _skin_pixels(self) -> np.ndarray:
        """(n,3) RGB beside the mouth."""
        left, right = (self.mesh[n, :2] for n in topo.MOUTH_CORNERS)
        out = 0.25 * (right - left)
        places = np.clip(np.array([left - out, right + out]), 4, PATCH - 5).astype(int)
        still = self.pictures[self.rest]
        return np.concatenate([still[y - 4 : y + 5, x - 4 : x + 5].reshape(-1, 3) for x, y in places])
