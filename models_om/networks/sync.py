"""The lip-sync expert: do a window of speech and a window of motion belong together?

Two encoders into one space, as in SyncNet (Chung & Zisserman, *Out of time: automated lip sync in the wild*, ACCV 2016
workshops), trained by contrast (InfoNCE; van den Oord et al. 2018). For judging and as a loss; no machine runs it.
"""

from __future__ import annotations

from typing import Tuple

import mindspore as ms
from mindspore import nn, ops

from ..manifest import MOTION
from .blocks import ConvNorm, TimeBlock

SYNC_FRAMES = 20
"""Frames that the expert sees: 0.8 s."""
CODE = 64


class SyncExpert(nn.Cell):
    """Speech (N,1,80,80) and motion (N,32,1,20) → codes (N,CODE) each, of unit length; their product is the cosine."""

    def __init__(self) -> None:
        super().__init__()
        self.speech = nn.SequentialCell(
            ConvNorm(1, 16, (5, 5), (2, 2)),
            ConvNorm(16, 32, (3, 3), (2, 2)),
            ConvNorm(32, 48, (3, 3), (2, 1)),
            ConvNorm(48, 128, (10, 3), padding=(0, 0, 1, 1)),
            *_over_time(128),
        )
        self.motion = nn.SequentialCell(ConvNorm(MOTION, 96, (1, 3)), *_over_time(96))

    def construct(self, speech: ms.Tensor, motion: ms.Tensor) -> Tuple[ms.Tensor, ms.Tensor]:
        return _unit(self.speech(speech)), _unit(self.motion(motion))

    def speech_code(self, speech: ms.Tensor) -> ms.Tensor:
        return _unit(self.speech(speech))

    def motion_code(self, motion: ms.Tensor) -> ms.Tensor:
        return _unit(self.motion(motion))


def _over_time(width: int) -> Tuple[nn.Cell, ...]:
    """(N,width,1,SYNC_FRAMES) → (N,CODE,1,1)."""
    return (
        TimeBlock(width, 1, dropout=0.1),
        TimeBlock(width, 2, dropout=0.1),
        ConvNorm(width, width, (1, 5), (1, 5), padding=(0, 0, 0, 0)),
        nn.Conv2d(width, CODE, (1, SYNC_FRAMES // 5), pad_mode="pad", padding=0, has_bias=True),
    )


def _unit(code: ms.Tensor) -> ms.Tensor:
    flat = ops.reshape(code, (-1, CODE))
    return flat / ops.sqrt((flat * flat).sum(1, keepdims=True) + 1e-6)
