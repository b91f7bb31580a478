"""What was measured, as tables: printed, and written to ``docs/lite.md``."""

from __future__ import annotations

from pathlib import Path
from typing import List, Sequence

from rich.console import Console

from ..export.report import Table
from ..manifest import HERE
from .ascend import configuration
from .parity import AGREEMENT, DRAWS, Parity, Trial

DOCUMENT = HERE.parent / "docs" / "lite.md"
COMMAND = "python -m models_om.lite --python37 PYTHON3.7"

INTRODUCTION = f"""# MindSpore Lite: the same numbers as ONNX Runtime?

Written by `{COMMAND}`; changes made by hand are lost with the next run.

The board's MindSpore Lite is 2.0.0, for CPython 3.7. Its own converter makes each `.mindir` from the float32 ONNX file,
and it has been seen to make files, without complaint, that compute something else. So every graph is converted, loaded
and run on the CPU in both run times: on zeros, on ones, and on {DRAWS} draws of noise of standard deviation 1. Allowed
is a difference of {AGREEMENT:g} of the output's largest value. INT8 is not for MindSpore Lite on the CPU; what becomes
of such graphs is in the second table.
"""

ASCEND = """## Ascend

A MindSpore Lite with the back end for Ascend compiles a `.mindir` when it loads it, as told by a configuration file;
`python -m models_om.lite --ascend FOLDER` writes one for each network. For `sonic`:

```ini
{configuration}```

```python
context = mindspore_lite.Context()
context.target = ["ascend"]
model = mindspore_lite.Model()
model.build_from_file("sonic.fp32.mindir", mindspore_lite.ModelType.MINDIR, context, "sonic.ascend.ini")
```

That is written from the documentation of MindSpore Lite and was not run on a chip. The back end needs the libraries of
CANN's whole toolkit on the board, and a process in which it runs cannot use pyACL as well. The appliance therefore uses
MindSpore Lite on the CPU, and pyACL with `.om` files on the NPU.
"""


def tables(measured: Sequence[Parity], trials: Sequence[Trial]) -> List[Table]:
    rows = [
        (
            f"`{row.network}`", row.made, f"`{row.output}`",
            f"{row.largest:.2g}", f"{row.worst:.0e}", f"{row.mean:.0e}", "yes" if row.agrees else "**no**",
        )
        for row in measured
    ]  # fmt: skip
    columns = ("network", "file", "output", "largest value", "largest difference", "mean difference", "agrees")
    told = [(f"`{row.network}`", row.graph, row.outcome) for row in trials]
    return [Table("float32", columns, rows), Table("INT8", ("network", "graph", "on the CPU"), told)]


def write_report(measured: Sequence[Parity], trials: Sequence[Trial], document: Path = DOCUMENT) -> None:
    """Print the tables and write them. Raises OSError."""
    console = Console()
    console = console if console.is_terminal else Console(width=140)
    made = tables(measured, trials)
    for table in made:
        table.show(console)
    parts = [INTRODUCTION, *(table.markdown() for table in made), ASCEND.format(configuration=configuration("sonic"))]
    document.write_text("\n".join(parts), encoding="utf-8")
