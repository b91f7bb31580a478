"""Train the Sonic networks on the CPU with MindSpore; stop and go on at any step.

    python -m models_om.train motion --work work [--steps 1800] [--batch 32]
    python -m models_om.train photo  --work work [--steps 1200]

`motion` trains the speech encoder and the denoiser together on ``WORK/corpus.npz``, `photo` the photo encoder on
``WORK/portraits.npz``. Both write ``WORK/{motion,photo}.ckpt`` (networks, optimiser), ``….json`` (step, random state,
history) and ``….png`` (losses), and go on from them when started again.
"""

from __future__ import annotations

import argparse
import json
import queue
import threading
import time
from pathlib import Path
from typing import Callable, Dict, List, Sequence

import mindspore as ms
import numpy as np
from mindspore import nn, ops

from appliance.pipeline.coefficients import COEFFICIENTS, INDEX
from appliance.pipeline.motion.sampler import MOTION_UNITS, WINDOW, step_codes

from .augment import Windows, closure_weights
from .lips import IctBasis
from .manifest import MOTION
from .networks import PhotoEncoder, SonicDenoiser, SpeechEncoder

SEED = 20
LIPS = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 185, 40, 39, 37, 0, 267, 269, 270, 409, 152, 199, 175)
"""Mesh numbers of the outer lips and the chin: where errors are seen."""
SHARES = {"coefficients": 0.3, "points": 0.2, "gaps": 0.35, "jaw": 0.15}
CHANGE_WEIGHT = 0.5
CONTACT_WEIGHT = 0.4
FLOW_WEIGHT = 0.35
CONTACT_GAP, CONTACT_WIDTH = 0.006, 0.0015
"""Lip gap, in face heights, under which the lips count as touching, and how sharp that limit is."""
SAVE_EVERY = 250
COOL_DOWN = 0.6
"""Share of the steps over which the learning rate falls to 0."""


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


class PhotoLoss(nn.Cell):
    """Squared error of the expression, and of the appearance that a linear reading of `look` must give."""

    def __init__(self, photo: PhotoEncoder, appearance: nn.Dense) -> None:
        super().__init__()
        self.photo, self.appearance = photo, appearance
        self.mean = ops.ReduceMean()

    def construct(self, image: ms.Tensor, expression: ms.Tensor, colours: ms.Tensor) -> ms.Tensor:
        look, guess = self.photo(image)
        wrong, off = guess - expression, self.appearance(look) - colours
        return self.mean(wrong * wrong) * 10 + self.mean(off * off)


