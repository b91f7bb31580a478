"""Judge the networks on people, voices and recordings that training never saw.

    python -m models_om.judge --data ../shared/data --work work [--previous 016c910] [--out report] [--only grid]

prints one table (Markdown where it is piped) and writes report.html, summary.png, figures.json and figures.md into OUT:
every figure for the previous weights, the new ones and a plain baseline, with curves and frames. DATA is the folder of
`models_om/README.md`; WORK holds corpus.npz and tts_eval/.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import List, Optional, Sequence, Tuple

from rich.console import Console

from appliance.errors import SonicError

from ..manifest import HERE
from . import report, table, weights
from .bench import Bench
from .sections import SECTIONS, judge_section
from .subjects import BASELINE, NEW, PREVIOUS, Baseline, Networks, Subject

TITLE = "The Sonic networks, judged"


def main(arguments: Optional[Sequence[str]] = None) -> None:
    options = parse(arguments)
    errors = Console(stderr=True)
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        tts_eval = options.tts_eval or options.work / "tts_eval"
        with Bench(options.data, options.work, tts_eval, scratch) as bench:
            subjects, facts = make_subjects(options, bench, scratch)
            sections = [
                judge_section(name, subjects, bench, lambda line: errors.print(f"[dim]{line}[/]"))
                for name in options.only or SECTIONS
            ]
    rows = [row for section in sections for row in section.table]
    facts.append(f"{time.monotonic() - started:.0f} s in all.")
    report.write(options.out, TITLE, facts, sections)
    figures = [{"column": c, **dataclasses.asdict(f)} for row in rows for c, f in row.figures.items()]
    (options.out / "figures.json").write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n")
    (options.out / "figures.md").write_text(table.markdown(rows))
    if options.json:
        print(json.dumps(figures, ensure_ascii=False))
    elif options.markdown or not sys.stdout.isatty():
        print(table.markdown(rows))
    else:
        table.print_rich(rows, Console())
    errors.print(f"{table.summary(rows)}. Report: {options.out / 'report.html'}")


def parse(arguments: Optional[Sequence[str]]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m models_om.judge", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path("work"))
    parser.add_argument("--tts-eval", type=Path, help="unseen synthetic voices with times; default WORK/tts_eval")
    parser.add_argument("--networks", type=Path, default=HERE, help="folder like models_om to judge; default: this one")
    parser.add_argument("--previous", help="weights to compare with: a folder like models_om, or a git revision")
    parser.add_argument("--out", type=Path, default=Path("reports/judge"))
    parser.add_argument("--only", action="append", choices=SECTIONS, metavar="SECTION", help=", ".join(SECTIONS))
    parser.add_argument("--runtime", default="onnx", choices=("onnx", "mindspore_lite"))
    parser.add_argument("--precision", choices=("int8", "fp32"), help="default: int8 where it is built")
    parser.add_argument("--markdown", action="store_true", help="print Markdown, as when piped")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    return parser.parse_args(arguments)


def make_subjects(options: argparse.Namespace, bench: Bench, scratch: Path) -> Tuple[List[Subject], List[str]]:
    """The columns of the table, and a line on each."""
    new = weights.current(options.networks, scratch)
    networks = Networks(NEW, new, bench, options.runtime, options.precision)
    subjects: List[Subject] = [networks]
    facts = [f"{NEW}: the weights of {options.networks.name}/, run by {options.runtime}, {networks.precision}."]
    if options.previous:
        before = weights.earlier(options.previous, scratch)
        try:
            subjects.append(Networks(PREVIOUS, before, bench, options.runtime, options.precision))
            facts.append(f"{PREVIOUS}: the weights of {options.previous}, run by today's code.")
        except SonicError as error:
            facts.append(f"{PREVIOUS}: the weights of {options.previous} cannot be run by today's code: {error}")
    subjects.append(Baseline(new, bench))
    facts.append(
        f"{BASELINE}: ridge regression of the motion on 13 frames of 40 mel bands, without silence gate, learnt from "
        "the training part of the same source; the mouth is painted without a network."
    )
    return subjects, facts


if __name__ == "__main__":
    main()
