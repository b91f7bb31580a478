"""Open mouths of the synthetic portraits: the mouth is cut out, painted by plain geometry, and must be found again.

The face at rest is the portrait with its mouth warped shut, as the appliance does it, so the pairs show what the
painter meets: a photo with shut lips, and the opening that the motion tore into it.

Data: SFHQ-T2I synthetic portraits (MIT).
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Dict, Iterator, Optional

import numpy as np

from appliance.models import ModelStore
from appliance.pipeline.coefficients import COEFFICIENTS, INDEX, MOUTH, POSE
from appliance.pipeline.face import FaceFinder, crop_for
from appliance.pipeline.photo import Photo, load_photo
from appliance.pipeline.render import Renderer, build_identity, face_canvas
from appliance.pipeline.render.geometry import lip_gaps
from appliance.pipeline.render.identity import Identity
from appliance.pipeline.render.interior import MouthInterior, light_on_teeth
from appliance.pipeline.render.lips import CLOSED_GAP
from appliance.pipeline.render.patch import from_corner, patch_matrix, to_patch

from ..portraits import Teacher
from .sample import MouthSample, laid_behind, other_edge

OPEN = 0.08
"""Lip gap by mouth width from which a portrait counts as open."""

SIDE = 512
HELD_OUT_EVERY = 7
VARIANTS = 5
FRONTAL = 25.0
"""Degrees of yaw up to which a mouth is of use."""

EDGE_REACH = 2.2


def samples(data: Path, store: ModelStore, teacher: Teacher, seed: int = 1) -> Iterator[MouthSample]:
    """`VARIANTS` pairs of each open-mouth portrait; one, without chance, of each held-out one."""
    finder = FaceFinder(store)
    listed = json.loads((data / "portraits" / "index.json").read_text())
    chosen = [item for item in listed if item["mouth_open"] > OPEN]
    for number, item in enumerate(chosen):
        photo = load_photo(data / "portraits" / item["file"])
        faces = [face for face in finder.find(photo) if abs(face.yaw) < FRONTAL]
        if not faces:
            continue
        held_out = number % HELD_OUT_EVERY == 0
        generator = np.random.default_rng([seed, number])
        face = max(faces, key=lambda found: found.width)
        expression = teacher.expression(face.mesh)
        canvas = face_canvas(photo, crop_for(face, 0.15, photo), SIDE)
        identity = build_identity(canvas, face.mesh, store, np.zeros(128, np.float32), expression)
        eyes = float(np.linalg.norm(canvas.matrix[:, :2] @ np.array([1.0, 0.0])))
        softness = float(np.linalg.norm(patch_matrix(identity.mesh)[0, :2])) * eyes
        mouth = CutMouth(identity, shut_twin(identity, store, finder), expression)
        for variant in range(1 if held_out else VARIANTS):
            chance = None if held_out else generator
            sample = mouth.sample(store, own_light=variant == 1, chance=chance)
            yield MouthSample(
                face=f"portrait-{item['file'][:4]}", moment=0, split="held_out" if held_out else "train",
                blur=0.5 * max(1.0, softness), **sample,
            )  # fmt: skip


class CutMouth:
    """One portrait with its open mouth cut out. ``shut``: the same person as a photo with a shut mouth."""

    def __init__(self, identity: Identity, shut: Identity, expression: np.ndarray) -> None:
        self.identity, self.shut = identity, shut
        self.motion = opened_by(identity, expression)
        x0, y0, x1, y1 = identity.mouth_box
        self.inside, self.corner = np.s_[y0:y1, x0:x1], np.array([x0, y0])
        self.opening = (1 - identity.upper_alpha[self.inside]) * (1 - identity.lower_alpha[self.inside])

    def sample(
        self, store: ModelStore, own_light: bool, chance: Optional[np.random.Generator]
    ) -> Dict[str, np.ndarray]:
        """Pictures and motion of a `MouthSample`; ``chance`` puts light, jaw and the edge of the lips a little off."""
        still, matrix = self.identity.canvas.still, patch_matrix(self.identity.mesh)
        # Mostly the light has to be guessed from eyes and skin, as of a photo with a shut mouth.
        light = light_on_teeth(self.identity if own_light else self.shut)
        motion, opening = self.motion.copy(), self.opening
        if chance is not None:
            light = light * chance.uniform(0.88, 1.12) * chance.uniform(0.97, 1.03, 3).astype(np.float32)
            motion[INDEX["jawOpen"]] *= chance.uniform(0.85, 1.15)
            opening = other_edge(opening, chance, EDGE_REACH)
        behind, rows = MouthInterior(self.shut, store, light).paint(motion, np.zeros(2), self.opening)
        picture = still.copy()
        picture[self.inside] = laid_behind(still[self.inside].astype(np.float32), behind, opening)
        shown = np.dstack([opening, rows * opening[..., None]])
        return {
            "patch": to_patch(picture, matrix), "guide": to_patch(shown, from_corner(matrix, self.corner), 0),
            "neutral": to_patch(self.shut.canvas.still, matrix), "target": to_patch(still, matrix), "motion": motion,
        }  # fmt: skip


def shut_twin(identity: Identity, store: ModelStore, finder: FaceFinder) -> Identity:
    """The identity as it would be had the photo shown the mouth shut: its picture at rest, and the mesh of that."""
    still = Renderer(identity, store).frame(np.zeros(len(COEFFICIENTS), np.float32), np.zeros(len(POSE), np.float32))
    found = max(finder.find(Photo(still)), key=lambda face: face.width, default=None)
    mesh = identity.mesh if found is None else found.mesh
    return dataclasses.replace(identity, mesh=mesh, canvas=dataclasses.replace(identity.canvas, still=still))


def opened_by(identity: Identity, expression: np.ndarray) -> np.ndarray:
    """Coefficients (32,) of the photo's own mouth: lips by the teacher, the jaw by how far the lips are apart."""
    motion = np.zeros(len(COEFFICIENTS), np.float32)
    motion[MOUTH] = expression[MOUTH]
    gap = float(lip_gaps(identity.mesh).max()) - CLOSED_GAP * identity.face_height
    motion[INDEX["jawOpen"]] = max(0.0, gap) / float(identity.gap_per_coefficient[INDEX["jawOpen"]])
    return motion
