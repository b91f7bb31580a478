"""Build the whole corpus: one command, which may be killed anywhere and started again.

    python -m models_om.corpus --data DATA --work WORK [--minutes 190] [--only STAGE]

WORK/tts, WORK/tts_eval   synthetic speech with phoneme times, and that of held-out voices for the judge
WORK/measured.npz         the recorded people alone, at their own scale
WORK/corpus.npz           all sources as training pairs
WORK/portraits.npz        crops of portraits with their expression
WORK/mouths/*.npz         open and shut mouths, for the painter
WORK/corpus_report.json   the figures that the table at the end shows, and more

A stage whose inputs, code and settings are what they were is kept. Each file appears whole or not at all.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import time
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple, Tuple

from appliance.models import ModelStore

from . import check, dataset, portraits, synthesis, timing
from .engines import kokoro_voices


class Stage(NamedTuple):
    """``run`` returns figures for the report. It is left out while ``outputs`` are there and neither ``inputs`` nor
    ``code``, names of modules of the corpus, changed; without ``code`` the stage looks itself what is done."""

    run: Callable[[], Dict[str, Any]]
    inputs: Callable[[], List[Path]]
    outputs: List[Path]
    code: Tuple[str, ...]


def stages(data: Path, work: Path, minutes: float) -> Dict[str, Stage]:
    """The stages by name, in their order."""
    speech, evaluation = work / "tts", work / "tts_eval"
    measured, corpus, faces = work / "measured.npz", work / "corpus.npz", work / "portraits.npz"
    mouths = work / "mouths"

    def clips() -> List[Path]:
        return synthesis.clips(speech, minutes)

    def recorded() -> List[Path]:
        return [path for folder in ("grid", "facegood") for path in sorted((data / folder).rglob("*.*"))]

    def synthesise() -> Dict[str, Any]:
        speech.mkdir(parents=True, exist_ok=True)
        return {"clips": len(synthesis.synthesise(speech, minutes, kokoro_voices(work)))}

    def synthesise_evaluation() -> Dict[str, Any]:
        evaluation.mkdir(parents=True, exist_ok=True)
        return {"clips": len(synthesis.synthesise_evaluation(evaluation, kokoro_voices(work)))}

    def cut_mouths() -> Dict[str, Any]:
        # Here, since no other stage needs what it imports (numba).
        from .mouths.build import build

        return build(data, ModelStore(), corpus, mouths)

    return {
        "synthesis": Stage(synthesise, list, [], ()),
        "evaluation": Stage(synthesise_evaluation, list, [], ()),
        "check": Stage(lambda: check.check(clips()), clips, [], ("check", "sentences", *RULES)),
        "measured": Stage(lambda: dataset.measure(data, measured), recorded, [measured], ("grid", "facegood", "pairs")),
        "dataset": Stage(
            lambda: dataset.build(measured, clips(), corpus),
            lambda: [*clips(), measured],
            [corpus],
            ("dataset", "altered", "pairs", *RULES),
        ),
        "timing": Stage(lambda: timing.lags(corpus), lambda: [corpus], [], ("timing",)),
        "portraits": Stage(
            lambda: portraits.build(data, ModelStore(), faces),
            lambda: sorted((data / "portraits").glob("*.jpg")),
            [faces],
            ("portraits",),
        ),
        "mouths": Stage(
            cut_mouths,
            lambda: [corpus, *recorded()],
            [mouths / f"{source}.npz" for source in ("portraits", "grid", "renders")],
            tuple(f"mouths/{module}" for module in ("build", "grid", "portraits", "renders", "sample")),
        ),
    }


RULES = ("speech", "visemes", "viseme_table")


def fingerprint(stage: Stage) -> str:
    """Changes with the name, size or time of an input and with the code."""
    digest = hashlib.sha256()
    for path in stage.inputs():
        status = path.stat()
        digest.update(f"{path.name} {status.st_size} {status.st_mtime_ns}\n".encode())
    for module in stage.code:
        digest.update((Path(__file__).parent / f"{module}.py").read_bytes())
    return digest.hexdigest()


def perform(name: str, stage: Stage, report: Path) -> None:
    """Run a stage unless it is done, and put its figures into the report."""
    done = json.loads(report.read_text()) if report.exists() else {}
    key = fingerprint(stage)
    if stage.code and done.get(name, {}).get("key") == key and all(path.exists() for path in stage.outputs):
        print(f"{name}: kept", flush=True)
        return
    print(f"{name}: ...", flush=True)
    started = time.monotonic()
    figures = stage.run()
    done[name] = {"key": key, "seconds": round(time.monotonic() - started), "figures": figures}
    partial = report.with_suffix(".part")
    partial.write_text(json.dumps(done, indent=1, ensure_ascii=False))
    partial.replace(report)
    print(f"{name}: done in {done[name]['seconds']} s", flush=True)


def table(report: Dict[str, Any]) -> str:
    """What a reader wants to know of the corpus, a line a figure."""
    figures = {name: stage["figures"] for name, stage in report.items()}
    lines: List[str] = []

    def add(title: str, content: Any) -> None:
        if isinstance(content, dict):
            content = ", ".join(f"{key} {value}" for key, value in content.items())
        lines.append(f"{title:<34} {content}")

    checked, built = figures.get("check"), figures.get("dataset")
    if checked:
        covered = checked["coverage"]
        add("synthetic speech, minutes", covered["minutes by language"])
        add("voices", len(covered["minutes by voice"]))
        for name, figure in checked["labels"].items():
            add(f"labels late, {name}", f"{figure['lag ms']:+.1f} ms over {figure['stops']} stops")
        for name, figure in checked["visible"].items():
            add(f"curves, {name}", figure)
        add(
            "Mandarin syllables, with tone",
            f"{covered['mandarin syllables']}, {covered['mandarin syllables with tone']}",
        )
        add("missing", " ".join(covered["mandarin syllables missing"]) or "none")
        for name, counts in covered["mandarin"].items():
            add(f"Mandarin {name}", counts)
        add("English phonemes", covered["phonemes"].get("english", {}))
    if built:
        for name in ("minutes", "minutes altered", "minutes by split", "lip-gap spread as measured",
                     "lip-gap spread in the corpus", "lip gap while silent"):  # fmt: skip
            add(name, built[name])
    for name, figure in figures.get("timing", {}).items():
        add(f"frames late, {name}", figure)
    if "mouths" in figures:
        add("mouths", figures["mouths"])
    if "portraits" in figures:
        add("portraits", figures["portraits"]["portraits"])
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path("work"))
    parser.add_argument("--minutes", type=float, default=190.0, help="synthetic speech")
    parser.add_argument("--only", choices=list(stages(Path(), Path(), 0)), help="run a single stage")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    if hasattr(os, "nice"):
        os.nice(5)
    report = arguments.work / "corpus_report.json"
    for name, stage in stages(arguments.data, arguments.work, arguments.minutes).items():
        if arguments.only in (None, name):
            perform(name, stage, report)
    print(table(json.loads(report.read_text())))


if __name__ == "__main__":
    main()
