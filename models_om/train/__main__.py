"""Train the Sonic networks on the CPU with MindSpore; stop and go on at any step.

    python -m models_om.train motion --work WORK    speech encoder and denoiser, on WORK/corpus.npz
    python -m models_om.train partner --work WORK   a second speech encoder, whose answers are averaged with the first's
    python -m models_om.train denoiser --work WORK  the denoiser once more, on both encoders as they are by then
    python -m models_om.train straight --work WORK  the denoiser's paths made straight, so that few steps are enough
    python -m models_om.train photo  --work WORK    photo encoder, on WORK/portraits.npz
    python -m models_om.train painter --work WORK   painter of mouths, on WORK/mouths/
    python -m models_om.train sync   --work WORK    lip-sync expert (for judging and as a loss), on WORK/corpus.npz

Each writes into WORK, every 250 steps, at the end, and when stopped by Ctrl-C or SIGTERM:

    NAME.ckpt   networks, their running average if kept, optimiser, step, random state, history: one file, replaced
                at once; started again, training goes on from it as if it had never stopped, killed or not
    NAME.png    every loss term and every held-out figure over the steps
    NAME.json   the same as numbers

To start anew, move NAME.ckpt away. Progress goes to standard error: a bar with the time left on a terminal, else a line
every 50 steps. One thread (OMP_NUM_THREADS=1) is nearly as fast as two on small networks.
"""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path
from typing import Dict, NamedTuple

import mindspore as ms

from .loop import SEED


class Training(NamedTuple):
    """``module.train_NAME(work, steps, batch, rate)``, and what is usual."""

    module: str
    steps: int
    batch: int
    rate: float = 1e-3


TRAININGS: Dict[str, Training] = {
    "motion": Training("motion", 2400, 32, 3e-3),
    "partner": Training("motion", 1400, 32, 3e-3),
    "denoiser": Training("denoiser", 500, 32),
    "straight": Training("denoiser", 500, 32),
    "photo": Training("photo", 1200, 16),
    "sync": Training("sync", 900, 32),
    "painter": Training("painter", 1500, 12),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=sorted(TRAININGS))
    parser.add_argument("--work", type=Path, default=Path("work"), help="folder of the corpus and of the results")
    parser.add_argument("--steps", type=int, help="may be changed until the last 60 %% of a run")
    parser.add_argument("--batch", type=int)
    parser.add_argument("--rate", type=float, help="learning rate")
    arguments = parser.parse_args()
    usual = TRAININGS[arguments.what]
    ms.set_context(mode=ms.GRAPH_MODE, device_target="CPU")
    ms.set_seed(SEED)
    train = getattr(importlib.import_module(f".{usual.module}", __package__), f"train_{arguments.what}")
    train(arguments.work, arguments.steps or usual.steps, arguments.batch or usual.batch, arguments.rate or usual.rate)


if __name__ == "__main__":
    main()
