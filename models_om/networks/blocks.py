"""What all networks are built of: convolution, batch norm, ReLU, addition."""

from __future__ import annotations

from typing import Tuple

import mindspore as ms
from mindspore import nn

from .dropout import ChannelDropout


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
        self.dropout = ChannelDropout(channels, dropout)
        self.mix = ConvNorm(channels, channels, (1, 1), relu=False)
        self.relu = nn.ReLU()

    def construct(self, x: ms.Tensor) -> ms.Tensor:
        return self.relu(x + self.mix(self.dropout(self.spread(x))))
