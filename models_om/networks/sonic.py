"""`sonic`: speech and photo → what the sampler is conditioned on, and who is in the photo."""

from __future__ import annotations

from typing import Tuple

import mindspore as ms
import numpy as np
from mindspore import nn, ops
from mindspore.common.initializer import Normal

from ..manifest import CONDITION, LOOK, MOTION
from .blocks import ConvNorm, TimeBlock

ENVELOPE = 2.0
"""Bands over which the spectrum is smoothed (deviation). Ridge regression on two speakers read two others much better
through it: r of the lip gap 0.38 and 0.73 instead of 0.29 and 0.66."""


def _gaussian(size: int, deviation: float) -> np.ndarray:
    weights = np.exp(-0.5 * ((np.arange(size) - size // 2) / deviation) ** 2)
    return (weights / weights.sum()).astype(np.float32)


class SpeechEncoder(nn.Cell):
    """Mel window (N,1,80,160) → condition (N,CONDITION,1,40).

    It looks no further than a third of a second to either side: with more, it learns the few training speakers'
    sentences by heart instead of their sounds.
    """

    def __init__(self, width: int = 192) -> None:
        super().__init__()
        # Harmonics tell voices apart, not mouths: only the envelope passes.
        self.envelope = nn.Conv2d(1, 1, (13, 1), pad_mode="pad", padding=(6, 6, 0, 0), has_bias=False)
        self.envelope.weight.set_data(ms.Tensor(_gaussian(13, ENVELOPE).reshape(1, 1, 13, 1)))
        self.envelope.weight.requires_grad = False
        # Small kernels over frequency first: a voice a little higher is a shift, not a new pattern.
        self.spectrum = nn.SequentialCell(
            ConvNorm(1, 24, (5, 5), (2, 2)),
            ConvNorm(24, 48, (3, 3), (2, 2)),
            ConvNorm(48, 64, (3, 3), (2, 1)),
            ConvNorm(64, width, (10, 3), padding=(0, 0, 1, 1)),
        )
        self.time = nn.SequentialCell(*[TimeBlock(width, dilation, dropout=0.25) for dilation in (1, 2, 1, 2, 1, 1)])
        self.regression = nn.Conv2d(width, MOTION, 1, has_bias=True, weight_init=Normal(0.002))
        self.contact = nn.Conv2d(width, 1, 1, has_bias=True)
        self.sigmoid = nn.Sigmoid()
        self.features = ConvNorm(width, CONDITION - MOTION - 1, (1, 1))

    def construct(self, audio: ms.Tensor) -> ms.Tensor:
        hidden = self.time(self.spectrum(self.envelope(audio)))
        return ops.concat((self.regression(hidden), self.sigmoid(self.contact(hidden)), self.features(hidden)), 1)


class PhotoEncoder(nn.Cell):
    """Levelled head crop (N,3,224,224) → look (N,LOOK) and the expression in it (N,32)."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.SequentialCell(
            ConvNorm(3, 16, (5, 5), (2, 2)),
            ConvNorm(16, 32, (3, 3), (2, 2)),
            ConvNorm(32, 48, (3, 3), (2, 2)),
            ConvNorm(48, 64, (3, 3), (1, 1)),
            ConvNorm(64, 96, (3, 3), (2, 2)),
            ConvNorm(96, 96, (3, 3), (1, 1)),
            ConvNorm(96, 64, (3, 3), (2, 2)),
        )
        # One kernel over the whole 7×7 map instead of a mean: where something is matters.
        self.look = ConvNorm(64, LOOK, (7, 7), padding=(0, 0, 0, 0))
        self.expression = nn.Conv2d(LOOK, MOTION, 1, has_bias=True)
        self.sigmoid = nn.Sigmoid()

    def construct(self, image: ms.Tensor) -> Tuple[ms.Tensor, ms.Tensor]:
        look = self.look(self.body(image))
        return ops.reshape(look, (-1, LOOK)), ops.reshape(self.sigmoid(self.expression(look)), (-1, MOTION))


class Sonic(nn.Cell):
    """The whole first network, as it is exported."""

    def __init__(self, speech: SpeechEncoder, photo: PhotoEncoder) -> None:
        super().__init__()
        self.speech, self.photo = speech, photo

    def construct(self, audio_input: ms.Tensor, image_input: ms.Tensor) -> Tuple[ms.Tensor, ms.Tensor, ms.Tensor]:
        look, expression = self.photo(image_input)
        return self.speech(audio_input), look, expression
