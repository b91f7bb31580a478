"""Time on the board's Arm cores by counted instructions (`count.py`) and a stated rate at which they are executed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict

FILE = Path(__file__).with_name("instructions.json")

ARM_HZ = 1.6e9
PER_CYCLE = 0.75
"""Instructions a cycle. Stated, not measured. A Cortex-A55 starts instructions in order, two in a cycle at best, of
which one may load, 64 bits, and one be of 128 bits for vectors (Arm EPM128372, *Cortex-A55 Software Optimization
Guide*). Counters of such cores in a telephone showed 0.67 to 0.76 for a quantised language model in NEON code, which
waits for memory more than pictures do, 0.63 to 0.99 over all its runs. `RATES` shows what hangs on it."""
RATES = (0.6, PER_CYCLE, 1.0)

ENGINE_KERNEL, FFMPEG_KERNEL = 0.03, 0.25
"""What the kernel takes for a process, as a share of what it takes itself, which alone is counted; as on x86."""

Counts = Dict[str, Dict[str, int]]
"""Instructions a frame by stage, and of each stage "all" and those of some kinds."""


def counted(machine: str, path: Path = FILE) -> Dict[str, Counts]:
    """For "aarch64" or "x86_64", by side of the video in px."""
    return json.loads(path.read_text())["instructions_a_frame"][machine]


def origin(path: Path = FILE) -> Dict[str, Any]:
    """What was counted with which programs."""
    return json.loads(path.read_text())["machine"]


def summed(counts: Counts) -> Counts:
    """With the runs of ffmpeg as one stage, as `frame.measured` has them."""
    stages: Counts = {}
    for stage, kinds in counts.items():
        stages.setdefault(stage.split()[0], dict.fromkeys(kinds, 0))
        for kind, count in kinds.items():
            stages[stage.split()[0]][kind] += count
    return stages


def arm_ms(counts: Counts, rate: float = PER_CYCLE) -> Dict[str, float]:
    """ms of one Arm core a frame by stage, the kernel's part included."""
    return {
        stage: 1e3 * kinds["all"] / (rate * ARM_HZ) * (1 + (FFMPEG_KERNEL if stage == "ffmpeg" else ENGINE_KERNEL))
        for stage, kinds in summed(counts).items()
    }
