"""The cost of a frame as tables: printed, and written to ``docs/cost.md``."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Dict, List, Sequence, Tuple

from rich.console import Console

from appliance.settings import FRAME_RATE

from ..export.report import Table
from ..lint.graph import Graph
from ..manifest import HERE, SIGNATURES
from . import frame, instructions
from .chip import BYTES_A_S, COPY_BYTES_A_S, MACS_A_S, TASK_S
from .frame import CORES, CPU_GOAL, FRAME_S, NPU_GOAL, STEPS, Measured, NetworkCost, Processor
from .layers import layers

DOCUMENT = HERE.parent / "docs" / "cost.md"
COMMAND = "python -m models_om.cost"
MORE_STEPS = (STEPS, 25, 100)
"""Steps of the sampler: the default, as many as users of Sonic are used to, the most that can be set."""


def costs() -> List[NetworkCost]:
    """Of every network that ships."""
    return [NetworkCost(name, layers(Graph(frame.network_file(name)))) for name in SIGNATURES]


def write_report(document: Path = DOCUMENT) -> None:
    """Print the tables and write them to ``document``."""
    networks, measured, counted = costs(), frame.measured(), instructions.counted("aarch64")
    processors = [_counts(counted, instructions.counted("x86_64")), _counted(counted, measured), _stages(measured)]
    processors.append(_processors(networks, measured, counted))
    tables = [_npu(networks), _steps(networks), *processors, *map(_layers, networks)]
    console = Console()
    console = console if console.is_terminal else Console(width=140)
    for table in tables:
        table.show(console)
    told = verdicts(networks, _in_place(measured, counted), 1.0) + compared(measured, counted)
    for line in told:
        console.print(line, highlight=False)
    text = [_introduction(told, measured), *(table.markdown() for table in tables)]
    document.write_text("\n".join(text), encoding="utf-8")


def verdicts(networks: Sequence[NetworkCost], measured: Measured, ratio: float = frame.ARM_RATIO) -> List[str]:
    """Whether the goals are met, in sentences. ``ratio``: of an Arm core's time to that of the ``measured`` stages."""
    npu = FRAME_S / frame.npu_s(networks)
    told = [f"NPU: {npu:.1f} times real time; goal {NPU_GOAL:g}: {_met(npu >= NPU_GOAL)}."]
    for side, processor in _at(ratio, networks, measured).items():
        told.append(
            f"Arm cores, {side} px: {processor.margin:.2f} times real time; goal {CPU_GOAL:g}: "
            f"{_met(processor.margin >= CPU_GOAL)}."
        )
    return told


def _met(good: bool) -> str:
    return "met" if good else "**not met**"


def _introduction(told: Sequence[str], measured: Measured) -> str:
    machine = measured.machine
    int8, fp16 = (2 * MACS_A_S[precision] / 1e12 for precision in ("int8", "fp16"))
    others = " and ".join(f"{ratio:g}" for ratio in frame.RATIOS if ratio != frame.ARM_RATIO)
    room = 1e3 * FRAME_S / CPU_GOAL * CORES
    return f"""# Cost of a frame on the board

Written by `{COMMAND}`; changes made by hand are lost with the next run.

**This is arithmetic, not a measurement: nothing here ran on an Ascend chip or on an Arm core.** It says what is
possible at best, and what would be too slow. A frame of video lasts {1e3 * FRAME_S:.0f} ms, {FRAME_RATE} a second.

{chr(10).join(f"* {line}" for line in told)}

For {CPU_GOAL:g} times real time, all that the Arm cores do for a frame may take {room:.0f} ms of one of them. The
networks have no part in it: they run on the NPU. Most of it is drawing, which a thread a core does, and most of the
rest is ffmpeg; H.264 could be encoded by the chip instead.

How it is reckoned, for the NPU:

* Ascend 310 at its full rating, both AI Cores: {int8:.0f} TOPS in INT8, {fp16:.0f} TFLOPS in fp16, memory of
  {BYTES_A_S / 1e9:.1f} GB/s. At the lower ratings that can be chosen, computing takes longer in proportion.
* Layers in INT8 are those of `docs/int8.md`, all else is fp16. *Cube*: the share of the cube unit's work that the
  network asks for. It computes blocks of 16 pixels × 16 output channels × 16 input channels (32 in INT8); what does not
  fill them is zeros.
* *Computing* is that work at full speed; *memory* is every tensor and weight read or written once, none kept on the
  chip; the *roofline* is the longer of both, layer by layer.
* {1e6 * TASK_S:.0f} µs are allowed for the start of every operator. That is an assumption, and most of the sum.

For the Arm cores:

* Stages were measured on one core of an x86 server ({machine["processor"]}) by `{COMMAND} --measure`, which makes
  videos of {machine["seconds"]:g} s on one thread, leaves the networks out, and keeps the least of several times.
* {_counting()}
* The other way is a stated ratio, from general benchmarks: one Arm core needs {frame.ARM_RATIO:g} times as long as one
  of that server. The tables show it, and {others}, beside the counted figures.
* {COPY_BYTES_A_S / 1e9:g} GB/s are allowed for copying the networks' inputs and outputs. That is an assumption.
* Programs get {CORES} of the eight cores. A frame takes at least as long as all the work takes on all of them, as the
  engine's main thread takes for its own (with its waiting for the NPU), and as what holds Python's lock takes, which
  one thread at a time can: {_lock(measured)} of drawing, by what a second thread gained on the x86
  server. The margin is that of the longest.
"""


