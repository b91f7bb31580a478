"""A training small enough to be killed again and again: ``python toy_training.py WORK STEPS``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Dict, List, Tuple

import mindspore as ms
import numpy as np
from mindspore import nn

from models_om.networks.blocks import ConvNorm, TimeBlock
from models_om.train import loop

SHARES = (0.7, 0.3)


class ToyLoss(nn.Cell):
    """Two terms of a small network with all that has a state: batch norm, dropout."""

    terms = ("level", "change")

    def __init__(self, network: nn.Cell) -> None:
        super().__init__()
        self.network = network

    def construct(self, x: ms.Tensor, y: ms.Tensor) -> Tuple[ms.Tensor, ...]:
        error = self.network(x) - y
        level = (error * error).mean()
        change = ((error[..., 1:] - error[..., :-1]) ** 2).mean()
        return SHARES[0] * level + SHARES[1] * change, level, change


def train(work: Path, steps: int, average: float = 0.9) -> nn.Cell:
    """Saves after every step, so that a kill meets a save as likely as a step."""
    ms.set_context(mode=ms.GRAPH_MODE, device_target="CPU")
    ms.set_seed(1)
    generator = np.random.default_rng(0)
    network = nn.SequentialCell(ConvNorm(4, 8, (1, 3)), TimeBlock(8, 1, dropout=0.3), nn.Conv2d(8, 1, 1))

    def make_batch() -> List[np.ndarray]:
        x = generator.standard_normal((6, 4, 1, 12), dtype=np.float32)
        return [x, x.sum(1, keepdims=True)]

    def judge() -> Dict[str, float]:
        probe = ms.Tensor(np.ones((2, 4, 1, 12), np.float32))
        return {"level": float(((network(probe).asnumpy() - 4) ** 2).mean())}

    loop.SAVE_EVERY = 1
    trainer = loop.Trainer("toy", {"network": network}, ToyLoss(network), steps, 0.01, work, average)
    trainer.run(make_batch, generator, judge, judge_every=10)
    return network


if __name__ == "__main__":
    train(Path(sys.argv[1]), int(sys.argv[2]))
