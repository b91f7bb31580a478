"""Mouths of rendered ICT-FaceKit heads: the inside is painted by plain geometry, and must become the true one.

The only source in which teeth, tongue and gums are known exactly and are sharp.

Data: ICT-FaceKit (Li et al., CVPR 2020; MIT).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterator, Tuple

import cv2
import numpy as np

from appliance.models import ModelStore
from appliance.pipeline.coefficients import COEFFICIENTS, POSE
from appliance.pipeline.face import FaceFinder, crop_for
from appliance.pipeline.photo import Photo
from appliance.pipeline.render import Renderer, build_identity, face_canvas
from appliance.pipeline.render.interior import MouthInterior, light_on_teeth
from appliance.pipeline.render.patch import PATCH, from_corner, from_patch, patch_matrix, to_patch

from ...ict.head import Head
from ...ict.lips import IctBasis
from ...ict.raster import rasterise
from ...ict.sprites import FRONT_DEPTH, smooth_normals
from .sample import MouthSample, laid_behind, other_edge

HEADS, HELD_OUT_HEADS, PAIRS = 60, 5, 6
SIDE, SHOWN = 768, 30.0
"""Pixels of the photo a side, and the model units that it shows."""

FINE = 2
OPEN = 0.012
EDGE_REACH = 1.5
GLOSS = 60.0
CAVITY = (40.0, 18.0, 18.0)
SKIN, BACK, INSIDE, TEETH = 0, 1, 2, 3
EYES = {4: (235, 232, 228), 6: (235, 232, 228), 5: (70, 50, 40), 7: (70, 50, 40)}
SKINS = np.array([(236, 196, 172), (222, 172, 144), (205, 160, 140), (176, 126, 98), (134, 92, 70), (92, 62, 48)])


def samples(data: Path, store: ModelStore, corpus: Dict[str, np.ndarray], seed: int = 3) -> Iterator[MouthSample]:
    """Pairs of successive frames of real motion on heads of chance build, skin, light and pose."""
    head, finder, basis = Head(data), FaceFinder(store), IctBasis.load()
    identities = np.load(data / "ict_facekit" / "ict_facekit.npz")["identities"]
    motion = corpus["coefficients"].astype(np.float32)
    within = np.ones(len(motion), bool)
    within[np.cumsum(corpus["frames"]) - 1] = False
    frames = np.nonzero((basis.lip_gap(motion) > OPEN) & within)[0]
    for number in range(HEADS):
        generator = np.random.default_rng([seed, number])
        sitter = Sitter.by_chance(head, identities, generator)
        photo = Photo(sitter.photo(head))
        faces = finder.find(photo)
        if not faces:
            continue
        face = max(faces, key=lambda found: found.width)
        canvas = face_canvas(photo, crop_for(face, 0.15, photo), SIDE)
        nothing = np.zeros(len(COEFFICIENTS), np.float32)
        identity = build_identity(canvas, face.mesh, store, np.zeros(128, np.float32), nothing)
        renderer = Renderer(identity, store)
        matrix = patch_matrix(identity.mesh)
        rest = renderer.scene(nothing, np.zeros(len(POSE), np.float32))
        neutral = to_patch(rest.picture, from_corner(matrix, np.array(rest.corner)))
        interior = MouthInterior(identity, store, light_on_teeth(identity))
        x0, y0, x1, y1 = identity.mouth_box
        here = from_corner(matrix, np.array([x0, y0]))
        camera = (np.vstack([matrix, [0, 0, 1]]) @ np.vstack([canvas.matrix, [0, 0, 1]]))[:2]
        for first in generator.choice(frames, PAIRS, replace=False):
            strength = generator.uniform(0.8, 1.6)
            state = generator.bit_generator.state
            for frame in (int(first), int(first) + 1):
                generator.bit_generator.state = state  # both frames of a pair are off by the same
                moved = np.clip(motion[frame] * strength, 0, 1.2)
                target, opening = sitter.patch(head, moved, camera)
                through = from_patch(opening, here, x1 - x0, y1 - y0)
                behind, rows = interior.paint(moved, np.zeros(2), np.clip(through, 0, 1))
                seen = other_edge(opening, generator, EDGE_REACH)
                patch = laid_behind(target.astype(np.float32), to_patch(behind, here), seen)
                guide = np.dstack([seen, to_patch(rows, here, cv2.BORDER_CONSTANT) * seen[..., None]])
                yield MouthSample(
                    face=f"ict-{number:03d}", moment=frame, split="held_out" if number < HELD_OUT_HEADS else "train",
                    patch=patch, guide=guide, neutral=neutral, target=target, motion=moved, blur=0.0,
                )  # fmt: skip


@dataclass
class Sitter:
    """One head: its build as offsets (V,3), colours (V,3), how it is turned (3,3) and lit."""

    build: np.ndarray
    colours: np.ndarray
    turn: np.ndarray
    light: np.ndarray
    ambient: float
    backdrop: np.ndarray
    depth_seen: float

    @classmethod
    def by_chance(cls, head: Head, identities: np.ndarray, generator: np.random.Generator) -> Sitter:
        weights = np.clip(generator.normal(0, 0.6, len(identities)), -1, 1)
        build = np.tensordot(weights, identities.astype(np.float32), 1)
        yaw, pitch, roll = np.radians(generator.normal(0, (6, 4, 3)))
        light = np.array([generator.uniform(-0.6, 0.6), generator.uniform(0.0, 0.7), 0.9])
        return cls(
            build=build, colours=_colours(head, generator), turn=_rotation(yaw, pitch, roll),
            light=light / np.linalg.norm(light), ambient=float(generator.uniform(0.3, 0.6)),
            backdrop=generator.uniform(40, 220, 3), depth_seen=float(generator.uniform(3.5, 6.0)),
        )  # fmt: skip

    def photo(self, head: Head) -> np.ndarray:
        """The head at rest: uint8 (SIDE,SIDE,3)."""
        scale = SIDE / SHOWN
        matrix = np.array([[scale, 0, SIDE / 2], [0, -scale, SIDE / 2 - 2.0 * scale]])
        return self._picture(head, np.zeros(len(COEFFICIENTS), np.float32), matrix, SIDE)[0]

    def patch(self, head: Head, coefficients: np.ndarray, camera: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """The head with an expression: uint8 (PATCH,PATCH,3), and float32 (PATCH,PATCH), 1 where one sees inside.
        ``camera`` (2,3): photo px → patch px."""
        scale = SIDE / SHOWN
        matrix = camera @ np.array([[scale, 0, SIDE / 2], [0, -scale, SIDE / 2 - 2.0 * scale], [0, 0, 1]])
        return self._picture(head, coefficients, matrix, PATCH)

    def _picture(
        self, head: Head, coefficients: np.ndarray, matrix: np.ndarray, size: int
    ) -> Tuple[np.ndarray, np.ndarray]:
        vertices = head.neutral + self.build
        for index in np.nonzero(coefficients)[0]:
            vertices = vertices + coefficients[index] * head.expression(COEFFICIENTS[index])
        turned = vertices @ self.turn.T
        points = (turned[:, :2] @ matrix[:, :2].T + matrix[:, 2]) * FINE + (FINE - 1) / 2
        normals = smooth_normals(turned, head.triangles)
        lit = np.clip(normals @ self.light, 0, 1)
        within = np.zeros(len(vertices), bool)
        within[np.unique(head.triangles[np.isin(head.material, (INSIDE, TEETH))])] = True
        depth = np.where(within, np.clip(1 - (FRONT_DEPTH - vertices[:, 2]) / self.depth_seen, 0.06, 1), 1)
        shine = (self.ambient + (1 - self.ambient) * lit) * depth
        gloss = GLOSS * lit**30 * within * depth
        triangles = head.triangles[np.isin(head.material, (SKIN, BACK, INSIDE, TEETH, *EYES))]
        colours = self.colours * shine[:, None] + gloss[:, None]
        picture, seen = rasterise(points, turned[:, 2], colours, triangles, size * FINE)
        inside = self._inside(seen, within[triangles].any(1), normals[triangles, 2].sum(1) < 0)
        picture[seen < 0] = self.backdrop
        picture[inside & ~np.append(within[triangles].any(1), False)[seen]] = CAVITY
        # Light reaches the inside through the opening only.
        opening = inside.astype(np.float32)
        reach = np.clip((2 * cv2.GaussianBlur(opening, (0, 0), 0.025 * size * FINE)) ** 1.3, 0.12, 1)
        picture *= np.where(inside, reach, 1)[..., None]
        small = cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA)
        opening = cv2.resize(opening, (size, size), interpolation=cv2.INTER_AREA)
        return np.clip(small + 0.5, 0, 255).astype(np.uint8), opening

    @staticmethod
    def _inside(seen: np.ndarray, within: np.ndarray, away: np.ndarray) -> np.ndarray:
        """Where one looks into the mouth: at teeth, gums, tongue, and at the dark that these frame."""
        inner = np.append(within, False)[seen].astype(np.uint8)
        dark = (np.append(away, True)[seen] & (inner == 0)).astype(np.uint8)
        _, labels = cv2.connectedComponents(inner | dark, connectivity=4)
        beside = np.unique(labels[inner > 0])
        edge = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
        return np.isin(labels, np.setdiff1d(beside, np.append(edge, 0)))


def _colours(head: Head, generator: np.random.Generator) -> np.ndarray:
    """RGB (V,3): skin with blotches, redder lips, teeth from white to yellow."""
    low, high = sorted(generator.integers(0, len(SKINS), 2))
    skin = SKINS[low] + (SKINS[high] - SKINS[low]) * generator.random()
    blotches = sum(
        np.sin(head.neutral @ generator.normal(0, rate, 3) + generator.uniform(0, 6)) for rate in (0.3, 0.8, 2.0)
    )
    colours = skin * (1 + 0.02 * blotches)[:, None]
    lips = skin * generator.uniform([0.75, 0.5, 0.5], [0.95, 0.7, 0.75])
    colours += _lipness(head)[:, None] * (lips - colours)
    yellow, bright = generator.random(), generator.uniform(0.8, 1.05)
    for material, colour in (
        (INSIDE, np.array([172, 88, 90]) * generator.uniform(0.85, 1.1)),
        (TEETH, np.array([240, 236, 228]) * bright * (1 - yellow * np.array([0.0, 0.05, 0.2]))),
        *EYES.items(),
    ):
        colours[np.unique(head.triangles[head.material == material])] = colour
    return np.clip(colours, 0, 255).astype(np.float32)


def _lipness(head: Head) -> np.ndarray:
    """(V,): 1 where the skin is lip, by how it moves when the lips purse and press."""
    rolled = sum(np.linalg.norm(head.expression(name), axis=1) for name in ("mouthRollUpper", "mouthRollLower"))
    return np.clip(rolled / np.quantile(rolled[rolled > 0.02], 0.9) * 1.6 - 0.5, 0, 1).astype(np.float32)


def _rotation(yaw: float, pitch: float, roll: float) -> np.ndarray:
    def about(axis: Tuple[int, int], angle: float) -> np.ndarray:
        matrix = np.eye(3)
        matrix[np.ix_(axis, axis)] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
        return matrix

    return about((0, 1), roll) @ about((1, 2), pitch) @ about((0, 2), yaw)