def _lock(measured: Measured) -> str:
    return " and ".join(f"{100 * share:.0f} % ({side} px)" for side, share in measured.alone.items())


def _npu(networks: Sequence[NetworkCost]) -> Table:
    rows: List[Tuple[str, ...]] = []
    for network in networks:
        calls = frame.calls_a_frame(network.name)
        rows.append((
            f"`{network.name}`", f"{calls:g}", f"{network.macs / 1e6:.1f}", f"{network.bytes / 1e6:.1f}",
            f"{100 * network.used:.0f} %", f"{1e3 * network.roofline_s:.3f}", str(len(network.layers)),
            f"{1e3 * network.seconds:.2f}", f"{1e3 * calls * network.seconds:.2f}",
        ))  # fmt: skip
    total = 1e3 * frame.npu_s(networks)
    rows.append(("all", "", "", "", "", "", "", "", f"{total:.2f} of {1e3 * FRAME_S:.0f}"))
    columns = (
        "network|calls a frame|million multiplications a call|MB a call|cube|roofline, ms a call|operators|"
        "with their start, ms a call|ms a frame"
    ).split("|")
    return Table("NPU", columns, rows)


def _steps(networks: Sequence[NetworkCost]) -> Table:
    rows = []
    for steps in MORE_STEPS:
        spent = frame.npu_s(networks, steps)
        rows.append((str(steps), f"{1e3 * spent:.2f}", f"{FRAME_S / spent:.1f} ×"))
    return Table("NPU, by steps of the sampler", ("inference_steps", "ms a frame", "margin"), rows)


def _stages(measured: Measured) -> Table:
    found = measured.stages
    sides = list(found)
    rows = [
        (stage, *(f"{found[side][stage]:.2f}" for side in sides),
         *(f"{found[side][stage] * frame.ARM_RATIO:.1f}" for side in sides))
        for stage in found[sides[0]]
    ]  # fmt: skip
    copied = f"{1e3 * frame.copies_s():.1f}"
    rows.append(("copies for the NPU", *("" for _ in sides), *(copied for _ in sides)))
    columns = ["stage", *(f"x86, {side} px" for side in sides), *(f"Arm, {side} px" for side in sides)]
    return Table(f"Processor: ms of one core a frame, Arm = x86 × {frame.ARM_RATIO:g}", columns, rows)


def _processors(networks: Sequence[NetworkCost], measured: Measured, counted: Dict[str, instructions.Counts]) -> Table:
    cases = [(_rate(rate), _in_place(measured, counted, rate), 1.0) for rate in instructions.RATES]
    cases += [(f"x86 × {ratio:g}", measured, ratio) for ratio in frame.RATIOS]
    rows = []
    for name, stages, ratio in cases:
        for side, processor in _at(ratio, networks, stages).items():
            limits = [f"{1e3 * spent:.1f}" for spent in processor.limits.values()]
            rows.append((f"{side} px", name, *limits, f"{processor.margin:.2f} ×"))
    columns = ["video", "Arm core"]
    columns += [f"{limit}, ms a frame" for limit in processor.limits]
    return Table("Processor: what a frame takes at least", [*columns, "margin"], rows)


def _at(ratio: float, networks: Sequence[NetworkCost], measured: Measured) -> Dict[str, Processor]:
    """The Arm cores' share by side of the video, px."""
    copies, awaited = frame.copies_s(), frame.awaited_s(networks)
    return {
        side: Processor(spent, ratio, measured.alone[side], copies, awaited) for side, spent in measured.stages.items()
    }


def _layers(network: NetworkCost) -> Table:
    rows = [
        (
            layer.name, layer.kind, layer.precision, f"{layer.macs / 1e6:.2f}" if layer.macs else "",
            f"{layer.bytes / 1e3:.0f}", "" if layer.used is None else f"{100 * layer.used:.0f} %",
            f"{1e6 * layer.compute_s:.1f}", f"{1e6 * layer.memory_s:.1f}", f"{1e6 * layer.seconds:.1f}",
        )
        for layer in network.layers
    ]  # fmt: skip
    columns = "layer|operator|precision|million multiplications|kB|cube|computing, µs|memory, µs|roofline, µs"
    return Table(f"`{network.name}`, one call", columns.split("|"), rows)


