"""What a frame of video costs: calls of the networks on the NPU, and the rest on the board's Arm cores."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Sequence

from appliance.pipeline.motion.sampler import HOP
from appliance.settings import FRAME_RATE, MakeOptions

from ..manifest import BUILT, SIGNATURES
from .chip import COPY_BYTES_A_S, TASK_S
from .layers import FLOAT32, Layer

FRAME_S = 1 / FRAME_RATE
STEPS = MakeOptions().inference_steps
NPU_GOAL, CPU_GOAL = 3.0, 1.5
"""How many times faster than real time each share must be."""

ARM_RATIO = 12.0
"""How many times longer one Arm core of the board (Cortex-A55, about 1.6 GHz) takes than one core of the x86 server
that the stages were measured on (Zen 4). Stated, not measured: of general single-thread benchmarks the one makes 70 to
80 points a GHz, the other, which also clocks twice as high, about 400. `RATIOS` shows what hangs on it."""
RATIOS = (8.0, ARM_RATIO, 16.0)
CORES = 6
"""Of the board's eight cores; the others are the AI CPU's in the setting that leaves most to programs."""
STAGES = Path(__file__).with_name("stages.json")
"""Stage times measured by `measure.py`."""


def calls_a_frame(network: str, steps: int = STEPS) -> float:
    """How often the pipeline runs a network for one frame of video; a window of motion goes on by `HOP` frames."""
    return {"sonic": 1 / HOP, "sonic_denoiser": steps / HOP, "sonic_painter": 1.0}[network]


@dataclass(frozen=True)
class NetworkCost:
    """One call of a network."""

    name: str
    layers: Sequence[Layer]

    @property
    def macs(self) -> int:
        return sum(layer.macs for layer in self.layers)

    @property
    def bytes(self) -> int:
        return sum(layer.bytes for layer in self.layers)

    @property
    def used(self) -> float:
        """Share 0..1 of the cube's work that the network asks for."""
        return self.macs / sum(layer.computed for layer in self.layers)

    @property
    def roofline_s(self) -> float:
        return sum(layer.seconds for layer in self.layers)

    @property
    def seconds(self) -> float:
        """With what is allowed for the start of every operator."""
        return self.roofline_s + TASK_S * len(self.layers)


def npu_s(networks: Sequence[NetworkCost], steps: int = STEPS) -> float:
    """Seconds of the NPU a frame."""
    return sum(calls_a_frame(network.name, steps) * network.seconds for network in networks)


def awaited_s(networks: Sequence[NetworkCost], steps: int = STEPS) -> float:
    """Seconds a frame in which the engine's main thread waits for the NPU: drawing threads wait for the painter."""
    return npu_s([network for network in networks if network.name != "sonic_painter"], steps)


def copies_s(steps: int = STEPS) -> float:
    """Seconds a frame in which an Arm core copies inputs and outputs of the networks."""
    moved = 0.0
    for name, sides in SIGNATURES.items():
        shapes: List[List[int]] = [shape for side in sides.values() for shape in side.values()]
        moved += calls_a_frame(name, steps) * sum(FLOAT32 * _size(shape) for shape in shapes)
    return moved / COPY_BYTES_A_S


def _size(shape: Sequence[int]) -> int:
    size = 1
    for axis in shape:
        size *= axis
    return size


@dataclass(frozen=True)
class Processor:
    """What the Arm cores do for a frame. ``stages``: ms of one x86 core by stage: frames are drawn ("render") by a
    thread a core, "ffmpeg" is several processes, all else is done by the engine's main thread. ``alone``: share of
    drawing that only one thread can do at a time. ``copies``, ``awaited`` s: copying for the NPU; what the main thread
    waits for it."""

    stages: Dict[str, float]
    ratio: float
    alone: float
    copies: float
    awaited: float

    @property
    def drawing_s(self) -> float:
        return self._on_arm("render") + self.copies

    @property
    def main_s(self) -> float:
        """The main thread of the engine."""
        return self._on_arm(*(stage for stage in self.stages if stage not in ("render", "ffmpeg")))

    @property
    def ffmpeg_s(self) -> float:
        return self._on_arm("ffmpeg")

    @property
    def limits(self) -> Dict[str, float]:
        """Seconds a frame takes at least, by what holds it up."""
        return {
            "all cores": (self.drawing_s + self.main_s + self.ffmpeg_s) / CORES,
            "main thread": self.main_s + self.awaited,
            "Python's lock": self.alone * (self.drawing_s + self.main_s),
        }

    @property
    def margin(self) -> float:
        return FRAME_S / max(self.limits.values())

    def _on_arm(self, *stages: str) -> float:
        return sum(self.stages[stage] for stage in stages) * self.ratio / 1e3


@dataclass(frozen=True)
class Measured:
    """What `measure.py` found, by side of the video in px: ms of one x86 core a frame by stage, and the share of
    drawing that one thread at a time can do; ``machine``: where."""

    stages: Dict[str, Dict[str, float]]
    alone: Dict[str, float]
    machine: Dict[str, Any]


def measured(path: Path = STAGES) -> Measured:
    content = json.loads(path.read_text())
    return Measured(content["ms_a_frame"], content["one_at_a_time"], content["machine"])


def network_file(name: str) -> Path:
    """The float32 file that the layers are read from."""
    return BUILT / f"{name}.fp32.onnx"
