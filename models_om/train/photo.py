"""Train the photo encoder on ``WORK/portraits.npz``."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, List

import mindspore as ms
import numpy as np
from mindspore import nn, ops

from appliance.pipeline.coefficients import COEFFICIENTS, INDEX

from ..networks import PhotoEncoder
from .loop import SEED, Trainer


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
