"""`sonic_denoiser`: one step of the motion sampler.

Conditional flow matching (Lipman et al., *Flow Matching for Generative Modeling*, ICLR 2023): the velocity of a
straight path from noise to motion.
"""

from __future__ import annotations

import mindspore as ms
import numpy as np
from mindspore import nn
from mindspore.common.initializer import Normal

from appliance.pipeline.motion.sampler import MOTION_UNITS, STEP_CHANNELS

from ..manifest import CONDITION, MOTION
from .blocks import TimeBlock


class SonicDenoiser(nn.Cell):
    """Velocity (N,32,1,40) at motion (N,32,1,40), step code (N,STEP_CHANNELS,1,1) and condition (N,CONDITION,1,40).

    A path that starts at little noise leads nearly straight to the regressed motion, so training begins with that.
    """

    def __init__(self, width: int = 128) -> None:
        super().__init__()
        self.motion = nn.Conv2d(MOTION, width, (1, 3), pad_mode="pad", padding=(0, 0, 1, 1), has_bias=False)
        self.condition = nn.Conv2d(CONDITION, width, (1, 1), has_bias=True)
        self.step = nn.Conv2d(STEP_CHANNELS, width, (1, 1), has_bias=True)
        self.relu = nn.ReLU()
        self.time = nn.SequentialCell(*[TimeBlock(width, dilation, dropout=0.0) for dilation in (1, 2, 4, 1)])
        self.velocity = nn.Conv2d(width, MOTION, (1, 1), has_bias=True, weight_init=Normal(0.01))
        ahead = MOTION_UNITS * np.eye(MOTION, CONDITION, dtype=np.float32)[:, :, None, None]
        self.ahead = nn.Conv2d(CONDITION, MOTION, (1, 1), has_bias=False, weight_init=ms.Tensor(ahead))

    def construct(self, motion: ms.Tensor, step: ms.Tensor, condition: ms.Tensor) -> ms.Tensor:
        hidden = self.relu(self.motion(motion) + self.condition(condition) + self.step(step))
        return self.velocity(self.time(hidden)) + self.ahead(condition)
