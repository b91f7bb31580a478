"""Train the Sonic networks on the CPU with MindSpore; stop and go on at any step.

    python -m models_om.train motion --work work [--steps 1800] [--batch 32]
    python -m models_om.train photo  --work work [--steps 1200]

`motion` trains the speech encoder and the denoiser together on ``WORK/corpus.npz``, `photo` the photo encoder on
``WORK/portraits.npz``. Both write ``WORK/{motion,photo}.ckpt`` (networks, optimiser), ``….json`` (step, random state,
history) and ``….png`` (losses), and go on from them when started again.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import mindspore as ms

from .loop import SEED
from .motion import train_motion
from .photo import train_photo


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("motion", "photo"))
    parser.add_argument("--work", type=Path, default=Path("work"))
    parser.add_argument("--steps", type=int)
    parser.add_argument("--batch", type=int)
    parser.add_argument("--rate", type=float)
    arguments = parser.parse_args()
    ms.set_context(mode=ms.GRAPH_MODE, device_target="CPU")
    ms.set_seed(SEED)
    if arguments.what == "motion":
        train_motion(arguments.work, arguments.steps or 1800, arguments.batch or 32, arguments.rate or 1e-3)
    else:
        train_photo(arguments.work, arguments.steps or 1200, arguments.batch or 16, arguments.rate or 1e-3)


if __name__ == "__main__":
    main()
