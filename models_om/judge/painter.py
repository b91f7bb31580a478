"""The painted mouth: open mouths of portraits that training never saw, cut out and painted back."""

from __future__ import annotations

from typing import Dict, Iterator, List, Optional

import cv2
import numpy as np

from appliance.pipeline.coefficients import COEFFICIENTS, INDEX, POSE
from appliance.pipeline.render.painter import laid_on, spread_out
from appliance.pipeline.runtime.base import Network

from .bench import Bench
from .figure import LOWER, Figure, Finding, Strip
from .studio import PORTRAITS, Studio
from .subjects import Subject

TITLE = "The painted mouth"
ABOUT = (
    "Held-out portraits with an open mouth: the mouth is cut out, its geometry kept, and painted back; compared within "
    "the opening. Flicker: what changes from frame to frame on upper teeth, which stand still, while the lips tremble "
    "by half a percent. Seam: colour difference to the picture before painting, beyond the lips' edges."
)
SOFT = 1.0
"""Deviation, patch px, of the low-pass through which both pictures are compared: the portraits are no sharper."""

RING = (7, 11)
"""Patch px outside the opening between which nothing may be seen of the painting."""

TREMBLE, FRAMES = 0.005, 12
SHOWN = 6


def judge(subject: Subject, bench: Bench) -> Iterator[Finding]:
    archive = np.load(bench.work / "mouths" / "portraits.npz")
    rows = np.nonzero(archive["split"] == "held_out")[0]
    crops, targets, motions = (archive[name] for name in ("crop", "target", "motion"))
    psnr, similar, edges, seams = [], [], [], []
    pictures: List[np.ndarray] = []
    for row in rows:
        crop, target = crops[row].astype(np.float32) / 255, targets[row].astype(np.float32).transpose(1, 2, 0) / 255
        plain, result = crop[:3].transpose(1, 2, 0), painted(subject.painter, crop, motions[row])
        opening = crop[3] > 0.5
        if opening.sum() < 40:
            continue
        soft = [cv2.GaussianBlur(picture, (0, 0), SOFT) for picture in (result, target)]
        psnr.append(-10 * np.log10(((soft[0] - soft[1])[opening] ** 2).mean() + 1e-9))
        similar.append(float(similarity(*soft)[opening].mean()))
        edges.append(sharpness(result, opening) / sharpness(target, opening))
        seams.append(seam(plain, result, crop[3]))
        if len(pictures) < SHOWN:
            pictures.append(np.hstack([plain, result, target]))
    count = f"{len(psnr)} portraits"
    yield Figure("painter", "PSNR in the mouth", float(np.mean(psnr)), "dB", detail=count)
    yield Figure("painter", "SSIM in the mouth", float(np.mean(similar)), "", detail=count)
    yield Figure(
        "painter", "edge sharpness in the mouth, of the true one", float(np.median(edges)), "", 0.8, detail="median",
    )  # fmt: skip
    worst = f"worst portrait {max(seams):.2f}"
    yield Figure("painter", "colour seam, 95th percentile", float(np.median(seams)), "ΔE", 2.0, LOWER, worst)
    flicker = [change_of_teeth(subject, bench, portrait) for portrait in PORTRAITS]
    measured = [value for value in flicker if value is not None]
    yield Figure("painter", "flicker of upper teeth, held motion", float(np.mean(measured)), "of 255", 1.0, LOWER)
    shown = [np.clip(picture * 255 + 0.5, 0, 255).astype(np.uint8) for picture in pictures]
    yield Strip("painter", f"cut out and drawn by rule, {subject.name}, true", shown, [""] * len(shown))


def painted(painter: Optional[Network], crop: np.ndarray, motion: np.ndarray) -> np.ndarray:
    """float32 (160,160,3) 0..1: the picture in ``crop`` (9,160,160), painted; the same without a painter."""
    picture = crop[:3]
    if painter is not None:
        inputs = {"crop": crop[None], "motion": spread_out(motion.astype(np.float32))}
        picture = picture + laid_on(crop, painter.run(inputs)["rgba"][0])
    return np.ascontiguousarray(np.clip(picture, 0, 1).transpose(1, 2, 0))


def similarity(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(h,w): structural similarity of the luminances of two pictures 0..1 (Wang et al., IEEE TIP 2004)."""
    x, y = (picture @ np.array([0.299, 0.587, 0.114], np.float32) for picture in (a, b))

    def mean(value: np.ndarray) -> np.ndarray:
        return cv2.GaussianBlur(value, (11, 11), 1.5)

    mx, my = mean(x), mean(y)
    vx, vy, together = mean(x * x) - mx**2, mean(y * y) - my**2, mean(x * y) - mx * my
    c1, c2 = 0.01**2, 0.03**2
    return (2 * mx * my + c1) * (2 * together + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))


def sharpness(picture: np.ndarray, opening: np.ndarray) -> float:
    """Mean size of the gradient of the luminance within the opening."""
    luminance = picture @ np.array([0.299, 0.587, 0.114], np.float32)
    across, down = (cv2.Sobel(luminance, cv2.CV_32F, dx, 1 - dx) for dx in (1, 0))
    return float(np.hypot(across, down)[opening].mean())


def seam(before: np.ndarray, after: np.ndarray, opening: np.ndarray) -> float:
    """95th percentile of the CIE 1976 colour difference between two pictures in the `RING` around the opening."""
    distance = cv2.distanceTransform((opening < 0.1).astype(np.uint8), cv2.DIST_L2, 5)
    ring = (distance >= RING[0]) & (distance <= RING[1])
    lab = [cv2.cvtColor(picture, cv2.COLOR_RGB2Lab) for picture in (before, after)]
    return float(np.percentile(np.linalg.norm(lab[0] - lab[1], axis=2)[ring], 95))


def change_of_teeth(subject: Subject, bench: Bench, portrait: str) -> Optional[float]:
    """Mean change (of 255) from frame to frame of pixels that show upper teeth; None where none are seen."""
    renderer = Studio(subject, bench).renderer(portrait)
    generator, still = np.random.default_rng(4), np.zeros(len(POSE), np.float32)
    held = np.zeros(len(COEFFICIENTS), np.float32)
    for name, value in HELD.items():
        held[INDEX[name]] = value
    frames, shown = [], []
    for _ in range(FRAMES):
        motion = np.clip(held + (held > 0) * generator.normal(0, TREMBLE, len(held)), 0, 1).astype(np.float32)
        scene = renderer.scene(motion, still)
        x0, y0, x1, y1 = scene.inside
        shown.append((scene.rows[..., 0] > 0.95) & (scene.opening > 0.97))
        frames.append(renderer.frame(motion, still)[y0:y1, x0:x1].astype(np.float32))
    always = np.all(shown, axis=0)
    if always.sum() < 20:
        return None
    return float(np.abs(np.diff(np.array(frames), axis=0))[:, always].mean())


HELD: Dict[str, float] = {
    "jawOpen": 0.22, "mouthUpperUpLeft": 0.25, "mouthUpperUpRight": 0.25, "mouthLowerDownLeft": 0.2,
    "mouthLowerDownRight": 0.2,
}  # fmt: skip
"""A mouth that shows its upper teeth."""
