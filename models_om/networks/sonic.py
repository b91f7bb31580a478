"""`sonic`: speech and photo → what the sampler is conditioned on, and who is in the photo."""

from __future__ import annotations

from typing import Sequence, Tuple

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
    """Mel window (N,1,80,160) → condition (N,CONDITION,1,40), or without ``features`` its first 33 channels.

    It looks no further than a third of a second to either side: with more, it learns the few training speakers'
    sentences by heart instead of their sounds.
    """

    def __init__(
        self, width: int = 192, dilations: Sequence[int] = (1, 2, 1, 2, 1, 1), dropout: float = 0.25,
        features: bool = True,
    ) -> None:  # fmt: skip
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
        self.time = nn.SequentialCell(*[TimeBlock(width, dilation, dropout) for dilation in dilations])
        self.regression = nn.Conv2d(width, MOTION, 1, has_bias=True, weight_init=Normal(0.002))
        self.contact = nn.Conv2d(width, 1, 1, has_bias=True)
        self.sigmoid = nn.Sigmoid()
        self.features = ConvNorm(width, CONDITION - MOTION - 1, (1, 1)) if features else None

    def construct(self, audio: ms.Tensor) -> ms.Tensor:
        hidden = self.hidden(audio)
        known = ops.concat((self.regression(hidden), self.sigmoid(self.contact(hidden))), 1)
        return known if self.features is None else ops.concat((known, self.features(hidden)), 1)

    def hidden(self, audio: ms.Tensor) -> ms.Tensor:
        return self.time(self.spectrum(self.envelope(audio)))


def partner() -> SpeechEncoder:
    """A second encoder that errs in other places: narrower, shorter in context, with more left out in training."""
    return SpeechEncoder(width=128, dilations=(1, 2, 1, 2), dropout=0.35, features=False)


class SpeechPair(nn.Cell):
    """Two encoders as one: the sum of their regressions and of their contact logits, the features of the first.

    The heads of trained encoders are to be halved, so that sums are means; `halve` does that.
    """

    def __init__(self, first: SpeechEncoder, second: SpeechEncoder) -> None:
        super().__init__()
        self.first, self.second = first, second
        self.sigmoid = nn.Sigmoid()

    def halve(self) -> SpeechPair:
        """Halve regression and contact of both, in place."""
        for member in (self.first, self.second):
            for head in (member.regression, member.contact):
                head.weight.set_data(head.weight / 2)
                head.bias.set_data(head.bias / 2)
        return self

    def construct(self, audio: ms.Tensor) -> ms.Tensor:
        first, second = self.first.hidden(audio), self.second.hidden(audio)
        contact = self.sigmoid(self.first.contact(first) + self.second.contact(second))
        regression = self.first.regression(first) + self.second.regression(second)
        return ops.concat((regression, contact, self.first.features(first)), 1)


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

    def __init__(self, speech: nn.Cell, photo: PhotoEncoder) -> None:
        super().__init__()
        self.speech, self.photo = speech, photo

    def construct(self, audio_input: ms.Tensor, image_input: ms.Tensor) -> Tuple[ms.Tensor, ms.Tensor, ms.Tensor]:
        look, expression = self.photo(image_input)
        return self.speech(audio_input), look, expression
