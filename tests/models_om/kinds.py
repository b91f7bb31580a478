"""A small network of every kind of layer that a map translates: in MindSpore, and in PyTorch with other names."""

from __future__ import annotations

import mindspore as ms
import torch
from mindspore import nn as mindspore_nn
from torch import nn as torch_nn

MAP = r"""
network = "kinds:Kinds"
ignore = ["teacher.{rest*}"]
optional = ["{layer}.moving_{what}"]

[[layer]]
torch = "net.{name}"
mindspore = "{name}"

[[parameter]]
torch = "net\\.last_(\\w+)"
mindspore = "last.\\1"
regex = true

[[parameter]]
torch = "net.turned"
mindspore = "turned"
axes = [1, 0]

[inputs]
x = [2, 3, 8]
"""


class Kinds(mindspore_nn.Cell):
    """x (N,3,8) → (N,5)."""

    def __init__(self) -> None:
        super().__init__()
        self.line = mindspore_nn.Conv1d(3, 4, 3, pad_mode="pad", padding=1, has_bias=True)
        self.up = mindspore_nn.Conv2dTranspose(4, 6, (1, 2), stride=(1, 2), pad_mode="valid", has_bias=True)
        self.norm = mindspore_nn.BatchNorm2d(6)
        self.group = mindspore_nn.GroupNorm(2, 6, eps=1e-5)
        self.prelu = mindspore_nn.PReLU(6)
        self.dense = mindspore_nn.Dense(96, 7)
        self.layer = mindspore_nn.LayerNorm((7,), epsilon=1e-5)
        self.table = mindspore_nn.Embedding(3, 7)
        self.turned = ms.Parameter(ms.Tensor(torch.zeros(7, 2).numpy()), name="turned")
        self.last = mindspore_nn.Dense(2, 5)

    def construct(self, x: ms.Tensor) -> ms.Tensor:
        x = self.prelu(self.group(self.norm(self.up(self.line(x).expand_dims(2)))))
        x = self.layer(self.dense(x.reshape(x.shape[0], -1))) + self.table(ms.Tensor([1]))
        return self.last(ms.ops.matmul(x, self.turned))


class Net(torch_nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.line = torch_nn.Conv1d(3, 4, 3, padding=1)
        self.up = torch_nn.ConvTranspose2d(4, 6, (1, 2), stride=(1, 2))
        self.norm = torch_nn.BatchNorm2d(6)
        self.group = torch_nn.GroupNorm(2, 6)
        self.prelu = torch_nn.PReLU(6)
        self.dense = torch_nn.Linear(96, 7)
        self.layer = torch_nn.LayerNorm(7)
        self.table = torch_nn.Embedding(3, 7)
        self.turned = torch_nn.Parameter(torch.randn(2, 7))
        self.last_weight = torch_nn.Parameter(torch.randn(5, 2))
        self.last_bias = torch_nn.Parameter(torch.randn(5))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.prelu(self.group(self.norm(self.up(self.line(x)[:, :, None]))))
        x = self.layer(self.dense(x.flatten(1))) + self.table(torch.tensor([1]))
        return x @ self.turned.T @ self.last_weight.T + self.last_bias


class Twin(torch_nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = Net()
        self.teacher = torch_nn.Linear(2, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.net(x)
