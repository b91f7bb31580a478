"""`sonic_painter`: the picture of a mouth made by plain geometry → the colours of a real one, and how much of them.

A small U-Net (Ronneberger, Fischer & Brox, MICCAI 2015) on 80, 40 and 20 cells a side. It gives what is to change in
the picture rather than a new one, so tooth edges that geometry drew pass through it untouched.
"""

from __future__ import annotations

import mindspore as ms
import numpy as np
from mindspore import nn, ops
from mindspore.common.initializer import Normal

from ..manifest import MOTION
from .blocks import ConvNorm

CROP = 9
WIDTHS = (32, 64, 128)
"""Channels at 80, 40 and 20 cells a side."""

ALPHA_AT_FIRST = -1.0
"""Logit of the opacity before training."""


class Residual(nn.Cell):
    """Two 3×3 convolutions beside an identity (He et al., CVPR 2016)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = ConvNorm(channels, channels, (3, 3))
        self.second = ConvNorm(channels, channels, (3, 3), relu=False)
        self.relu = nn.ReLU()

    def construct(self, x: ms.Tensor) -> ms.Tensor:
        return self.relu(x + self.second(self.first(x)))


class Up(nn.Cell):
    """To twice the size by depth-to-space, then joined with what was there on the way down."""

    def __init__(self, inputs: int, beside: int, outputs: int) -> None:
        super().__init__()
        self.spread = ConvNorm(inputs, 4 * outputs, (1, 1))
        self.to_space = ops.DepthToSpace(2)
        self.join = ConvNorm(outputs + beside, outputs, (3, 3))

    def construct(self, x: ms.Tensor, beside: ms.Tensor) -> ms.Tensor:
        return self.join(ops.concat((self.to_space(self.spread(x)), beside), 1))


class SonicPainter(nn.Cell):
    """``crop`` (N,9,160,160): RGB 0..1 with the plain mouth, guide, RGB of the face at rest; ``motion`` (N,32,20,20) →
    ``rgba`` (N,4,160,160): RGB 0..1 and opacity."""

    def __init__(self) -> None:
        super().__init__()
        fine, middle, coarse = WIDTHS
        self.stem = ConvNorm(CROP, fine, (3, 3), (2, 2))
        self.down = nn.SequentialCell(ConvNorm(fine, middle, (3, 3), (2, 2)), Residual(middle))
        self.bottom = nn.SequentialCell(ConvNorm(middle, coarse, (3, 3), (2, 2)), Residual(coarse))
        self.moved = nn.SequentialCell(ConvNorm(coarse + MOTION, coarse, (1, 1)), Residual(coarse))
        self.up = Up(coarse, middle, middle)
        self.refine = Residual(middle)
        self.out = Up(middle, fine, fine)
        self.change = self._head(fine, 3, 0.0)
        self.opacity = self._head(fine, 1, ALPHA_AT_FIRST)
        self.to_space = ops.DepthToSpace(2)
        self.sigmoid = nn.Sigmoid()
        # Takes the picture out of the crop: a convolution, since not every tool chain slices channels alike.
        self.picture = nn.Conv2d(CROP, 3, 1, has_bias=False)
        self.picture.weight.set_data(ms.Tensor(np.eye(3, CROP, dtype=np.float32)[:, :, None, None]))
        self.picture.weight.requires_grad = False

    @staticmethod
    def _head(inputs: int, outputs: int, bias: float) -> nn.Conv2d:
        head = nn.Conv2d(
            inputs, 4 * outputs, 3, pad_mode="pad", padding=1, has_bias=True, weight_init=Normal(0.002),
        )  # fmt: skip
        head.bias.set_data(ms.Tensor(np.full(4 * outputs, bias, np.float32)))
        return head

    def construct(self, crop: ms.Tensor, motion: ms.Tensor) -> ms.Tensor:
        fine = self.stem(crop)
        middle = self.down(fine)
        coarse = self.moved(ops.concat((self.bottom(middle), motion), 1))
        hidden = self.out(self.refine(self.up(coarse, middle)), fine)
        colours = self.picture(crop) + self.to_space(self.change(hidden))
        return ops.concat((colours, self.sigmoid(self.to_space(self.opacity(hidden)))), 1)
