"""Dropout whose choices are known from outside, so that a training that stops can go on as if it had not."""

from __future__ import annotations

import mindspore as ms
import numpy as np
from mindspore import nn, ops


class ChannelDropout(nn.Cell):
    """Leaves out a share of the channels of (N,C,H,W) in training, as `nn.Dropout2d` does.

    MindSpore's own keeps its random state inside the kernel, where no checkpoint reaches it. This one reads two random
    numbers per channel, which `redraw` sets before each step; sample n of the batch uses ``first + n * second``, modulo
    1: uniform, and independent between any two samples.
    """

    def __init__(self, channels: int, share: float) -> None:
        super().__init__()
        self.share = share
        draw = np.random.default_rng(channels).random((2, channels, 1, 1), dtype=np.float32)
        self.draw = ms.Parameter(ms.Tensor(draw), requires_grad=False)

    def redraw(self, generator: np.random.Generator) -> None:
        """Choose anew."""
        self.draw.set_data(ms.Tensor(generator.random(self.draw.shape, dtype=np.float32)))

    def construct(self, x: ms.Tensor) -> ms.Tensor:
        if not self.training or self.share == 0:
            return x
        sample = ops.arange(x.shape[0]).astype(ms.float32).reshape(-1, 1, 1, 1)
        place = self.draw[0:1] + sample * self.draw[1:2]
        kept = (place - ops.floor(place) >= self.share).astype(ms.float32)
        return x * kept / (1 - self.share)
