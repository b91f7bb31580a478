"""The training loop that all networks share: stops and goes on at any step, deterministic for a seed."""

from __future__ import annotations

import json
import queue
import threading
import time
from pathlib import Path
from typing import Callable, Dict, List, Sequence

import mindspore as ms
import numpy as np
from mindspore import nn, ops

SEED = 20
SAVE_EVERY = 250
COOL_DOWN = 0.6
"""Share of the steps over which the learning rate falls to 0."""


class Trainer:
    """The loop that all networks share: warm-up and cosine, checkpoints, progress, resume.

    ``cells``: what is trained, by name. ``make_batch(generator) -> arrays`` runs in a thread beside the training step.
    """

    def __init__(
        self, name: str, cells: Dict[str, nn.Cell], loss: nn.Cell, steps: int, rate: float, work: Path
    ) -> None:
        self.name, self.cells, self.steps, self.work = name, cells, steps, work
        self.parameters = [p for cell in cells.values() for p in cell.trainable_params()]
        # Level, then down to nothing: a run that is going on may be told another length before its last part begins.
        schedule = [rate * min((s + 1) / 200, (steps - s + 1) / (steps * COOL_DOWN), 1.0) for s in range(steps + 1)]
        decayed = [p for p in self.parameters if p.name.endswith("weight")]
        plain = [p for p in self.parameters if not p.name.endswith("weight")]
        groups = [{"params": decayed, "weight_decay": 0.02}, {"params": plain, "weight_decay": 0.0}]
        self.optimiser = nn.AdamWeightDecay(groups, schedule, beta2=0.99)
        self.loss = loss
        gradient = ms.value_and_grad(loss, None, self.optimiser.parameters)
        self.step_cell = _Step(gradient, self.optimiser)
        self.step, self.stop_at = 0, steps
        self.history: List[List[float]] = []

    def resume(self, generator: np.random.Generator) -> None:
        """Go on from the last checkpoint, if there is one."""
        state = self.work / f"{self.name}.json"
        if not state.exists():
            return
        for name, cell in {**self.cells, "optimiser": self.optimiser}.items():
            load_cell(cell, name, self.work / f"{self.name}.ckpt")
        known = json.loads(state.read_text())
        self.step, self.history = known["step"], known["history"]
        generator.bit_generator.state = known["random"]
        print(f"going on at step {self.step}", flush=True)

    def save(self, random_state: dict) -> None:
        parts = {**self.cells, "optimiser": self.optimiser}
        saved = [
            {"name": f"{name}:{path}", "data": parameter}
            for name, cell in parts.items()
            for path, parameter in cell.parameters_and_names()
        ]
        partial = self.work / f"{self.name}.part.ckpt"
        ms.save_checkpoint(saved, str(partial))
        partial.replace(self.work / f"{self.name}.ckpt")
        state = {"step": self.step, "history": self.history, "random": random_state}
        (self.work / f"{self.name}.json").write_text(json.dumps(state))
        plot(self.history, self.work / f"{self.name}.png")

    def run(
        self, make_batch: Callable[[], Sequence[np.ndarray]], generator: np.random.Generator,
        judge: Callable[[], Dict[str, float]], judge_every: int,
    ) -> None:  # fmt: skip
        """Train to the last step. ``judge`` gives held-out figures to print."""
        self.resume(generator)
        batches = _ahead(make_batch, generator, self.stop_at - self.step)
        began, first, recent = time.time(), self.step, []
        while self.step < self.stop_at:
            arrays, random_state = batches.get()
            for cell in self.cells.values():
                cell.set_train(True)
            recent.append(float(self.step_cell(*[ms.Tensor(array) for array in arrays])))
            self.step += 1
            if self.step % 50 == 0:
                pace = (time.time() - began) / (self.step - first)
                left = (self.steps - self.step) * pace / 60
                self.history.append([self.step, float(np.mean(recent))])
                print(
                    f"{self.step}/{self.steps} loss {np.mean(recent):.4f} {pace:.2f} s/step, {left:.1f} min left",
                    flush=True,
                )
                recent = []
            last = self.step == self.stop_at
            if self.step % SAVE_EVERY == 0 or last:
                self.save(random_state)
            if self.step % judge_every == 0 or last:
                for cell in self.cells.values():
                    cell.set_train(False)
                print("   held out:", {key: round(value, 3) for key, value in judge().items()}, flush=True)


class _Step(nn.Cell):
    def __init__(self, gradient: Callable, optimiser: nn.Cell) -> None:
        super().__init__()
        self.gradient, self.optimiser = gradient, optimiser

    def construct(self, *arrays: ms.Tensor) -> ms.Tensor:
        loss, gradients = self.gradient(*arrays)
        gradients = ops.clip_by_global_norm(gradients, 5.0)
        return ops.depend(loss, self.optimiser(gradients))


def load_cell(cell: nn.Cell, name: str, checkpoint: Path) -> None:
    """Give a cell the parameters saved under ``name``. Raises `ValueError` if one is missing."""
    saved = ms.load_checkpoint(str(checkpoint))
    for path, parameter in cell.parameters_and_names():
        # A learning-rate schedule is the run's own: the next may be longer or shorter.
        if "learning_rate" in path:
            continue
        if f"{name}:{path}" not in saved:
            raise ValueError(f"{checkpoint} lacks {name}:{path}")
        parameter.set_data(saved[f"{name}:{path}"])


def _ahead(make_batch: Callable[[], Sequence[np.ndarray]], generator: np.random.Generator, count: int) -> queue.Queue:
    """Batches made two ahead in a thread, each with the random state after it."""
    batches: queue.Queue = queue.Queue(maxsize=2)

    def make() -> None:
        for _ in range(count):
            arrays = make_batch()
            batches.put((arrays, generator.bit_generator.state))

    threading.Thread(target=make, daemon=True).start()
    return batches


def plot(history: List[List[float]], path: Path) -> None:
    """The losses as a PNG, logarithmic, without any plotting library."""
    import cv2

    picture = np.full((360, 640, 3), 255, np.uint8)
    if len(history) > 1:
        steps, losses = np.array(history).T
        losses = np.log10(np.maximum(losses, 1e-6))
        x = 40 + (steps - steps[0]) / (steps[-1] - steps[0]) * 580
        y = 20 + (losses.max() - losses) / max(float(np.ptp(losses)), 1e-6) * 300
        cv2.polylines(picture, [np.stack([x, y], 1).astype(np.int32)], False, (180, 80, 0), 1, cv2.LINE_AA)
        title = f"loss 1e{losses.max():.2f} .. 1e{losses.min():.2f}, steps {steps[0]:.0f} .. {steps[-1]:.0f}"
        cv2.putText(picture, title, (40, 350), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 0, 0), 1, cv2.LINE_AA)
    cv2.imwrite(str(path), picture)