def _counting() -> str:
    """How instructions were counted."""
    origin = instructions.origin()
    versions = dict(origin["versions"]["aarch64"])
    qemu = versions.pop("QEMU")
    built = ", ".join(f"{name} {version}" for name, version in versions.items())
    low, high = instructions.RATES[0], instructions.RATES[-1]
    engine, ffmpeg = (100 * share for share in (instructions.ENGINE_KERNEL, instructions.FFMPEG_KERNEL))
    return f"""The verdict rests on the instructions that programs built for aarch64 executed while they made a video of
  {origin["seconds"]:g} s on one thread, with networks that repeated what they had given on x86:
  {built}.
  QEMU {qemu} counted them, by `{COMMAND} --count`, and those of the same versions built for x86.
* {instructions.PER_CYCLE:g} instructions are taken to be executed in a cycle of {instructions.ARM_HZ / 1e9:g} GHz. That
  is an assumption: a Cortex-A55 starts two at best, and waits. The tables show {low:g} and {high:g} as well.
* What the kernel does is not counted. {ffmpeg:.0f} % are added for ffmpeg and {engine:.0f} % for all else, its share
  on x86."""


def compared(measured: Measured, counted: Dict[str, instructions.Counts]) -> List[str]:
    """Whether the stated ratio to x86 agrees with the counted instructions, in sentences."""
    told = []
    for part, inside in (("the engine", False), ("ffmpeg", True)):
        ratios = [
            _of(instructions.arm_ms(counts, rate), inside) / _of(measured.stages[side], inside)
            for side, counts in counted.items()
            for rate in instructions.RATES
        ]
        verdict = "agrees"
        if not min(ratios) <= frame.ARM_RATIO <= max(ratios):
            verdict = "is **more**" if frame.ARM_RATIO > max(ratios) else "is **less**"
        told.append(
            f"By instructions, {part} takes {min(ratios):.1f} to {max(ratios):.1f} times as long on an Arm core as on "
            f"the x86 core; the stated ratio, {frame.ARM_RATIO:g}, {verdict}."
        )
    return told


def _of(stages: Dict[str, float], ffmpeg: bool) -> float:
    """All that ffmpeg takes, or all else."""
    return sum(spent for stage, spent in stages.items() if (stage == "ffmpeg") == ffmpeg)


def _counts(arm: Dict[str, instructions.Counts], x86: Dict[str, instructions.Counts]) -> Table:
    sides = list(arm)
    largest = arm[sides[-1]]
    rows = [
        (stage, *(f"{arm[side][stage]['all'] / 1e6:.2f}" for side in sides),
         *(f"{100 * largest[stage][kind] / largest[stage]['all']:.0f} %" for kind in ("vector", "memory")),
         *(f"{x86[side][stage]['all'] / 1e6:.2f}" for side in sides))
        for stage in largest
    ]  # fmt: skip
    columns = [
        "stage", *(f"Arm, {side} px" for side in sides), "of it vectors and floating point", "loads and stores",
        *(f"x86, {side} px" for side in sides),
    ]  # fmt: skip
    return Table("Processor: million instructions a frame", columns, rows)


def _in_place(
    measured: Measured, counted: Dict[str, instructions.Counts], rate: float = instructions.PER_CYCLE
) -> Measured:
    """With the counted times of an Arm core in the place of those of x86."""
    return dataclasses.replace(
        measured, stages={side: instructions.arm_ms(counts, rate) for side, counts in counted.items()}
    )


def _rate(rate: float) -> str:
    return f"{rate:g} instructions a cycle"


def _counted(counted: Dict[str, instructions.Counts], x86: Measured) -> Table:
    rows = []
    for side, counts in counted.items():
        spent = [instructions.arm_ms(counts, rate) for rate in instructions.RATES]
        for stage, measured in x86.stages[side].items():
            rows.append((
                f"{side} px", stage, *(f"{each[stage]:.1f}" for each in spent), f"{measured:.2f}",
                *(f"{each[stage] / measured:.1f}" for each in spent),
            ))  # fmt: skip
    columns = ["video", "stage", *(f"Arm, ms at {rate:g}" for rate in instructions.RATES), "x86, ms measured"]
    columns += [f"Arm / x86 at {rate:g}" for rate in instructions.RATES]
    return Table("Processor: ms of one core a frame, by instructions a cycle", columns, rows)