class Trainer:
    """The loop that all networks share: warm-up and cosine, checkpoints, progress, resume.

    ``cells``: what is trained, by name. ``make_batch(generator) -> arrays`` runs in a thread beside the training step.
    """

    def __init__(
        self, name: str, cells: Dict[str, nn.Cell], loss: nn.Cell, steps: int, rate: float, work: Path
    ) -> None:
        self.name, self.cells, self.steps, self.work = name, cells, steps, work
        self.parameters = [p for cell in cells.values() for p in cell.trainable_params()]
        # Level, then down to nothing: a run that is going on may be told another length before its last part begins.
        schedule = [rate * min((s + 1) / 200, (steps - s + 1) / (steps * COOL_DOWN), 1.0) for s in range(steps + 1)]
        decayed = [p for p in self.parameters if p.name.endswith("weight")]
        plain = [p for p in self.parameters if not p.name.endswith("weight")]
        groups = [{"params": decayed, "weight_decay": 0.02}, {"params": plain, "weight_decay": 0.0}]
        self.optimiser = nn.AdamWeightDecay(groups, schedule, beta2=0.99)
        self.loss = loss
        gradient = ms.value_and_grad(loss, None, self.optimiser.parameters)
        self.step_cell = _Step(gradient, self.optimiser)
        self.step, self.stop_at = 0, steps
        self.history: List[List[float]] = []

    def resume(self, generator: np.random.Generator) -> None:
        """Go on from the last checkpoint, if there is one."""
        state = self.work / f"{self.name}.json"
        if not state.exists():
            return
        for name, cell in {**self.cells, "optimiser": self.optimiser}.items():
            load_cell(cell, name, self.work / f"{self.name}.ckpt")
        known = json.loads(state.read_text())
        self.step, self.history = known["step"], known["history"]
        generator.bit_generator.state = known["random"]
        print(f"going on at step {self.step}", flush=True)

    def save(self, random_state: dict) -> None:
        parts = {**self.cells, "optimiser": self.optimiser}
        saved = [
            {"name": f"{name}:{path}", "data": parameter}
            for name, cell in parts.items()
            for path, parameter in cell.parameters_and_names()
        ]
        partial = self.work / f"{self.name}.part.ckpt"
        ms.save_checkpoint(saved, str(partial))
        partial.replace(self.work / f"{self.name}.ckpt")
        state = {"step": self.step, "history": self.history, "random": random_state}
        (self.work / f"{self.name}.json").write_text(json.dumps(state))
        plot(self.history, self.work / f"{self.name}.png")

    def run(
        self, make_batch: Callable[[], Sequence[np.ndarray]], generator: np.random.Generator,
        judge: Callable[[], Dict[str, float]], judge_every: int,
    ) -> None:  # fmt: skip
        """Train to the last step. ``judge`` gives held-out figures to print."""
        self.resume(generator)
        batches = _ahead(make_batch, generator, self.stop_at - self.step)
        began, first, recent = time.time(), self.step, []
        while self.step < self.stop_at:
            arrays, random_state = batches.get()
            for cell in self.cells.values():
                cell.set_train(True)
            recent.append(float(self.step_cell(*[ms.Tensor(array) for array in arrays])))
            self.step += 1
            if self.step % 50 == 0:
                pace = (time.time() - began) / (self.step - first)
                left = (self.steps - self.step) * pace / 60
                self.history.append([self.step, float(np.mean(recent))])
                print(
                    f"{self.step}/{self.steps} loss {np.mean(recent):.4f} {pace:.2f} s/step, {left:.1f} min left",
                    flush=True,
                )
                recent = []
            last = self.step == self.stop_at
            if self.step % SAVE_EVERY == 0 or last:
                self.save(random_state)
            if self.step % judge_every == 0 or last:
                for cell in self.cells.values():
                    cell.set_train(False)
                print("   held out:", {key: round(value, 3) for key, value in judge().items()}, flush=True)


class _Step(nn.Cell):
    def __init__(self, gradient: Callable, optimiser: nn.Cell) -> None:
        super().__init__()
        self.gradient, self.optimiser = gradient, optimiser

    def construct(self, *arrays: ms.Tensor) -> ms.Tensor:
        loss, gradients = self.gradient(*arrays)
        gradients = ops.clip_by_global_norm(gradients, 5.0)
        return ops.depend(loss, self.optimiser(gradients))


def load_cell(cell: nn.Cell, name: str, checkpoint: Path) -> None:
    """Give a cell the parameters saved under ``name``. Raises `ValueError` if one is missing."""
    saved = ms.load_checkpoint(str(checkpoint))
    for path, parameter in cell.parameters_and_names():
        # A learning-rate schedule is the run's own: the next may be longer or shorter.
        if "learning_rate" in path:
            continue
        if f"{name}:{path}" not in saved:
            raise ValueError(f"{checkpoint} lacks {name}:{path}")
        parameter.set_data(saved[f"{name}:{path}"])


def _ahead(make_batch: Callable[[], Sequence[np.ndarray]], generator: np.random.Generator, count: int) -> queue.Queue:
    """Batches made two ahead in a thread, each with the random state after it."""
    batches: queue.Queue = queue.Queue(maxsize=2)

    def make() -> None:
        for _ in range(count):
            arrays = make_batch()
            batches.put((arrays, generator.bit_generator.state))

    threading.Thread(target=make, daemon=True).start()
    return batches


