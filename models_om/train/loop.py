"""The training loop that all networks share: stops and goes on at any step, and gives the same bits either way.

``WORK/NAME.ckpt`` holds everything that going on needs, in one file that is replaced at once: networks, their running
average, optimiser, step, random state, history. ``WORK/NAME.json`` (history) and ``WORK/NAME.png`` (the same, drawn)
are for people; nothing reads them back. Equal bits need an equal number of threads: another sums in another order.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import threading
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Sequence, Tuple

import mindspore as ms
import numpy as np
from mindspore import nn, ops

from ..networks.dropout import ChannelDropout
from .plot import plot
from .progress import Watch

SEED = 20
SAVE_EVERY = 250
RECORD_EVERY = 10
"""Steps that one point of a loss curve is the mean of."""
COOL_DOWN = 0.6
"""Share of the steps over which the learning rate falls to 0."""
STATE = "state"
RUNS_OWN = ("learning_rate", "dropout.draw")
"""Parameters that are not saved: a schedule belongs to one length of run, what is left out is drawn anew each step."""


class Trainer:
    """Trains ``cells`` by ``loss`` for ``steps`` steps: warm-up, level, down to nothing; AdamW, clipped gradients.

    ``loss(*arrays)`` returns a scalar, or ``(total, *terms)`` with the names of the terms in ``loss.terms``.
    ``average``: decay of a running average of the weights, bias-corrected (0.999: over the last thousand steps); 0 for
    none. It is saved beside the weights, and it is what ``judge`` sees.
    """

    def __init__(
        self, name: str, cells: Dict[str, nn.Cell], loss: nn.Cell, steps: int, rate: float, work: Path,
        average: float = 0.0,
    ) -> None:  # fmt: skip
        self.name, self.cells, self.steps, self.work, self.decay = name, cells, steps, work, average
        parameters = [p for cell in cells.values() for p in cell.trainable_params()]
        # Level, then down to nothing: a run that is going on may be told another length before its last part begins.
        schedule = [rate * min((s + 1) / 200, (steps - s + 1) / (steps * COOL_DOWN), 1.0) for s in range(steps + 1)]
        decayed = [p for p in parameters if p.name.endswith("weight")]
        plain = [p for p in parameters if not p.name.endswith("weight")]
        groups = [{"params": decayed, "weight_decay": 0.02}, {"params": plain, "weight_decay": 0.0}]
        self.optimiser = nn.AdamWeightDecay([g for g in groups if g["params"]], schedule, beta2=0.99)
        self.terms: Tuple[str, ...] = ("loss", *getattr(loss, "terms", ()))
        gradient = ms.value_and_grad(loss, None, self.optimiser.parameters, has_aux=len(self.terms) > 1)
        self.step_cell = _Step(gradient, self.optimiser, len(self.terms) > 1)
        self.dropouts = [cell for _, cell in loss.cells_and_names() if isinstance(cell, ChannelDropout)]
        self.average: Dict[str, np.ndarray] = {}
        self.step, self.averaged, self.stop_at = 0, 0, steps
        self.recent: List[List[float]] = []
        self.training: List[Dict[str, float]] = []
        self.held_out: List[Dict[str, float]] = []

    def run(
        self, make_batch: Callable[[], Sequence[np.ndarray]], generator: np.random.Generator,
        judge: Callable[[], Dict[str, float]], judge_every: int,
    ) -> None:  # fmt: skip
        """Train to the last step, going on from the checkpoint if there is one.

        ``make_batch`` makes all its choices with ``generator``; it runs in a thread, a batch or two ahead. ``judge``
        gives held-out figures; one named like a loss term is drawn with it. SIGTERM and SIGINT save, then raise
        `SystemExit`. Raises `FloatingPointError` when the loss is no longer a number; the checkpoint is then older.
        """
        self.work.mkdir(parents=True, exist_ok=True)
        for partial in self.work.glob(f"{self.name}.part.*"):
            partial.unlink()
        self.resume(generator)
        batches = _ahead(make_batch, generator, self.stop_at - self.step)
        self._set_training(True)
        with Watch(self.name, self.step, self.steps) as watch, _stop_signals() as stopped:
            if self.step:
                watch.say(f"going on at step {self.step}")
            while self.step < self.stop_at:
                arrays, random_state = _next(batches)
                self._train(arrays)
                watch.show(self.step, self.training[-1]["loss"] if self.training else self.recent[-1][0])
                last = self.step == self.stop_at
                if self.step % judge_every == 0 or last:
                    watch.say(f"   held out: { {key: round(value, 3) for key, value in self._judge(judge).items()} }")
                if self.step % SAVE_EVERY == 0 or last or stopped:
                    self.save(random_state)
                if stopped and not last:
                    watch.say(f"stopped at step {self.step}, saved")
                    raise SystemExit(128 + stopped[0])

    def resume(self, generator: np.random.Generator) -> None:
        """Go on from the last checkpoint, if there is one. Raises `ValueError` if it is not of such a training."""
        checkpoint = self.work / f"{self.name}.ckpt"
        if not checkpoint.exists():
            return
        saved = ms.load_checkpoint(str(checkpoint))
        if STATE not in saved:
            raise ValueError(f"{checkpoint} holds weights, but no training to go on with: move it away to start anew")
        for name, cell in {**self.cells, "optimiser": self.optimiser}.items():
            _give(cell, name, saved, checkpoint)
        state = json.loads(saved[STATE].asnumpy().tobytes())
        self.step, self.averaged, self.recent = state["step"], state["averaged"], state["recent"]
        self.training, self.held_out = state["training"], state["held_out"]
        self.average = {key: saved[f"average:{key}"].asnumpy().copy() for key, _ in self._weights()
                        if f"average:{key}" in saved}  # fmt: skip
        generator.bit_generator.state = state["random"]

    def save(self, random_state: dict) -> None:
        """All in one file, so that no kill can leave halves that do not belong together."""
        history = {"training": self.training, "held_out": self.held_out}
        state = {"step": self.step, "averaged": self.averaged, "recent": self.recent, "random": random_state, **history}
        saved = [{"name": key, "data": parameter} for key, parameter in self._weights()]
        saved += [{"name": f"optimiser:{path}", "data": parameter} for path, parameter in _lasting(self.optimiser)]
        saved += [{"name": f"average:{key}", "data": ms.Tensor(value)} for key, value in self.average.items()]
        saved.append({"name": STATE, "data": ms.Tensor(np.frombuffer(json.dumps(state).encode(), np.uint8))})
        partial = self.work / f"{self.name}.part.ckpt"
        ms.save_checkpoint(saved, str(partial))
        with open(partial, "rb") as file:
            os.fsync(file.fileno())
        partial.replace(self.work / f"{self.name}.ckpt")
        (self.work / f"{self.name}.json").write_text(json.dumps({"step": self.step, **history}) + "\n")
        plot(self.name, self.training, self.held_out, self.work / f"{self.name}.png")

    def _train(self, arrays: Sequence[np.ndarray]) -> None:
        choices = np.random.default_rng([SEED, self.step])
        for dropout in self.dropouts:
            dropout.redraw(choices)
        values = [float(value) for value in self.step_cell(*[ms.Tensor(array) for array in arrays])]
        self.step += 1
        if not np.isfinite(values[0]):
            raise FloatingPointError(f"the loss of {self.name} is {values[0]} at step {self.step}")
        self.recent.append(values)
        if self.step % RECORD_EVERY == 0:
            means = np.mean(self.recent, axis=0)
            self.training.append({"step": self.step, **{k: float(v) for k, v in zip(self.terms, means)}})
            self.recent = []
        if self.decay:
            self.averaged += 1
            share = np.float32((1 - self.decay) / (1 - self.decay**self.averaged))
            for key, parameter in self._weights():
                value = parameter.asnumpy()
                mean = self.average.setdefault(key, np.zeros_like(value))
                mean += share * (value - mean)

    def _judge(self, judge: Callable[[], Dict[str, float]]) -> Dict[str, float]:
        own = {key: parameter.asnumpy().copy() for key, parameter in self._weights()} if self.decay else {}
        self._load(self.average if self.decay else {})
        self._set_training(False)
        figures = {key: float(value) for key, value in judge().items()}
        self._set_training(True)
        self._load(own)
        self.held_out.append({"step": self.step, **figures})
        return figures

    def _load(self, values: Dict[str, np.ndarray]) -> None:
        for key, parameter in self._weights():
            if key in values:
                parameter.set_data(ms.Tensor(values[key]))

    def _weights(self) -> Iterator[Tuple[str, ms.Parameter]]:
        for name, cell in self.cells.items():
            for path, parameter in _lasting(cell):
                yield f"{name}:{path}", parameter

    def _set_training(self, training: bool) -> None:
        for cell in self.cells.values():
            cell.set_train(training)


class _Step(nn.Cell):
    def __init__(self, gradient: Callable, optimiser: nn.Cell, several: bool) -> None:
        super().__init__()
        self.gradient, self.optimiser, self.several = gradient, optimiser, several

    def construct(self, *arrays: ms.Tensor) -> Tuple[ms.Tensor, ...]:
        values, gradients = self.gradient(*arrays)
        gradients = ops.clip_by_global_norm(gradients, 5.0)
        if self.several:
            return ops.depend(values, self.optimiser(gradients))
        return (ops.depend(values, self.optimiser(gradients)),)


def load_cell(cell: nn.Cell, name: str, checkpoint: Path, averaged: bool = False) -> None:
    """Give a cell the parameters saved under ``name``; ``averaged``: their running average, if the run kept one.

    Raises `ValueError` if one is missing.
    """
    saved = ms.load_checkpoint(str(checkpoint))
    if averaged and any(key.startswith(f"average:{name}:") for key in saved):
        name = f"average:{name}"
    _give(cell, name, saved, checkpoint)


def _give(cell: nn.Cell, name: str, saved: Dict[str, ms.Parameter], checkpoint: Path) -> None:
    for path, parameter in _lasting(cell):
        if f"{name}:{path}" not in saved:
            raise ValueError(f"{checkpoint} lacks {name}:{path}")
        parameter.set_data(saved[f"{name}:{path}"])


def _lasting(cell: nn.Cell) -> Iterator[Tuple[str, ms.Parameter]]:
    return ((path, p) for path, p in cell.parameters_and_names() if not path.endswith(RUNS_OWN))


@contextlib.contextmanager
def _stop_signals() -> Iterator[List[int]]:
    """A list that a signal to stop is put into, once; a second one acts as ever."""
    received: List[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield received
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def note(number: int, frame: object) -> None:
        received.append(number)
        signal.signal(number, before[number])

    for number in before:
        signal.signal(number, note)
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ahead(make_batch: Callable[[], Sequence[np.ndarray]], generator: np.random.Generator, count: int) -> queue.Queue:
    """Batches made two ahead in a thread, each with the random state after it; or the error that ended them."""
    batches: queue.Queue = queue.Queue(maxsize=2)

    def make() -> None:
        try:
            for _ in range(count):
                arrays = make_batch()
                batches.put((arrays, generator.bit_generator.state))
        except Exception as error:
            batches.put(error)

    threading.Thread(target=make, daemon=True).start()
    return batches


def _next(batches: queue.Queue) -> Tuple[Sequence[np.ndarray], dict]:
    item = batches.get()
    if isinstance(item, Exception):
        raise item
    return item
