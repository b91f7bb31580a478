"""What the comparisons found, as tables: printed, and written to ``docs/ascend_int8.md``."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, List, NamedTuple, Sequence, Tuple

from rich.console import Console

from ..export.int8 import EXACT
from ..export.report import Table
from ..manifest import HERE
from .compare import Comparison, Noise

DOCUMENT = HERE.parent / "docs" / "ascend_int8.md"
COMMAND = "python -m models_om.quantise --target ascend310"
ROLLED_BACK = 16
"""The compiler computes layers of at most so many input channels in fp16 after all."""
ARITHMETICS = {"runtime": "INT8 of ONNX Runtime", "exact": "deploy graph, exact", "half": "deploy graph, fp16"}


class End(NamedTuple):
    """What networks are for, in words, its noise by arithmetic, and the RMS it may have."""

    what: str
    noises: Dict[str, Noise]
    goal: float


INTRODUCTION = f"""# INT8 on Ascend 310

Written by `{COMMAND} --portraits FOLDER`; changes made by hand are lost with
the next run.

The compiler for Ascend 310 (ATC) does not read the INT8 files that ONNX Runtime runs. It reads a *deploy graph*: int8
weights and int32 biases, an `AscendQuant` before each INT8 layer and an `AscendDequant` after it. The command makes one
of each network, from the float32 file and the scales in `models_om/built/NAME.scales.json`: the same layers, weights
and grids as in [int8.md](int8.md), with codes from -128 instead of from 0. Without `--portraits` it only writes to
`work/ascend310`

* `NAME.deploy.onnx`, the deploy graph: `atc --framework=5 --soc_version=Ascend310 --model=NAME.deploy.onnx ...`;
* `NAME.record.txt`, the same grids as a record file of AMCT, Huawei's quantiser, which makes a deploy graph of it and
  of `models_om/built/NAME.fp32.onnx`.

onnx's checker and ONNX Runtime refuse deploy graphs. `models_om/quantise/check.py` checks each one before it is
written, and `models_om/quantise/golden.py` computes it, on the inputs that the networks get while the appliance makes
videos of portraits that speak the demo's recordings.

Two arithmetics. *Exact*: codes are `clip(round(x * scale) + offset)`, everything else is in float32. *fp16*: what the
chip does, as far as that is known: `AscendQuant` computes `x * scale + offset` in fp16, and all that is not integer is
kept in fp16. Sums of integers are the same in both, to the last bit. Signal to noise (SQNR) in dB against float32.
*Alone*: of the layer's output, before its ReLU, on the inputs that float32 gives it. *In place*: in the whole network.
"""

UNVERIFIED = f"""## What no one has seen yet

Neither the compiler nor a board was there when this was made. Open until they are:

* Whether ATC takes the graphs. Their form follows the published sources of AMCT and of the compiler's ONNX parsers.
* How the chip rounds what lies half-way between two codes, and what it does beyond the range of fp16. Here: to the even
  one; nothing in these networks gets near 65504.
* Whether padding equals the offset, so that it counts as nothing, and a layer without bias gets one. Read in the
  sources of the compiler (`offset_x`, bias optimisation), not seen.
* Which layers the compiler takes back: in those sources one of at most {ROLLED_BACK} input channels is turned back into
  fp16. Such layers are marked; the figures have them in INT8.
* How Add, Sigmoid and layers in float round within fp16, and in which order they add up. Here each result is rounded
  once, from its exact value.
* Whether AMCT accepts the record files. Their form follows its documentation and what other quantisers write for it;
  channels, height and width are those of the layer's input.
* Speed. None of the figures here says anything of it.
"""


def tables(comparisons: Sequence[Comparison], ends: Sequence[End]) -> List[Table]:
    whole = [_ends(ends)] if ends else []
    return [*whole, _outputs(comparisons), _codes(comparisons), *map(_layers, comparisons)]


def show(tables: Sequence[Table]) -> None:
    """Print the tables."""
    console = Console()
    console = console if console.is_terminal else Console(width=140)
    for table in tables:
        table.show(console)


def write(tables: Sequence[Table], document: Path = DOCUMENT) -> None:
    """Write the tables to ``document``, with what they mean and what nobody can know yet."""
    document.write_text("\n".join([INTRODUCTION, *(table.markdown() for table in tables), UNVERIFIED]))


def _ends(ends: Sequence[End]) -> Table:
    rows = []
    for end in ends:
        told = (end.noises.get(name) for name in ARITHMETICS)
        rows.append((end.what, *(f"{noise.rms:.4f}" if noise else "" for noise in told), f"{end.goal:.4f}"))
    return Table("What comes of it: RMS against float32", ("", *ARITHMETICS.values(), "goal"), rows)


def _outputs(comparisons: Sequence[Comparison]) -> Table:
    rows: List[Tuple[str, ...]] = []
    for comparison in comparisons:
        for output, noises in comparison.outputs.items():
            told = (noises.get(name) for name in ARITHMETICS)
            cells = (f"{noise.rms:.4f}, {_decibels(noise.decibels)} dB" if noise else "" for noise in told)
            rows.append((f"`{comparison.network}`", f"`{output}`", *cells))
    return Table("Outputs against float32: RMS and SQNR", ("network", "output", *ARITHMETICS.values()), rows)


def _codes(comparisons: Sequence[Comparison]) -> Table:
    rows = [
        (f"`{c.network}`", str(len(c.layers)), str(c.inputs), f"{100 * c.codes.share:.2f} %", str(c.codes.most))
        for c in comparisons
    ]
    columns = ("network", "layers in INT8", "inputs compared", "codes that fp16 changes", "by at most")
    return Table("The first step in fp16", columns, rows)


def _layers(comparison: Comparison) -> Table:
    rows = []
    for name, noise in comparison.layers.items():
        figures = (noise.exact, noise.half, noise.in_place)
        mark = "likely fp16" if noise.channels <= ROLLED_BACK else ""
        rows.append((name, str(noise.channels), *(_decibels(figure.decibels) for figure in figures), mark))
    columns = ("layer", "input channels", "alone, exact", "alone, fp16", "in place, fp16", "compiler")
    return Table(f"`{comparison.network}`", columns, rows)


def _decibels(value: float) -> str:
    return f"{value:.1f}" if value < EXACT else "exact"
