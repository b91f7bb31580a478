"""The Sonic networks once more, in PyTorch and as one would write them there: what migration is proven on.

Blocks are `Sequential(conv, norm, relu)`, so their layers have numbers where MindSpore's have names.
"""

from __future__ import annotations

from typing import List, Sequence, Tuple

import torch
from torch import nn

from appliance.pipeline.motion.sampler import STEP_CHANNELS
from models_om.manifest import CONDITION, LOOK, MOTION

EPSILON = 1e-4


def conv_norm(
    inputs: int, outputs: int, kernel: Tuple[int, int], stride: Tuple[int, int] = (1, 1), dilation: int = 1,
    padding: Tuple[int, int] = (-1, -1), relu: bool = True,
) -> nn.Sequential:  # fmt: skip
    if padding[0] < 0:
        padding = (kernel[0] // 2, dilation * (kernel[1] // 2))
    layers: List[nn.Module] = [
        nn.Conv2d(inputs, outputs, kernel, stride, padding, dilation=(1, dilation), bias=False),
        nn.BatchNorm2d(outputs, eps=EPSILON),
    ]
    return nn.Sequential(*layers, *([nn.ReLU(inplace=True)] if relu else []))


class TimeBlock(nn.Module):
    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.spread = conv_norm(channels, channels, (1, 3), dilation=dilation)
        self.mix = conv_norm(channels, channels, (1, 1), relu=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(x + self.mix(self.spread(x)))


class SpeechEncoder(nn.Module):
    def __init__(self, width: int = 192, dilations: Sequence[int] = (1, 2, 1, 2, 1, 1), features: bool = True) -> None:
        super().__init__()
        self.envelope = nn.Conv2d(1, 1, (13, 1), padding=(6, 0), bias=False)
        self.spectrum = nn.Sequential(
            conv_norm(1, 24, (5, 5), (2, 2)), conv_norm(24, 48, (3, 3), (2, 2)), conv_norm(48, 64, (3, 3), (2, 1)),
            conv_norm(64, width, (10, 3), padding=(0, 1)),
        )  # fmt: skip
        self.time = nn.Sequential(*[TimeBlock(width, dilation) for dilation in dilations])
        self.regression = nn.Conv2d(width, MOTION, 1)
        self.contact = nn.Conv2d(width, 1, 1)
        if features:
            self.features = conv_norm(width, CONDITION - MOTION - 1, (1, 1))

    def forward(self, audio: torch.Tensor) -> torch.Tensor:
        return self.time(self.spectrum(self.envelope(audio)))


class SpeechPair(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = SpeechEncoder(), SpeechEncoder(128, (1, 2, 1, 2), features=False)

    def forward(self, audio: torch.Tensor) -> torch.Tensor:
        first, second = self.first(audio), self.second(audio)
        contact = (self.first.contact(first) + self.second.contact(second)).sigmoid()
        regression = self.first.regression(first) + self.second.regression(second)
        return torch.cat((regression, contact, self.first.features(first)), 1)


class PhotoEncoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            conv_norm(3, 16, (5, 5), (2, 2)), conv_norm(16, 32, (3, 3), (2, 2)), conv_norm(32, 48, (3, 3), (2, 2)),
            conv_norm(48, 64, (3, 3)), conv_norm(64, 96, (3, 3), (2, 2)), conv_norm(96, 96, (3, 3)),
            conv_norm(96, 64, (3, 3), (2, 2)),
        )  # fmt: skip
        self.look = conv_norm(64, LOOK, (7, 7), padding=(0, 0))
        self.expression = nn.Conv2d(LOOK, MOTION, 1)

    def forward(self, image: torch.Tensor) -> Tuple[torch.Tensor, torch.Tensor]:
        look = self.look(self.body(image))
        return look.flatten(1), self.expression(look).sigmoid().flatten(1)


class Sonic(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.speech, self.photo = SpeechPair(), PhotoEncoder()

    def forward(self, audio: torch.Tensor, image: torch.Tensor) -> Tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        return (self.speech(audio), *self.photo(image))


class SonicDenoiser(nn.Module):
    def __init__(self, width: int = 128) -> None:
        super().__init__()
        self.motion = nn.Conv2d(MOTION, width, (1, 3), padding=(0, 1), bias=False)
        self.condition = nn.Conv2d(CONDITION, width, 1)
        self.step = nn.Conv2d(STEP_CHANNELS, width, 1)
        self.time = nn.Sequential(*[TimeBlock(width, dilation) for dilation in (1, 2, 4, 1)])
        self.velocity = nn.Conv2d(width, MOTION, 1)
        self.ahead = nn.Conv2d(CONDITION, MOTION, 1, bias=False)

    def forward(self, motion: torch.Tensor, step: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        hidden = self.time(torch.relu(self.motion(motion) + self.condition(condition) + self.step(step)))
        return self.velocity(hidden) + self.ahead(condition)


class OtherNorm(SonicDenoiser):
    """Like `SonicDenoiser` but for what one batch norm adds to the variance, which no file of weights tells."""

    def __init__(self) -> None:
        super().__init__()
        self.time[2].spread[1].eps = 0.1


def with_lived_in_statistics(network: nn.Module, seed: int = 0) -> nn.Module:
    """Batch norms as after training: no gain, shift, mean or variance is what it is at the start."""
    generator = torch.Generator().manual_seed(seed)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            for value, low, high in (
                (module.weight.data, 0.5, 1.5), (module.bias.data, -0.5, 0.5),
                (module.running_mean, -0.5, 0.5), (module.running_var, 0.3, 2.0),
            ):  # fmt: skip
                value.uniform_(low, high, generator=generator)
    return network
