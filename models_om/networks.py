"""The Sonic networks as MindSpore Cells: convolution, batch norm, ReLU, addition and concatenation only.

That is the set of operators that ONNX Runtime, MindSpore Lite and the Ascend 310 compiler all treat alike. Batch norms
disappear into their convolutions on export.

`Sonic`          speech and photo → what the sampler is conditioned on, and who is in the photo
`SonicDenoiser`  one step of the motion sampler: conditional flow matching (Lipman et al., *Flow Matching for Generative
                 Modeling*, ICLR 2023), velocity of a straight path from noise to motion
"""

from __future__ import annotations

from typing import Tuple

import mindspore as ms
import numpy as np
from mindspore import nn, ops
from mindspore.common.initializer import Normal

from appliance.pipeline.motion.sampler import STEP_CHANNELS

from .manifest import CONDITION, LOOK, MOTION

ENVELOPE = 2.0
"""Bands over which the spectrum is smoothed (deviation). Ridge regression on two speakers read two others much better
through it: r of the lip gap 0.38 and 0.73 instead of 0.29 and 0.66."""


def _gaussian(size: int, deviation: float) -> np.ndarray:
    weights = np.exp(-0.5 * ((np.arange(size) - size // 2) / deviation) ** 2)
    return (weights / weights.sum()).astype(np.float32)


class ConvNorm(nn.Cell):
    """Convolution and batch norm, with ReLU unless told otherwise."""

    def __init__(
        self, inputs: int, outputs: int, kernel: Tuple[int, int], stride: Tuple[int, int] = (1, 1), dilation: int = 1,
        padding: Tuple[int, int, int, int] = (-1, -1, -1, -1), relu: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        if padding[0] < 0:
            high, wide = kernel[0] // 2, dilation * (kernel[1] // 2)
            padding = (high, high, wide, wide)
        self.conv = nn.Conv2d(
            inputs, outputs, kernel, stride, pad_mode="pad", padding=padding, dilation=(1, dilation), has_bias=False,
            weight_init="he_normal",
        )  # fmt: skip
        self.norm = nn.BatchNorm2d(outputs, eps=1e-4)
        self.activation = nn.ReLU() if relu else nn.Identity()

    def construct(self, x: ms.Tensor) -> ms.Tensor:
        return self.activation(self.norm(self.conv(x)))


class TimeBlock(nn.Cell):
    """Residual block over time: dilated 1×3, then 1×1; in training a share of the channels is left out between them."""

    def __init__(self, channels: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.spread = ConvNorm(channels, channels, (1, 3), dilation=dilation)
        self.dropout = nn.Dropout2d(p=dropout)
        self.mix = ConvNorm(channels, channels, (1, 1), relu=False)
        self.relu = nn.ReLU()

    def construct(self, x: ms.Tensor) -> ms.Tensor:
        return self.relu(x + self.mix(self.dropout(self.spread(x))))


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


class SonicDenoiser(nn.Cell):
    """Velocity (N,32,1,40) at motion (N,32,1,40), step code (N,STEP_CHANNELS,1,1) and condition (N,CONDITION,1,40)."""

    def __init__(self, width: int = 128) -> None:
        super().__init__()
        self.motion = nn.Conv2d(MOTION, width, (1, 3), pad_mode="pad", padding=(0, 0, 1, 1), has_bias=False)
        self.condition = nn.Conv2d(CONDITION, width, (1, 1), has_bias=True)
        self.step = nn.Conv2d(STEP_CHANNELS, width, (1, 1), has_bias=True)
        self.relu = nn.ReLU()
        self.time = nn.SequentialCell(*[TimeBlock(width, dilation, dropout=0.0) for dilation in (1, 2, 4, 1)])
        self.velocity = nn.Conv2d(width, MOTION, (1, 1), has_bias=True, weight_init=Normal(0.01))

    def construct(self, motion: ms.Tensor, step: ms.Tensor, condition: ms.Tensor) -> ms.Tensor:
        hidden = self.relu(self.motion(motion) + self.condition(condition) + self.step(step))
        return self.velocity(self.time(hidden))
