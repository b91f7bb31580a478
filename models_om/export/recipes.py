"""What is particular about exporting each network: its checkpoint, real inputs for it, and what its error means.

Inputs and judgements are from recordings and portraits that training did not see; ranges are chosen on one half of
them, errors measured on the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Dict, Iterator, List, Tuple

import numpy as np

from appliance.pipeline.coefficients import COEFFICIENTS
from appliance.pipeline.motion.contact import LipContact
from appliance.pipeline.motion.model import LARGEST, TEMPERATURE
from appliance.pipeline.motion.sampler import HOP, WINDOW, cross_fade, frame_noise, sample
from appliance.pipeline.render.painter import spread_out
from appliance.pipeline.speech.mel import COLUMNS_PER_FRAME

from ..judge.recordings import recordings
from ..manifest import BUILT
from .int8 import Judge
from .running import Feed, Runner

if TYPE_CHECKING:
    from mindspore import nn

CALIBRATION, TEST = 140, 16
"""Inputs from which ranges come, and on which the noise of layers is measured."""
STEPS = 25
SEED = 5
LONGEST = 300
"""Frames of a recording that are judged."""


@dataclass(frozen=True)
class Recipe:
    """``checkpoints``: files in a work folder that the network is made of, by ``cell``. ``feeds``: calibration and test
    inputs for a float32 file, from a work folder. ``judge``: the error of an INT8 build against float32, told in
    ``error``; at most ``goal``, in units in which a full swing is 1. It needs the float32 files of all networks of its
    kind, and the INT8 files of those before it."""

    checkpoints: Tuple[str, ...]
    cell: Callable[[Path], nn.Cell]
    feeds: Callable[[Path, Path], Tuple[List[Feed], List[Feed]]]
    judge: Callable[[Path], Judge]
    error: str
    goal: float


def float_file(name: str) -> Path:
    return BUILT / f"{name}.fp32.onnx"


def int8_file(name: str) -> Path:
    return BUILT / f"{name}.int8.onnx"


def _rms(difference: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(difference, dtype=np.float64))))


# --- motion -----------------------------------------------------------------------------------------------------------


def _sonic(work: Path) -> nn.Cell:
    from ..networks import PhotoEncoder, Sonic
    from ..train.denoiser import trained_pair
    from ..train.loop import load_cell

    photo = PhotoEncoder()
    load_cell(photo, "photo", work / "photo.ckpt", averaged=True)
    return Sonic(trained_pair(work), photo)


def _denoiser(work: Path) -> nn.Cell:
    from ..networks import SonicDenoiser
    from ..train.loop import load_cell

    denoiser = SonicDenoiser()
    load_cell(denoiser, "denoiser", work / "straight.ckpt", averaged=True)
    return denoiser


def _mels(work: Path, half: int) -> List[np.ndarray]:
    """Mels (80, 4 * frames) of every other recording that training did not see."""
    corpus = dict(np.load(work / "corpus.npz"))
    unseen = [item for source in ("grid", "facegood") for item in recordings(corpus, source, ("held_out", "unseen"))]
    return [item["mel"] for item in unseen[half::2]]


def _sonic_feeds(work: Path, network: Path) -> Tuple[List[Feed], List[Feed]]:
    with np.load(work / "portraits.npz") as archive:
        portraits = archive["images"][::10]  # the held-out ones

    def drawn(half: int, count: int) -> Iterator[Feed]:
        generator = np.random.default_rng([SEED, half])
        mels, images = _mels(work, half), portraits[half::2]
        # FACEGOOD's clips are minutes, GRID's sentences seconds: choose by length, so that both are heard.
        lengths = np.array([mel.shape[1] for mel in mels], np.float64)
        for _ in range(count):
            mel = mels[generator.choice(len(mels), p=lengths / lengths.sum())]
            first = generator.integers(0, mel.shape[1] // COLUMNS_PER_FRAME - WINDOW) * COLUMNS_PER_FRAME
            image = images[generator.integers(len(images))].astype(np.float32) / 127.5 - 1
            yield {
                "audio_input": np.ascontiguousarray(mel[None, None, :, first : first + COLUMNS_PER_FRAME * WINDOW]),
                "image_input": image[None],
            }

    return list(drawn(0, CALIBRATION)), list(drawn(1, TEST))


def _denoiser_feeds(work: Path, network: Path) -> Tuple[List[Feed], List[Feed]]:
    """Points of the paths that the sampler takes, beginning at less or more noise than it will."""
    sonic, denoiser = Runner(float_file("sonic")), Runner(network)

    def visited(feed: Feed, generator: np.random.Generator) -> Feed:
        condition = sonic(feed)["condition"]
        stop, seen = int(generator.integers(0, STEPS)), []

        def velocity(motion: np.ndarray, step: np.ndarray) -> np.ndarray:
            seen.append({"motion": motion.copy(), "step": step, "condition": condition})
            return denoiser(seen[-1])["velocity"]

        noise = frame_noise(SEED, int(generator.integers(1 << 20)), WINDOW)
        sample(velocity, noise, STEPS, float(generator.uniform(0, 2 * TEMPERATURE)))
        return seen[stop]

    calibration, test = _sonic_feeds(work, float_file("sonic"))
    generator = np.random.default_rng(SEED)
    return [visited(feed, generator) for feed in calibration], [visited(feed, generator) for feed in test]


def _motion(sonic: Runner, denoiser: Runner, mel: np.ndarray) -> np.ndarray:
    """Coefficients and probability of contact (33, frames) of one recording: the sampler over overlapped windows."""
    image = np.zeros((1, 3, 224, 224), np.float32)
    frames = min(mel.shape[1] // COLUMNS_PER_FRAME, LONGEST) // HOP * HOP
    total = np.zeros((len(COEFFICIENTS) + 1, frames), np.float32)
    for first in range(0, frames - WINDOW + 1, HOP):
        window = mel[None, None, :, first * COLUMNS_PER_FRAME :][..., : WINDOW * COLUMNS_PER_FRAME]
        condition = sonic({"audio_input": np.ascontiguousarray(window), "image_input": image})["condition"]

        def velocity(motion: np.ndarray, step: np.ndarray, condition: np.ndarray = condition) -> np.ndarray:
            return denoiser({"motion": motion, "step": step, "condition": condition})["velocity"]

        motion = sample(velocity, frame_noise(SEED, first, WINDOW), STEPS, TEMPERATURE)
        faded = np.concatenate([motion, condition[0, LipContact.channel]]) * cross_fade()
        total[:, first : first + WINDOW] += faded
    return total


def _sonic_judge(work: Path) -> Judge:
    reference, denoiser = Runner(float_file("sonic")), Runner(float_file("sonic_denoiser"))
    mels = _mels(work, 1)
    expected = [_motion(reference, denoiser, mel) for mel in mels]
    photos = _sonic_feeds(work, float_file("sonic"))[1]
    expressions = [reference(feed)["expression"] for feed in photos]

    def judge(network: bytes) -> float:
        twin = Runner(network)
        moved = np.concatenate([_motion(twin, denoiser, mel) - a for mel, a in zip(mels, expected)], axis=1)
        shown = np.concatenate([twin(feed)["expression"] - a for feed, a in zip(photos, expressions)])
        return max(_rms(moved[:-1]), _rms(moved[-1]), _rms(shown))

    return judge


def _denoiser_judge(work: Path) -> Judge:
    reference, denoiser, sonic = (Runner(path) for path in (
        float_file("sonic"), float_file("sonic_denoiser"), int8_file("sonic")
    ))  # fmt: skip
    mels = _mels(work, 1)
    expected = [_motion(reference, denoiser, mel)[:-1] for mel in mels]

    def judge(network: bytes) -> float:
        twin = Runner(network)
        moved = [_motion(sonic, twin, mel)[:-1] - a for mel, a in zip(mels, expected)]
        return _rms(np.concatenate(moved, axis=1))

    return judge


# --- painter ----------------------------------------------------------------------------------------------------------

SOURCES = ("portraits", "grid", "renders")
MOST = 2
"""Largest `dynamic_scale`."""
MOUTHS = 16
"""Of each source, in calibration and in test."""
OPEN = 0.5
"""Share of a pixel that the opening covers from which it counts as mouth."""


def _painter(work: Path) -> nn.Cell:
    from ..networks.painter import SonicPainter
    from ..train.loop import load_cell

    painter = SonicPainter()
    load_cell(painter, "painter", work / "painter.ckpt", averaged=True)
    return painter


def _painter_feeds(work: Path, network: Path) -> Tuple[List[Feed], List[Feed]]:
    """Mouths of faces that training did not see, as many of every source; a face is in one of both lists only."""
    halves: Tuple[List[Feed], List[Feed]] = ([], [])
    for source in SOURCES:
        with np.load(work / "mouths" / f"{source}.npz") as archive:
            rows = np.nonzero(archive["split"] == "held_out")[0]
            faces, crops, motions = (archive[name][rows] for name in ("face", "crop", "motion"))
        for half, feeds in enumerate(halves):
            mine = np.nonzero(np.isin(faces, np.unique(faces)[half::2]))[0]
            for row in mine[np.linspace(0, len(mine) - 1, min(MOUTHS, len(mine))).astype(int)]:
                crop = np.ascontiguousarray(crops[row][None], np.float32) / 255
                motion = np.clip(motions[row].astype(np.float32), 0, LARGEST)
                feeds.append({"crop": crop, "motion": spread_out(motion)})
    # Users may ask for more motion than people make: the ranges must hold it.
    for feed in halves[0][::2]:
        feed["motion"] = np.minimum(MOST * feed["motion"], np.float32(LARGEST))
    return halves


def _laid_over(painter: Runner, feed: Feed) -> np.ndarray:
    """Colours (3, n), 0..1, inside the mouth, with what the network paints laid over the picture it was given."""
    picture, painted = feed["crop"][0, :3], painter(feed)["rgba"][0]
    return (picture + painted[3:] * (painted[:3] - picture))[:, feed["crop"][0, 3] > OPEN]


def _painter_judge(work: Path) -> Judge:
    reference, feeds = Runner(float_file("sonic_painter")), _painter_feeds(work, float_file("sonic_painter"))[1]
    expected = [_laid_over(reference, feed) for feed in feeds]

    def judge(network: bytes) -> float:
        twin = Runner(network)
        return _rms(np.concatenate([_laid_over(twin, feed) - a for feed, a in zip(feeds, expected)], axis=1))

    return judge


MOTION_GOAL = 0.005
"""RMS in units of the coefficients: half of what may be, since few recordings judge it."""
CONDITION_GOAL = 0.007
"""The same for `sonic` alone; the probability of contact is what needs most of it."""
PAINTER_GOAL = 10 ** (-38 / 20)
"""RMS at a PSNR of 38 dB."""

RECIPES: Dict[str, Recipe] = {
    "sonic": Recipe(
        ("motion.ckpt", "partner.ckpt", "photo.ckpt"), _sonic, _sonic_feeds, _sonic_judge,
        "RMS of the coefficients after the whole sampler (denoiser in float32), of the probability of contact, of the "
        "photo's expression: the largest",
        CONDITION_GOAL,
    ),
    "sonic_denoiser": Recipe(
        ("straight.ckpt",), _denoiser, _denoiser_feeds, _denoiser_judge,
        "RMS of the coefficients after the whole sampler, both motion networks in INT8 against both in float32",
        MOTION_GOAL,
    ),
    "sonic_painter": Recipe(
        ("painter.ckpt",), _painter, _painter_feeds, _painter_judge,
        "RMS of the colours inside the mouth, 0..1; the goal is a PSNR of 38 dB", PAINTER_GOAL,
    ),
}  # fmt: skip
"""In the order in which they must be exported: the denoiser's inputs come out of `sonic`."""