def plot(history: List[List[float]], path: Path) -> None:
    """The losses as a PNG, logarithmic, without any plotting library."""
    import cv2

    picture = np.full((360, 640, 3), 255, np.uint8)
    if len(history) > 1:
        steps, losses = np.array(history).T
        losses = np.log10(np.maximum(losses, 1e-6))
        x = 40 + (steps - steps[0]) / (steps[-1] - steps[0]) * 580
        y = 20 + (losses.max() - losses) / max(float(np.ptp(losses)), 1e-6) * 300
        cv2.polylines(picture, [np.stack([x, y], 1).astype(np.int32)], False, (180, 80, 0), 1, cv2.LINE_AA)
        title = f"loss 1e{losses.max():.2f} .. 1e{losses.min():.2f}, steps {steps[0]:.0f} .. {steps[-1]:.0f}"
        cv2.putText(picture, title, (40, 350), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 0, 0), 1, cv2.LINE_AA)
    cv2.imwrite(str(path), picture)


def load_corpus(work: Path, basis: IctBasis) -> Dict[str, np.ndarray]:
    """The corpus with frame weights added."""
    corpus = dict(np.load(work / "corpus.npz"))
    gap = basis.lip_gap(corpus["coefficients"].astype(np.float32))
    corpus["weight"] = closure_weights(gap, corpus["silent"], float(gap[~corpus["silent"]].std()))
    return corpus


def train_motion(work: Path, steps: int, batch: int, rate: float) -> None:
    from .evaluate import judge_regression

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


def train_photo(work: Path, steps: int, batch: int, rate: float) -> None:
    portraits = np.load(work / "portraits.npz")
    images, expressions, colours = (portraits[key] for key in ("images", "expressions", "colours"))
    unseen = np.arange(len(images)) % 10 == 0
    photo, appearance = PhotoEncoder(), nn.Dense(128, colours.shape[1])
    generator = np.random.default_rng(SEED)
    names = [name.replace("Left", "\0").replace("Right", "Left").replace("\0", "Right") for name in COEFFICIENTS]
    mirrored = [INDEX[name] for name in names]

    def make_batch() -> List[np.ndarray]:
        chosen = generator.choice(np.nonzero(~unseen)[0], batch)
        image = images[chosen].astype(np.float32) / 127.5 - 1
        expression = expressions[chosen].copy()
        flipped = generator.random(batch) < 0.5
        image[flipped] = image[flipped, :, :, ::-1]
        expression[flipped] = expression[flipped][:, mirrored]
        for row in range(batch):
            image[row] = np.roll(image[row], generator.integers(-8, 9, 2), axis=(1, 2))
        contrast = generator.uniform(0.8, 1.2, (batch, 1, 1, 1)).astype(np.float32)
        return [image * contrast, expression, colours[chosen]]

    def judge() -> Dict[str, float]:
        chosen = np.nonzero(unseen)[0]
        parts = [
            photo(ms.Tensor(images[chosen[i : i + 16]].astype(np.float32) / 127.5 - 1))
            for i in range(0, len(chosen) - 15, 16)
        ]
        guess = np.concatenate([part[1].asnumpy() for part in parts])
        truth = expressions[chosen[: len(guess)]]
        error = {
            name: float(np.abs(guess - truth)[:, INDEX[name]].mean())
            for name in ("jawOpen", "mouthSmileLeft", "eyeBlinkLeft")
        }
        smile = INDEX["mouthSmileLeft"]
        return {**error, "smile r": float(np.corrcoef(guess[:, smile], truth[:, smile])[0, 1])}

    trainer = Trainer(
        "photo", {"photo": photo, "appearance": appearance}, PhotoLoss(photo, appearance), steps, rate, work
    )
    trainer.run(make_batch, generator, judge, judge_every=250)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("motion", "photo"))
    parser.add_argument("--work", type=Path, default=Path("work"))
    parser.add_argument("--steps", type=int)
    parser.add_argument("--batch", type=int)
    parser.add_argument("--rate", type=float)
    arguments = parser.parse_args()
    ms.set_context(mode=ms.GRAPH_MODE, device_target="CPU")
    ms.set_seed(SEED)
    if arguments.what == "motion":
        train_motion(arguments.work, arguments.steps or 1800, arguments.batch or 32, arguments.rate or 1e-3)
    else:
        train_photo(arguments.work, arguments.steps or 1200, arguments.batch or 16, arguments.rate or 1e-3)


if __name__ == "__main__":
    main()
